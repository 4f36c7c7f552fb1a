/**
 * The codes of rules (`E9`, `D4`) in code and documents, compared with the page that explains them.
 *
 * @module
 */

import { lineAt } from "./imports.ts";
import type { SourceFile } from "./project_files.ts";

/** The page with one entry a rule. */
export const RULES_PAGE = "docs/rules.md";

const CODE = /(?<![\w§/-])[CDEGHIKLMNOPRSTWX](?:1[0-3]|[1-9])(?!\w)/g;
const ENTRY = /^- \*\*([A-Z]\d+)\*\* /gm;

/** Codes without an entry, entries without a code, and entries that stand twice: `path:line: why`. */
export function checkRules(page: string, files: readonly SourceFile[]): string[] {
  const entries = new Map<string, number>();
  const problems: string[] = [];
  for (const match of page.matchAll(ENTRY)) {
    const line = lineAt(page, match.index);
    if (entries.has(match[1]!)) problems.push(`${RULES_PAGE}:${line}: ${match[1]} stands twice`);
    entries.set(match[1]!, line);
  }
  const cited = new Set<string>();
  for (const { path, text } of files) {
    for (const { 0: code, index } of text.matchAll(CODE)) {
      if (!entries.has(code)) {
        problems.push(`${path}:${lineAt(text, index)}: ${code} has no entry in ${RULES_PAGE}`);
      }
      cited.add(code);
    }
  }
  const idle = [...entries].filter(([code]) => !cited.has(code));
  return [
    ...problems,
    ...idle.map(([code, line]) => `${RULES_PAGE}:${line}: nothing cites ${code}: take it out`),
  ];
}
