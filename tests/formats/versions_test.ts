/**
 * Tests of what two sides agree on in their hellos.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { agree, agreed } from "../../net/wire/hello.ts";

const OWN = { lowest: 3, highest: 5, features: 0b0110 };

Deno.test("agree chooses the highest version that both speak, and the features that both have", () => {
  const cases = [[3, 3], [3, 5], [5, 9], [1, 4], [3, 4]].map(([lowest, highest]) =>
    agree([lowest, highest, 0b0011], OWN)
  );
  assertEquals(cases.map((found) => "version" in found ? found.version : null), [3, 5, 5, 4, 4]);
  for (const found of cases) assertEquals("features" in found ? found.features : null, 0b0010);
});

Deno.test("agree refuses versions without a common one, and names both ranges", () => {
  for (const [lowest, highest] of [[1, 2], [6, 9]]) {
    const detail = `wanted protocol version 3 to 5, got ${lowest} to ${highest}`;
    assertEquals(agree([lowest, highest, 0], OWN), { refusal: "wrongVersion", detail });
  }
  for (const offer of [[5, 3, 0], [3, 5, -1], ["3", 5, 0], [3], []]) {
    assertEquals("refusal" in agree(offer, OWN), true, `${offer}`);
  }
});

Deno.test("agreed refuses a version that was not offered", () => {
  assertEquals(agreed([4, 0b0100], OWN), { version: 4, features: 0b0100 });
  assertEquals("refusal" in agreed([6, 0], OWN), true);
});
