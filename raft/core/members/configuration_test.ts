/**
 * Tests of the quorums of configurations.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Configuration, type Member } from "./configuration.ts";

const member = (id: number): Member => ({ id, incarnation: "", peer: "", client: "" });
const members = (ids: readonly number[]) => ids.map(member);

/** A configuration by the numbers of its members. */
function configuration(
  voters: readonly number[],
  outgoing: readonly number[] = [],
  learners: readonly number[] = [],
): Configuration {
  return new Configuration({
    voters: members(voters),
    outgoing: members(outgoing),
    learners: members(learners),
  });
}

const quorum = (config: Configuration, ids: readonly number[]) =>
  config.hasQuorum((id) => ids.includes(id));

Deno.test("Configuration needs more than half of its voters, also in even sizes", () => {
  for (let size = 1; size <= 8; size++) {
    const ids = Array.from({ length: size }, (_, place) => place + 1);
    for (let count = 0; count <= size; count++) {
      assertEquals(quorum(configuration(ids), ids.slice(0, count)), 2 * count > size);
    }
  }
});

Deno.test("Configuration without voters decides nothing", () => {
  assertEquals(quorum(configuration([]), [1, 2, 3]), false);
  assertEquals(quorum(configuration([], [], [1]), [1]), false);
  assertEquals(configuration([]).quorumValue(() => 7), 0);
});

Deno.test("Configuration counts neither learners nor servers that it does not know", () => {
  const config = configuration([1, 2, 3], [], [4, 5]);
  assertEquals(quorum(config, [1, 4, 5, 6]), false);
  assertEquals(quorum(config, [1, 3]), true);
  assertEquals([1, 4, 6].map((id) => config.isVoter(id)), [true, false, false]);
});

Deno.test("Configuration in a change needs a majority of the old and of the new voters", () => {
  const config = configuration([1, 4, 5], [1, 2, 3]);
  assertEquals([quorum(config, [1, 4, 5]), quorum(config, [1, 2, 3])], [false, false]);
  assertEquals([quorum(config, [1, 2, 4]), quorum(config, [2, 3, 4, 5])], [true, true]);
  assertEquals([1, 2, 4].every((id) => config.isVoter(id)), true);
  assertEquals([config.isJoint, configuration([1]).isJoint], [true, false]);
});

Deno.test("quorumValue is the highest value that a quorum has reached", () => {
  for (
    const values of [[4], [1, 2], [3, 1, 2], [9, 0, 0, 9], [5, 1, 4, 2, 3], [7, 7, 7, 0, 0, 0]]
  ) {
    const ids = values.map((_, place) => place + 1);
    const reached = (value: number) => values.filter((other) => other >= value).length;
    const expected = Math.max(...values.filter((value) => 2 * reached(value) > values.length));
    assertEquals(configuration(ids).quorumValue((id) => values[id - 1]!), expected, values.join());
  }
  const joint = configuration([1, 4, 5], [1, 2, 3]);
  const values = [0, 9, 8, 3, 5, 4];
  assertEquals(joint.quorumValue((id) => values[id]!), 5);
});

Deno.test("Configuration knows every member once, as the change has it", () => {
  const moved = { ...member(2), peer: "new:1" };
  const config = new Configuration({
    voters: [member(1)],
    outgoing: members([1, 2, 3]),
    learners: [moved],
  });
  assertEquals([...config.all].map(({ id }) => id).sort(), [1, 2, 3]);
  assertEquals([config.member(2), config.member(4)], [moved, undefined]);
});
