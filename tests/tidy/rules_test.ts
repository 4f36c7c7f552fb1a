/**
 * Every rule that the code names by its code is explained in docs/rules.md, and the other way round.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { projectFiles } from "./project_files.ts";
import { checkRules, RULES_PAGE } from "./rules.ts";

const PAGE = "# Rules\n\n- **E1** Votes are saved.\n- **L10** Commit is learned.\n";

Deno.test("every rule that is cited is explained, and every explained rule is cited", () => {
  const texts = projectFiles([".ts", ".md", ".txt"]).filter(({ path }) => path !== RULES_PAGE);
  const page = Deno.readTextFileSync(new URL(`../../${RULES_PAGE}`, import.meta.url));
  assertEquals(checkRules(page, texts), []);
});

Deno.test("checkRules names the line of a code without an entry", () => {
  const files = [{ path: "a.ts", text: "// (E1)\n// (L10; X8)\n" }];
  assertEquals(checkRules(PAGE, files), ["a.ts:2: X8 has no entry in docs/rules.md"]);
});

Deno.test("checkRules names the line of an entry that nothing cites, or that stands twice", () => {
  const files = [{ path: "a.ts", text: "// E1\n" }];
  assertEquals(checkRules(PAGE, files), ["docs/rules.md:4: nothing cites L10: take it out"]);
  assertEquals(checkRules(`${PAGE}- **E1** Again.\n`, [{ path: "a.ts", text: "E1 L10" }]), [
    "docs/rules.md:5: E1 stands twice",
  ]);
});

Deno.test("checkRules passes over sections, names and numbers of other kinds", () => {
  const text = "§5.4 E1 L10 EXDEV L100 xS3 E1E SHA-E2";
  assertEquals(checkRules(PAGE, [{ path: "a.ts", text }]), []);
});
