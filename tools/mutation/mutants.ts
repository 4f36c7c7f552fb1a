/**
 * The mechanical mutants of a source file: small changes that somebody might make by mistake. It is
 * a plugin of `deno lint`, because that is where Deno offers a parser: it reports each mutant as one
 * diagnostic, whose message holds the change.
 *
 * Not here: mutants of assertions. An invariant that holds never fires, so weakening one cannot be
 * noticed; `deno task canary` shows that each fires when it is broken.
 *
 * @module
 */

/** A change of one place of a file. */
export interface Edit {
  /** Where the text that is replaced begins and ends, in characters. */
  readonly from: number;
  readonly to: number;
  /** What stands there instead. */
  readonly text: string;
}

/** What the rules need to know of a node of the syntax tree. */
interface Node {
  readonly type: string;
  readonly range: readonly [number, number];
  readonly parent?: Node | null;
}

interface Call extends Node {
  readonly callee: Node & { readonly name?: string };
}

/** Each bound and its neighbour. */
const SHIFTED: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
const NEGATED: Readonly<Record<string, string>> = { "===": "!==", "!==": "===" };
const SWAPPED: Readonly<Record<string, string>> = { "&&": "||", "||": "&&" };

/** Calls that only assert. */
const ASSERTIONS: readonly string[] = ["invariant"];

/** Whether the node is a statement that only asserts, or a part of one. */
function isAsserted(node: Node): boolean {
  const { expression } = node as { readonly expression?: Node };
  let at: Node | null | undefined = node.type === "ExpressionStatement" ? expression! : node;
  while (at && at.type !== "BlockStatement") {
    const { name } = at.type === "CallExpression" ? (at as Call).callee : { name: undefined };
    if (name !== undefined && ASSERTIONS.includes(name)) return true;
    at = at.parent;
  }
  return false;
}

/** Whether a call of the function gives nothing, so that it may return anywhere. */
function givesNothing(type: string): boolean {
  return /^:\s*(?:void|Promise<void>|Generator<void, void, \w+>)$/.test(type);
}

/** Reports the mutants of one file. */
function visitor(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const text = (node: Node): string => context.sourceCode.text.slice(...node.range);
  const replace = (node: Node, replacement: string): void => {
    if (isAsserted(node)) return;
    const [from, to] = node.range;
    const message = JSON.stringify({ from, to, text: replacement } satisfies Edit);
    context.report({ range: [from, to], message });
  };
  const negate = ({ test }: { readonly test: Node | null }): void => {
    if (test !== null) replace(test, `!(${text(test)})`);
  };
  const returnAtOnce = ({ returnType, body }: {
    readonly returnType?: Node | null | undefined;
    readonly body: (Node & { readonly body: readonly Node[] }) | null;
  }): void => {
    // A body of one statement: deleting the statement is the same.
    if (body === null || body.body.length < 2 || !returnType) return;
    if (!givesNothing(text(returnType))) return;
    const first = body.body[0]!;
    replace(first, `return; ${text(first)}`);
  };
  return {
    ExpressionStatement(node) {
      replace(node, ";");
    },
    ThrowStatement(node) {
      replace(node, ";");
    },
    IfStatement: negate,
    ConditionalExpression: negate,
    WhileStatement: negate,
    DoWhileStatement: negate,
    BinaryExpression(node) {
      const left = text(node.left);
      const right = text(node.right);
      const shifted = SHIFTED[node.operator];
      if (shifted !== undefined) replace(node, `${left} ${shifted} ${right}`);
      const isStep = node.operator === "+" || node.operator === "-";
      if (isStep && right === "1") replace(node, left);
      const negated = NEGATED[node.operator];
      const { test } = node.parent as { readonly test?: Node };
      const isTest = test !== undefined && text(test) === text(node);
      if (negated !== undefined && !isTest) replace(node, `${left} ${negated} ${right}`);
    },
    LogicalExpression(node) {
      const swapped = SWAPPED[node.operator];
      if (swapped === undefined) return;
      replace(node, `((${text(node.left)}) ${swapped} (${text(node.right)}))`);
    },
    FunctionDeclaration: returnAtOnce,
    FunctionExpression: returnAtOnce,
  };
}

/** For `deno lint` and `Deno.lint.runPlugin`. */
const plugin: Deno.lint.Plugin = {
  name: "mutants",
  rules: { all: { create: visitor } },
};

export default plugin;
