/**
 * Tests of the plans of changes: the steps from any members to the wanted ones.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { checkChange, type Member, type Members, type TargetMembers } from "../../raft/core/mod.ts";
import { added, membersAfter, type Plan, promoted, replaced, without } from "./member_change.ts";

const member = (id: number, incarnation = `a${id}`): Member => {
  return { id, incarnation, peer: `h:${id}`, client: "" };
};

function members(voters: readonly Member[], learners: readonly Member[] = []): Members {
  return { voters, outgoing: [], learners };
}

/** Every step of a plan, each of which the core must allow after the one before. */
function steps(now: Members, plan: Plan): string[] {
  const target = plan(now);
  if (target === null) return [];
  checkChange(now, target);
  return [textOf(target), ...steps({ ...target, outgoing: [] }, plan)];
}

function textOf({ voters, learners }: TargetMembers): string {
  const names = (list: readonly Member[]) =>
    list.map(({ id, incarnation }) => `${id}${incarnation[0]}`);
  return [...names(voters), "|", ...names(learners)].join(" ");
}

const THREE = members([member(1), member(2), member(3)]);
const FRESH = member(2, "b2");

Deno.test("a member that is added learns first, and stays a learner if it is to", () => {
  const four = member(4);
  assertEquals(steps(THREE, (now) => added(now, four, false)), [
    "1a 2a 3a | 4a",
    "1a 2a 3a 4a |",
  ]);
  assertEquals(steps(THREE, (now) => added(now, four, true)), ["1a 2a 3a | 4a"]);
  assertEquals(steps(promotedAll(THREE, four), (now) => added(now, four, false)), []);
});

function promotedAll(now: Members, fresh: Member): Members {
  return { ...promoted({ ...now, learners: [fresh] }, fresh.id), outgoing: [] };
}

Deno.test("a member with a new number takes the place of a lost one in one step of the voters", () => {
  const four = member(4);
  const plan = (now: Members) => replaced(now, 2, four);
  const all = ["1a 2a 3a | 4a", "1a 3a 4a |"];
  assertEquals(steps(THREE, plan), all);
  assertEquals(steps(members(THREE.voters, [four]), plan), all.slice(1));
});

Deno.test("a member with the same number takes its own place after its old folder has left", () => {
  const plan = (now: Members) => replaced(now, 2, FRESH);
  const all = ["1a 3a |", "1a 3a | 2b", "1a 3a 2b |"];
  assertEquals(steps(THREE, plan), all);
  // From wherever an interrupted change stopped, it goes on.
  assertEquals(steps(members([member(1), member(3)]), plan), all.slice(1));
  assertEquals(steps(members([member(1), member(3)], [FRESH]), plan), all.slice(2));
  assertEquals(steps(members([member(1), member(3), FRESH]), plan), []);
});

Deno.test("a learner is replaced as a voter is", () => {
  const now = members([member(1), member(3)], [member(2)]);
  assertEquals(steps(now, (each) => replaced(each, 2, FRESH)), [
    "1a 3a |",
    "1a 3a | 2b",
    "1a 3a 2b |",
  ]);
});

Deno.test("membersAfter tells where all steps lead", () => {
  const after = membersAfter(THREE, (now) => replaced(now, 2, FRESH));
  assertEquals(textOf(after), "1a 3a 2b |");
  assert(textOf(without(THREE, 1)) === "2a 3a |");
});
