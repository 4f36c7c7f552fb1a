/**
 * The imports of source files, as Deno's own parser sees them.
 *
 * @module
 */

import type { SourceFile } from "./project_files.ts";

/** How a file leads to another. */
export type ImportKind =
  | "static"
  /** Loaded when the line runs, also into a worker. */
  | "dynamic"
  /** The file is only named, as a program to run or a file to read. */
  | "named";

/** One file that leads to another one of ours. */
export interface Import {
  readonly path: string;
  readonly line: number;
  /** The path of the other file. */
  readonly target: string;
  readonly kind: ImportKind;
}

interface Found {
  readonly specifier: string;
  readonly kind: ImportKind;
}

/** The string that a node is, if it is one. */
function stringOf(node: Deno.lint.Node | null | undefined): string | null {
  return node?.type === "Literal" && typeof node.value === "string" ? node.value : null;
}

/** A plugin for `Deno.lint.runPlugin` that reports every import. */
const plugin: Deno.lint.Plugin = {
  name: "imports",
  rules: {
    all: {
      create(context) {
        const report = (node: Deno.lint.Node, source: unknown, kind: ImportKind): void => {
          const specifier = stringOf(source as Deno.lint.Node | null);
          if (specifier === null) return;
          context.report({ node, message: JSON.stringify({ specifier, kind } satisfies Found) });
        };
        const isInWorker = (node: Deno.lint.Node): boolean => {
          const { callee } = (node as { parent?: unknown }).parent as {
            callee?: { name?: string };
          };
          return callee?.name === "Worker";
        };
        return {
          ImportDeclaration: (node) => report(node, node.source, "static"),
          ExportAllDeclaration: (node) => report(node, node.source, "static"),
          ExportNamedDeclaration: (node) => report(node, node.source, "static"),
          ImportExpression: (node) => report(node, node.source, "dynamic"),
          TSImportType: (node) =>
            report(node, (node.argument as Deno.lint.TSLiteralType).literal, "dynamic"),
          NewExpression(node) {
            if (node.callee.type !== "Identifier" || node.callee.name !== "URL") return;
            report(node, node.arguments[0], isInWorker(node) ? "dynamic" : "named");
          },
          CallExpression(node) {
            if (context.sourceCode.getText(node.callee) !== "import.meta.resolve") return;
            report(node, node.arguments[0], isInWorker(node) ? "dynamic" : "named");
          },
        };
      },
    },
  },
};

/** The number of the line on which this place is. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Every import of one of our source files by another. */
export function importsOf(files: readonly SourceFile[]): Import[] {
  return files.flatMap(({ path, text }) =>
    Deno.lint.runPlugin(plugin, path, text).flatMap(({ message, range: [start] }) => {
      const { specifier, kind } = JSON.parse(message) as Found;
      const isOurs = specifier.startsWith(".") && specifier.endsWith(".ts");
      if (!isOurs) return [];
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      return [{ path, line: lineAt(text, start), target, kind }];
    })
  );
}
