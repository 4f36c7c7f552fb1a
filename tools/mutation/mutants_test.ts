/**
 * Which mutants a piece of source has.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import plugin, { type Edit } from "./mutants.ts";

/** The mutated sources. */
function mutate(source: string): string[] {
  return Deno.lint.runPlugin(plugin, "a.ts", source).map(({ message }) => {
    const { from, to, text } = JSON.parse(message) as Edit;
    return source.slice(0, from) + text + source.slice(to);
  }).sort();
}

Deno.test("a statement is deleted, and a throw", () => {
  assertEquals(mutate("count += 1;"), [";"]);
  assertEquals(mutate("const a = 1; f(a); throw a;"), [
    "const a = 1; ; throw a;",
    "const a = 1; f(a); ;",
  ]);
});

Deno.test("a condition is negated", () => {
  assertEquals(mutate("if (a) { const b = 1; }"), ["if (!(a)) { const b = 1; }"]);
  assertEquals(mutate("while (a) { }"), ["while (!(a)) { }"]);
  assertEquals(mutate("const x = a ? b : c;"), ["const x = !(a) ? b : c;"]);
  assertEquals(mutate("const x = a === b;"), ["const x = a !== b;"]);
  assertEquals(mutate("const x = a !== b ? c : d;"), ["const x = !(a !== b) ? c : d;"]);
});

Deno.test("a bound is shifted, and a step of one dropped", () => {
  const cases = [["<", "<="], ["<=", "<"], [">", ">="], [">=", ">"]] as const;
  for (const [bound, shifted] of cases) {
    assertEquals(mutate(`const x = a ${bound} b;`), [`const x = a ${shifted} b;`]);
  }
  assertEquals(mutate("const x = a + 1;"), ["const x = a;"]);
  assertEquals(mutate("const x = f(a) - 1;"), ["const x = f(a);"]);
  assertEquals(mutate("const x = a + 2;"), []);
});

Deno.test("and and or are swapped, without changing what belongs together", () => {
  assertEquals(mutate("const x = a && b || c;"), [
    "const x = ((a && b) && (c));",
    "const x = ((a) || (b)) || c;",
  ]);
  assertEquals(mutate("const x = a ?? b;"), []);
});

Deno.test("a function that gives nothing returns at once", () => {
  const body = "{ const a = 1; const b = a; }";
  const early = "{ return; const a = 1; const b = a; }";
  for (const type of ["void", "Promise<void>"]) {
    assertEquals(mutate(`function f(): ${type} ${body}`), [`function f(): ${type} ${early}`]);
    assertEquals(mutate(`class A { f(): ${type} ${body} }`), [`class A { f(): ${type} ${early} }`]);
  }
  assertEquals(mutate(`function f(): number ${body}`), []);
});

Deno.test("an assertion has no mutants, what stands beside it has", () => {
  assertEquals(mutate("invariant(a < b + 1, `${a === b}`); f();"), [
    "invariant(a < b + 1, `${a === b}`); ;",
  ]);
});

Deno.test("places are counted in characters of the source, also behind rare ones", () => {
  assertEquals(mutate('const x = "§ 🚣 é"; f();'), ['const x = "§ 🚣 é"; ;']);
});
