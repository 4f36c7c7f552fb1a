/**
 * Lab 3A: leaders are elected and replaced, and no term has two (section 8 of the lab's tests). No
 * commands are submitted.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Scenario } from "../cluster/mod.ts";
import { ELECTION_ALLOWANCE_MS, type LabGroup, labScenario } from "../lab/mod.ts";

/** Section 8.1. For a term that changes without a failure the lab only warns. */
async function initialElection(group: LabGroup): Promise<void> {
  await group.checkOneLeader();
  await group.sleep(50);
  const term = await group.checkTerms();
  assert(term >= 1, `Expected a term of at least 1, got ${term}`);
  await group.sleep(2 * ELECTION_ALLOWANCE_MS);
  await group.checkTerms();
  await group.checkOneLeader();
}

/** Section 8.2. */
async function reElection(group: LabGroup): Promise<void> {
  const first = await group.checkOneLeader();
  await group.disconnect(first);
  await group.checkOneLeader();

  // The old leader must step down: checkOneLeader fails on two leaders in one term.
  await group.connect(first);
  const second = await group.checkOneLeader();

  const other = (second + 1) % group.count;
  await group.disconnect(second);
  await group.disconnect(other);
  await group.sleep(2 * ELECTION_ALLOWANCE_MS);
  await group.checkNoLeader();

  await group.connect(other);
  await group.checkOneLeader();
  await group.connect(second);
  await group.checkOneLeader();
}

/** Section 8.3. */
async function manyElections(group: LabGroup): Promise<void> {
  await group.checkOneLeader();
  for (let round = 1; round < 10; round++) {
    const cut = [group.below(7), group.below(7), group.below(7)];
    for (const server of cut) await group.disconnect(server);
    await group.checkOneLeader();
    for (const server of cut) await group.connect(server);
  }
  await group.checkOneLeader();
}

/** The scenarios of lab 3A, in the lab's order. */
export const electionScenarios: readonly Scenario[] = [
  labScenario({
    name: "TestInitialElection3A",
    part: "3A",
    title: "Test (3A): initial election",
    nodes: 3,
    body: initialElection,
  }),
  labScenario({
    name: "TestReElection3A",
    part: "3A",
    title: "Test (3A): election after network failure",
    nodes: 3,
    body: reElection,
  }),
  labScenario({
    name: "TestManyElections3A",
    part: "3A",
    title: "Test (3A): multiple elections",
    nodes: 7,
    body: manyElections,
  }),
];
