/**
 * Tests of the steps of a change: quorums of each meet those of the next.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkTarget, entered, left } from "./change.ts";
import { Configuration, type Member, type Members } from "./configuration.ts";

const member = (id: number): Member => ({ id, incarnation: "", peer: "", client: "" });
const stable = (voters: readonly number[], learners: readonly number[] = []): Members => ({
  voters: voters.map(member),
  outgoing: [],
  learners: learners.map(member),
});
const IDS = [1, 2, 3, 4];
const subsets = Array.from({ length: 16 }, (_, bits) => IDS.filter((id) => bits & (1 << (id - 1))));

/** Whether a quorum of one configuration and a quorum of the other may have no member in common. */
function mayPart(one: Members, other: Members): boolean {
  return subsets.some((ids) =>
    new Configuration(one).hasQuorum((id) => ids.includes(id)) &&
    new Configuration(other).hasQuorum((id) => !ids.includes(id))
  );
}

Deno.test("a change from any voters to any others passes configurations whose quorums meet", () => {
  for (const from of subsets.filter((ids) => ids.length > 0)) {
    for (const to of subsets.filter((ids) => ids.length > 0)) {
      const before = stable(from);
      const first = entered(before, stable(to));
      assert(!mayPart(before, first), `${from} → ${to} enters`);
      assert(!mayPart(first, left(first)), `${from} → ${to} leaves`);
      assertEquals(left(first), stable(to));
    }
  }
});

Deno.test("a change of learners or addresses alone takes one step", () => {
  const before = stable([1, 2, 3], [4]);
  const moved = [{ ...member(3), peer: "new:1" }, member(1), member(2)];
  const target = { voters: moved, learners: [] };
  assertEquals(entered(before, target), { voters: moved, outgoing: [], learners: [] });
});

Deno.test("a target without voters, with an id twice or out of range is refused", () => {
  const refused = (voters: readonly Member[], learners: readonly Member[] = []) =>
    assertThrows(() => checkTarget({ voters, learners }), RangeError, "Cannot use members").message;
  assertEquals(refused([]), "Cannot use members: wanted at least one voter, got none");
  assertEquals(
    refused([member(1)], [member(1)]),
    "Cannot use members: wanted each id once, got 1, 1",
  );
  for (const id of [0, -1, 1.5, 2 ** 32]) refused([member(id)]);
  refused([{ ...member(1), peer: "x".repeat(301) }]);
  refused(Array.from({ length: 101 }, (_, place) => member(place + 1)));
  checkTarget(stable([1, 2], [3]));
});
