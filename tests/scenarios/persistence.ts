/**
 * Lab 3C: acknowledged state survives crashes, on networks that lose, delay and reorder (section 10
 * of the lab's tests). Where the edition of 2024 differs, both editions are here; the part of the
 * older scenarios is `3C-2024`.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Scenario } from "../cluster/mod.ts";
import { ELECTION_ALLOWANCE_MS, type LabGroup, type LabScenario, labScenario } from "../lab/mod.ts";

const FIGURE_ROUNDS = 1_000;
const REORDERING_FROM = 200;

function after(group: LabGroup, server: number, step: number): number {
  return (server + step) % group.count;
}

/** Section 10.1. */
async function persist1(group: LabGroup): Promise<void> {
  await group.agree(group.count, 11);
  await group.crashAll();
  await group.startAll();
  await group.agree(group.count, 12);

  const first = await group.checkOneLeader();
  await group.crash(first);
  await group.restart(first);
  await group.agree(group.count, 13);

  const second = await group.checkOneLeader();
  await group.crash(second);
  await group.agree(group.count - 1, 14);
  await group.restart(second);
  await group.wait(4, { servers: group.count, term: null });

  const third = after(group, await group.checkOneLeader(), 1);
  await group.crash(third);
  await group.agree(group.count - 1, 15);
  await group.restart(third);
  await group.agree(group.count, 16);
}

/** Section 10.1 as in 2024: a server is cut off, keeps running, and crashes once it is replaced. */
async function persist1Of2024(group: LabGroup): Promise<void> {
  const replace = async (server: number) => {
    await group.crash(server);
    await group.restart(server);
  };
  await group.agree(group.count, 11);
  for (const server of group.servers) await replace(server);
  await group.agree(group.count, 12);

  const first = await group.checkOneLeader();
  await group.disconnect(first);
  await replace(first);
  await group.agree(group.count, 13);

  const second = await group.checkOneLeader();
  await group.disconnect(second);
  await group.agree(group.count - 1, 14);
  await replace(second);
  await group.wait(4, { servers: group.count, term: null });

  const third = after(group, await group.checkOneLeader(), 1);
  await group.disconnect(third);
  await group.agree(group.count - 1, 15);
  await replace(third);
  await group.agree(group.count, 16);
}

/** Section 10.2: only the server that has the last committed entry may win. */
async function persist2(group: LabGroup): Promise<void> {
  let value = 10;
  for (let round = 0; round < 5; round++) {
    await group.agree(group.count, ++value);
    const leader = await group.checkOneLeader();
    for (const step of [1, 2]) await group.crash(after(group, leader, step));
    await group.agree(group.count - 2, ++value);
    for (const step of [0, 3, 4]) await group.crash(after(group, leader, step));

    for (const step of [1, 2]) await group.restart(after(group, leader, step));
    await group.sleep(ELECTION_ALLOWANCE_MS);
    await group.restart(after(group, leader, 3));
    await group.agree(group.count - 2, ++value);
    for (const step of [4, 0]) await group.restart(after(group, leader, step));
  }
  await group.agree(group.count, 1000);
}

/** Section 10.2 as in 2024: the old leader and one follower are cut off instead of crashed. */
async function persist2Of2024(group: LabGroup): Promise<void> {
  let value = 10;
  for (let round = 0; round < 5; round++) {
    await group.agree(group.count, ++value);
    const leader = await group.checkOneLeader();
    for (const step of [1, 2]) await group.disconnect(after(group, leader, step));
    await group.agree(group.count - 2, ++value);
    for (const step of [0, 3, 4]) await group.disconnect(after(group, leader, step));

    for (const step of [1, 2]) {
      await group.crash(after(group, leader, step));
      await group.restart(after(group, leader, step));
    }
    await group.sleep(ELECTION_ALLOWANCE_MS);
    await group.crash(after(group, leader, 3));
    await group.restart(after(group, leader, 3));
    await group.agree(group.count - 2, ++value);
    for (const step of [4, 0]) await group.connect(after(group, leader, step));
  }
  await group.agree(group.count, 1000);
}

/** Section 10.3. */
async function persist3(group: LabGroup): Promise<void> {
  await group.agree(3, 101);
  const leader = await group.checkOneLeader();
  await group.disconnect(after(group, leader, 2));
  await group.agree(2, 102);

  await group.crash(leader);
  await group.crash(after(group, leader, 1));
  await group.connect(after(group, leader, 2));
  await group.restart(leader);
  await group.agree(2, 103);
  await group.restart(after(group, leader, 1));
  await group.agree(group.count, 104);
}

/** Sleeps a few milliseconds, one time in ten up to half a second (sections 10.4 and 10.6). */
async function figurePause(group: LabGroup): Promise<void> {
  const pauseMs = group.chance(0.1) ? group.below(ELECTION_ALLOWANCE_MS / 2) : group.below(13);
  await group.sleep(pauseMs);
}

/** Section 10.4: leaders crash with partly replicated entries of many terms. */
async function figure8(group: LabGroup): Promise<void> {
  await group.agree(1);
  let up = group.count;
  for (let round = 0; round < FIGURE_ROUNDS; round++) {
    const accepted = await group.startEverywhere(group.fresh());
    await figurePause(group);
    if (accepted !== null) {
      await group.crash(accepted.leader);
      up--;
    }
    if (up >= 3) continue;
    const server = group.below(group.count);
    if (group.isRunning(server)) continue;
    await group.restart(server);
    up++;
  }
  for (const server of group.servers) {
    if (!group.isRunning(server)) await group.restart(server);
  }
  await group.agree(group.count);
}

/** Section 10.5. */
async function unreliableAgree(group: LabGroup): Promise<void> {
  const outcomes: (() => Promise<number>)[] = [];
  for (let round = 1; round < 50; round++) {
    for (let thread = 0; thread < 4; thread++) {
      outcomes.push(group.background(() => group.agree(1, 100 * round + thread)));
    }
    await group.agree(1, round);
  }
  await group.setReliable(true);
  for (const outcome of outcomes) await outcome();
  await group.agree(group.count, 100);
}

/** Section 10.6: the last agreement must succeed in ten seconds on a still unreliable network. */
async function figure8Unreliable(group: LabGroup): Promise<void> {
  await group.agree(1);
  let up = group.count;
  for (let round = 0; round < FIGURE_ROUNDS; round++) {
    if (round === REORDERING_FROM) await group.setLongReordering(true);
    const command = group.fresh();
    let leader: number | null = null;
    for (const server of group.servers) {
      const accepted = await group.start(server, command);
      if (accepted !== null && group.isConnected(server)) leader = server;
    }
    await figurePause(group);
    if (leader !== null && group.chance(0.5)) {
      await group.disconnect(leader);
      up--;
    }
    if (up >= 3) continue;
    const server = group.below(group.count);
    if (group.isConnected(server)) continue;
    await group.connect(server);
    up++;
  }
  await group.connectAll();
  await group.agree(group.count);
}

/** One client of section 10.7; returns the commands that it knows to be committed. */
async function churnClient(
  group: LabGroup,
  { me, stopped }: { readonly me: number; readonly stopped: () => boolean },
): Promise<readonly string[]> {
  const known: string[] = [];
  while (!stopped()) {
    const command = group.fresh();
    const accepted = await group.startEverywhere(command);
    if (accepted === null) {
      await group.sleep(79 + 17 * me);
      continue;
    }
    for (const pauseMs of [10, 20, 50, 100, 200]) {
      const found = await group.committed(accepted.index);
      if (found.command === null) {
        await group.sleep(pauseMs);
        continue;
      }
      if (String(found.command) === String(command)) known.push(String(command));
      break;
    }
  }
  return known;
}

async function churnStep(group: LabGroup): Promise<void> {
  if (group.chance(0.2)) await group.disconnect(group.below(group.count));
  if (group.chance(0.5)) {
    const server = group.below(group.count);
    if (!group.isRunning(server)) await group.restart(server);
    await group.connect(server);
  }
  if (group.chance(0.2)) {
    const server = group.below(group.count);
    if (group.isRunning(server)) await group.crash(server);
  }
  await group.sleep(700);
}

/** Section 10.7: servers crash and return under load; no command known as committed is lost. */
async function churn(group: LabGroup): Promise<void> {
  let stop = false;
  const clients = [0, 1, 2].map((me) =>
    group.background(() => churnClient(group, { me, stopped: () => stop }))
  );
  for (let round = 0; round < 20; round++) await churnStep(group);

  await group.sleep(ELECTION_ALLOWANCE_MS);
  await group.setReliable(true);
  for (const server of group.servers) {
    if (!group.isRunning(server)) await group.restart(server);
    await group.connect(server);
  }
  stop = true;
  const known: string[] = [];
  for (const client of clients) known.push(...await client());
  await group.sleep(ELECTION_ALLOWANCE_MS);

  const last = await group.agree(group.count);
  const found = new Set<string>();
  for (let index = 1; index <= last; index++) {
    found.add(String(await group.wait(index, { servers: group.count, term: null })));
  }
  for (const command of known) {
    assert(found.has(command), `A committed command was lost: bytes ${command}`);
  }
}

type Part = Omit<LabScenario, "name" | "title" | "part">;

function scenario(name: string, title: string, part: Part): Scenario {
  return labScenario({ name: `${name}3C`, title: `Test (3C): ${title}`, part: "3C", ...part });
}

function scenarioOf2024(name: string, title: string, part: Part): Scenario {
  return labScenario({
    name: `${name}3C-2024`,
    title: `Test (3C): ${title}, 2024`,
    part: "3C-2024",
    edition: "2024",
    ...part,
  });
}

/** The scenarios of lab 3C, in the lab's order. */
export const persistenceScenarios: readonly Scenario[] = [
  scenario("TestPersist1", "basic persistence", { nodes: 3, body: persist1 }),
  scenario("TestPersist2", "more persistence", { nodes: 5, body: persist2 }),
  scenario(
    "TestPersist3",
    "partitioned leader and one follower crash, leader restarts",
    { nodes: 3, body: persist3 },
  ),
  scenario("TestFigure8", "Figure 8", { nodes: 5, body: figure8 }),
  scenario("TestUnreliableAgree", "unreliable agreement", {
    nodes: 5,
    network: "unreliable",
    body: unreliableAgree,
  }),
  scenario("TestFigure8Unreliable", "Figure 8 (unreliable)", {
    nodes: 5,
    network: "unreliable",
    body: figure8Unreliable,
  }),
  scenario("TestReliableChurn", "churn", { nodes: 5, body: churn }),
  scenario("TestUnreliableChurn", "unreliable churn", {
    nodes: 5,
    network: "unreliable",
    body: churn,
  }),
  scenarioOf2024("TestPersist1", "basic persistence", { nodes: 3, body: persist1Of2024 }),
  scenarioOf2024("TestPersist2", "more persistence", { nodes: 5, body: persist2Of2024 }),
  scenarioOf2024("TestReliableChurn", "churn", { nodes: 5, body: churn }),
  scenarioOf2024("TestUnreliableChurn", "unreliable churn", {
    nodes: 5,
    network: "unreliable",
    body: churn,
  }),
];
