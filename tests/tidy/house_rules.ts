/**
 * The house rules that concern one file at a time, as a plugin of `deno lint` (see `lint.plugins` in
 * `deno.json`).
 *
 * @module
 */

type Context = Deno.lint.RuleContext;
type Visitor = Deno.lint.LintVisitor;

const ROOT = new URL("../../", import.meta.url).pathname.replace(/^\/(?=[A-Z]:)/, "");
const FUNCTION_LINES = 70;
const PACKAGES = /^@std\/(?:assert|cli|log|msgpack|path)(?:\/[a-z-]+)?$/;

/** Folders and files that may touch the world. */
const ADAPTERS =
  /^(?:net|cli|tests|tools)\/|^raft\/(?:storage\/(?:deno_files|format\/draw_id)|system_clock)\.ts$/;
const WORLD_MODULES = /^node:(?!(?:assert|buffer|util|zlib)$)/;

/** What only adapters may touch: globals, and members of globals. */
const WORLD: Readonly<Record<string, string>> = {
  Deno: "the system",
  setTimeout: "a timer",
  setInterval: "a timer",
  setImmediate: "a timer",
  Date: "the time",
  performance: "the time",
  "Math.random": "chance",
  crypto: "chance",
  console: "the console",
  fetch: "the network",
  WebSocket: "the network",
  Worker: "another thread",
};

/** Where messages and what is stored are described. */
const WIRE_FILES = [
  "raft/core/model/types.ts",
  "raft/message.ts",
  "kv/command/request.ts",
  "kv/command/reply.ts",
  "net/wire/codec.ts",
];

/** The path from the root of the project, with forward slashes. */
function pathOf({ filename }: Context): string {
  const path = filename.replaceAll("\\", "/");
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path;
}

/** Whether the file is a test, a benchmark or a tool. */
export function isTest(path: string): boolean {
  return /^(?:tests|tools)\//.test(path) || /_(?:test|bench)\.ts$/.test(path);
}

function checkModuleComment(context: Context): Visitor {
  return {
    Program(node) {
      const comment = /^(?:#!.*\n)?\/\*\*[\s\S]*?\*\//.exec(context.sourceCode.text)?.[0] ?? "";
      if (/@module(?:\n| \*\/)/.test(comment)) return;
      const message = "wanted a comment with @module at the top, got none";
      context.report({ range: [node.range[0], node.range[0] + 1], message });
    },
  };
}

/** Words that promise work, and comments that switch a check off for more than one line. */
function checkMarks(context: Context): Visitor {
  const marks = new RegExp(
    `\\b(?:${"TO"}DO|${"FIX"}ME|${"XX"}X)\\b|deno-lint-ignore-${"file"}|@ts-${"(?:nocheck|ignore)"}`,
    "g",
  );
  return {
    Program() {
      for (const { 0: mark, index } of context.sourceCode.text.matchAll(marks)) {
        context.report({
          range: [index, index + mark.length],
          message: `wanted none, got ${mark}`,
        });
      }
    },
  };
}

/** A test may be left out on some systems, with the reason behind it on the same line. */
function checkLeftOut(context: Context): Visitor {
  const { text } = context.sourceCode;
  return {
    "MemberExpression[object.property.name='test'][property.name=/^(?:only|ignore)$/]"(node) {
      context.report({ node, message: "wanted every test to run" });
    },
    "Property[key.name='only'][value.value=true]"(node) {
      context.report({ node, message: "wanted every test to run" });
    },
    "ObjectExpression > Property[key.name='ignore']"(node: Deno.lint.Property) {
      const line = text.slice(node.range[0]).split("\n", 1)[0]!;
      if (/\/\/ ?\w/.test(line)) return;
      context.report({ node, message: "wanted the reason behind it on the same line" });
    },
  };
}

function checkAdapters(context: Context): Visitor {
  const path = pathOf(context);
  if (isTest(path) || ADAPTERS.test(path)) return {};
  const refuse = (node: Deno.lint.Node, name: string): void => {
    const what = WORLD[name];
    if (what === undefined) return;
    context.report({ node, message: `${name} is ${what}, which only adapters touch` });
  };
  return {
    MemberExpression(node) {
      const object = context.sourceCode.getText(node.object);
      refuse(node, object);
      refuse(node, `${object}.${context.sourceCode.getText(node.property)}`);
    },
    CallExpression: ({ callee }) => refuse(callee, context.sourceCode.getText(callee)),
    NewExpression: ({ callee }) => refuse(callee, context.sourceCode.getText(callee)),
    ImportDeclaration(node) {
      if (!WORLD_MODULES.test(node.source.value)) return;
      context.report({ node, message: `${node.source.value} is for adapters` });
    },
  };
}

function checkPackages(context: Context): Visitor {
  const path = pathOf(context);
  const refuse = (node: { readonly source: Deno.lint.StringLiteral | null }): void => {
    if (node.source === null) return;
    const { value } = node.source;
    if (value.startsWith(".") || value.startsWith("node:")) return;
    if (!PACKAGES.test(value)) {
      const message = `wanted one of the five std packages, got ${value}`;
      context.report({ node: node.source, message });
    } else if (value.startsWith("@std/assert") && !isTest(path)) {
      context.report({ node: node.source, message: `${value} is for tests` });
    }
  };
  return {
    ImportDeclaration: refuse,
    ExportNamedDeclaration: refuse,
    ExportAllDeclaration: refuse,
  };
}

function checkFunctionLength(context: Context): Visitor {
  const check = ({ body }: { readonly body: Deno.lint.Node | null }): void => {
    if (body?.type !== "BlockStatement") return;
    const lines = context.sourceCode.getText(body).split("\n").length;
    if (lines <= FUNCTION_LINES) return;
    const message = `wanted at most ${FUNCTION_LINES} lines, got ${lines}`;
    context.report({ range: [body.range[0], body.range[0] + 1], message });
  };
  return {
    FunctionDeclaration: check,
    FunctionExpression: check,
    ArrowFunctionExpression: check,
  };
}

/** A missing value on the wire is `null`: what is left out in one version means nothing later. */
function checkWireTypes(context: Context): Visitor {
  if (!WIRE_FILES.includes(pathOf(context))) return {};
  const refuse = (node: Deno.lint.Node): void =>
    context.report({ node, message: "wanted null for what is missing" });
  return {
    "TSPropertySignature[optional=true]": refuse,
    "TSInterfaceDeclaration TSUndefinedKeyword": refuse,
    "TSTypeAliasDeclaration TSUndefinedKeyword": refuse,
  };
}

/** A cast by way of `unknown` hides what no longer fits. */
function checkCasts(context: Context): Visitor {
  if (isTest(pathOf(context))) return {};
  return {
    TSAsExpression(node) {
      const { expression } = node;
      if (expression.type !== "TSAsExpression") return;
      if (expression.typeAnnotation.type !== "TSUnknownKeyword") return;
      context.report({ node, message: "wanted a type that fits, got a cast by way of unknown" });
    },
  };
}

/** For `deno lint` and `Deno.lint.runPlugin`. */
const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    "module-comment": { create: checkModuleComment },
    "no-marks": { create: checkMarks },
    "no-test-left-out": { create: checkLeftOut },
    "adapters-only": { create: checkAdapters },
    "packages": { create: checkPackages },
    "function-length": { create: checkFunctionLength },
    "casts": { create: checkCasts },
    "wire-types": { create: checkWireTypes },
  },
};

export default plugin;
