/**
 * The tables of checks and operations in `docs/protocol.md`, held to the rows they come from. With
 * `-- --rewrite` the tables are written anew.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { CHECKS, OPERATIONS } from "../../kv/command/mod.ts";

const PAGE = new URL("../../docs/protocol.md", import.meta.url);

/** Fields as the page shows them. */
function shown(fields: Readonly<Record<string, { readonly layout: string }>>): string {
  return Object.entries(fields).map(([name, { layout }]) => `${name}: ${layout}`).join("; ");
}

const WANTED: Readonly<Record<string, readonly string[]>> = {
  check: Object.entries(CHECKS).map(([name, { code, field, meaning }]) => {
    const fields = ["key: length (`u16`), key", ...field === null ? [] : [field.layout]];
    return `| ${name} | ${code} | ${fields.join("; ")} | ${meaning} |`;
  }),
  operation: Object.entries(OPERATIONS).map(([name, { code, fields, later, result, meaning }]) => {
    const codes = later === undefined ? `${code}` : `${code}, ${later.code}`;
    const more = later === undefined ? "" : `; with code ${later.code} also ${shown(later.fields)}`;
    return `| ${name} | ${codes} | ${shown(fields)}${more} | ${shown(result)} | ${meaning} |`;
  }),
};

/** Where the rows of the table begin whose first heading is this word, and where they end. */
function findRows(lines: readonly string[], heading: string): readonly [number, number] {
  const head = lines.findIndex((line) => new RegExp(`^\\| ${heading} +\\| code`).test(line));
  assert(head >= 0, `docs/protocol.md has no table of each ${heading}`);
  const length = lines.slice(head).findIndex((line) => !line.startsWith("|"));
  return [head + 2, head + length];
}

Deno.test("docs/protocol.md shows every check and operation as it is", () => {
  let lines = Deno.readTextFileSync(PAGE).split("\n");
  for (const [heading, wanted] of Object.entries(WANTED)) {
    const [first, end] = findRows(lines, heading);
    if (Deno.args.includes("--rewrite")) {
      lines = [...lines.slice(0, first), ...wanted, ...lines.slice(end)];
      Deno.writeTextFileSync(PAGE, lines.join("\n"));
      continue;
    }
    assertEquals(lines.slice(first, end).map((line) => line.replaceAll(/ +/g, " ")), wanted);
  }
});
