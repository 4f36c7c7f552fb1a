/**
 * Lab 3B: servers agree on commands, quickly and with few messages, also while followers or leaders
 * fail (section 9 of the lab's tests). The network is reliable in all scenarios.
 *
 * @module
 */

import { assert, AssertionError } from "@std/assert";
import type { Index, Term } from "../../raft/mod.ts";
import {
  decodeNumber,
  encodeNumber,
  encodeText,
  isSameBytes,
  type Scenario,
} from "../cluster/mod.ts";
import { ELECTION_ALLOWANCE_MS, type LabGroup, labScenario } from "../lab/mod.ts";

const ATTEMPTS = 5;
const ATTEMPT_PAUSE_MS = 3_000;
const TEXT_LENGTH = 5_000;
const BACKLOG = 50;

/** Agreement of `expected` servers on a number, submitted only once. */
function once(group: LabGroup, value: number, expected: number): Promise<Index> {
  return group.one(encodeNumber(value), { expected, retry: false });
}

async function mustStart(group: LabGroup, server: number, value: number): Promise<Index> {
  const accepted = await group.start(server, encodeNumber(value));
  assert(accepted !== null, `Leader ${server} rejected ${value}`);
  return accepted.index;
}

/** Section 9.1: the first command gets index 1, so a new leader must not append a no-op. */
async function basicAgree(group: LabGroup): Promise<void> {
  for (let index = 1; index <= 3; index++) {
    await group.checkNoAgreement(index);
    const got = await once(group, index * 100, group.count);
    assert(got === index, `Got index ${got} but expected ${index}`);
  }
}

function randomText(group: LabGroup): Uint8Array {
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  const text = Array.from({ length: TEXT_LENGTH }, () => letters[group.below(letters.length)]);
  return encodeText(text.join(""));
}

/** Section 9.2: every command is sent to each follower about once. */
async function rpcBytes(group: LabGroup): Promise<void> {
  await once(group, 99, group.count);
  const before = (await group.traffic()).bytes;
  let sent = 0;
  for (let index = 2; index < 12; index++) {
    const text = randomText(group);
    const got = await group.one(text, { expected: group.count, retry: false });
    assert(got === index, `Got index ${got} but expected ${index}`);
    sent += text.length;
  }
  const bytes = (await group.traffic()).bytes - before;
  const bytesMax = group.count * sent + 50_000;
  assert(bytes <= bytesMax, `Too many RPC bytes: got ${bytes}, expected at most ${bytesMax}`);
}

/** Section 9.3. */
async function followerFailure(group: LabGroup): Promise<void> {
  await once(group, 101, group.count);
  const first = await group.checkOneLeader();
  await group.disconnect((first + 1) % group.count);
  await once(group, 102, group.count - 1);
  await group.sleep(ELECTION_ALLOWANCE_MS);
  await once(group, 103, group.count - 1);

  const second = await group.checkOneLeader();
  await group.disconnect((second + 1) % group.count);
  await group.disconnect((second + 2) % group.count);
  const index = await mustStart(group, second, 104);
  assert(index === 4, `Expected index 4, got ${index}`);
  await group.sleep(2 * ELECTION_ALLOWANCE_MS);
  await group.checkNoAgreement(index);
}

/** Section 9.4: a server that accepts a command after the leader was cut off must commit it. */
async function leaderFailure(group: LabGroup): Promise<void> {
  await once(group, 101, group.count);
  const first = await group.checkOneLeader();
  await group.disconnect(first);
  await once(group, 102, group.count - 1);
  await group.sleep(ELECTION_ALLOWANCE_MS);
  await once(group, 103, group.count - 1);

  const second = await group.checkOneLeader();
  await group.disconnect(second);
  for (const server of group.servers) await group.start(server, encodeNumber(104));
  await group.sleep(2 * ELECTION_ALLOWANCE_MS);
  await group.checkNoAgreement(4);
}

/** Section 9.5. */
async function failAgree(group: LabGroup): Promise<void> {
  await once(group, 101, group.count);
  const leader = await group.checkOneLeader();
  const follower = (leader + 1) % group.count;
  await group.disconnect(follower);
  await once(group, 102, group.count - 1);
  await once(group, 103, group.count - 1);
  await group.sleep(ELECTION_ALLOWANCE_MS);
  await once(group, 104, group.count - 1);
  await once(group, 105, group.count - 1);

  await group.connect(follower);
  await group.agree(group.count, 106);
  await group.sleep(ELECTION_ALLOWANCE_MS);
  await group.agree(group.count, 107);
}

/** Section 9.6. */
async function failNoAgree(group: LabGroup): Promise<void> {
  await once(group, 10, group.count);
  const leader = await group.checkOneLeader();
  const lost = [1, 2, 3].map((step) => (leader + step) % group.count);
  for (const server of lost) await group.disconnect(server);
  const index = await mustStart(group, leader, 20);
  assert(index === 2, `Expected index 2, got ${index}`);
  await group.sleep(2 * ELECTION_ALLOWANCE_MS);
  await group.checkNoAgreement(index);

  // The three may have elected a leader, which overwrites index 2.
  for (const server of lost) await group.connect(server);
  const next = await group.checkOneLeader();
  const again = await mustStart(group, next, 30);
  assert(again >= 2 && again <= 3, `Expected index 2 or 3, got ${again}`);
  await group.agree(group.count, 1000);
}

/** One attempt at section 9.7; false when the term changed in the meantime. */
async function concurrentStartsOnce(group: LabGroup): Promise<boolean> {
  const leader = await group.checkOneLeader();
  const first = await group.start(leader, encodeNumber(1));
  if (first === null) return false;
  const { term } = first;

  const values = [100, 101, 102, 103, 104];
  const started = await Promise.all(
    values.map((value) => group.start(leader, encodeNumber(value))),
  );
  if (!await allInTerm(group, term)) return false;
  const found: (number | null)[] = [];
  for (const accepted of started) {
    if (accepted === null || accepted.term !== term) continue;
    const command = await group.wait(accepted.index, { servers: group.count, term });
    if (command === null) return false;
    found.push(decodeNumber(command));
  }
  for (const value of values) {
    assert(found.includes(value), `Command ${value} is missing among ${found}`);
  }
  return true;
}

/** Makes up to five attempts at a check that is valid only while the term does not change. */
async function inOneTerm(
  group: LabGroup,
  attempt: () => Promise<boolean>,
): Promise<void> {
  for (let count = 0; count < ATTEMPTS; count++) {
    if (count > 0) await group.sleep(ATTEMPT_PAUSE_MS);
    if (await attempt()) return;
  }
  throw new AssertionError("The term changed too often");
}

/** Section 9.8: entries that a cut-off leader appended never commit. */
async function rejoin(group: LabGroup): Promise<void> {
  await group.agree(group.count, 101);
  const first = await group.checkOneLeader();
  await group.disconnect(first);
  for (const value of [102, 103, 104]) await group.start(first, encodeNumber(value));

  await group.agree(2, 103);
  const second = await group.checkOneLeader();
  await group.disconnect(second);
  await group.connect(first);

  await group.agree(2, 104);
  await group.connect(second);
  await group.agree(group.count, 105);
}

/** Section 9.9: repairing dozens of conflicting entries takes less than a round trip for each. */
async function backUp(group: LabGroup): Promise<void> {
  const submit = async (leader: number) => {
    for (let count = 0; count < BACKLOG; count++) await group.start(leader, group.fresh());
    await group.sleep(ELECTION_ALLOWANCE_MS / 2);
  };
  await group.agree(group.count);
  const first = await group.checkOneLeader();
  const [beside, ...others] = [1, 2, 3, 4].map((step) => (first + step) % group.count);
  assert(beside !== undefined && others[0] !== undefined, "This scenario needs five servers");
  for (const server of others) await group.disconnect(server);
  await submit(first);
  for (const server of [first, beside]) await group.disconnect(server);

  for (const server of others) await group.connect(server);
  for (let count = 0; count < BACKLOG; count++) await group.agree(3);
  const second = await group.checkOneLeader();
  const third = others[0] === second ? (second + 1) % group.count : others[0];
  await group.disconnect(third);
  await submit(second);

  for (const server of group.servers) await group.disconnect(server);
  for (const server of [first, beside, third]) await group.connect(server);
  for (let count = 0; count < BACKLOG; count++) await group.agree(3);

  await group.connectAll();
  await group.agree(group.count);
}

const COUNTED_COMMANDS = 10;

/** One attempt at step 2 of section 9.10; false when the term changed in the meantime. */
async function countOnce(group: LabGroup): Promise<boolean> {
  const leader = await group.checkOneLeader();
  const before = await group.incoming();
  const first = await group.start(leader, encodeNumber(1));
  if (first === null) return false;
  const commands: Uint8Array[] = [];
  for (let step = 1; step <= COUNTED_COMMANDS + 1; step++) {
    const command = encodeNumber(group.below(2 ** 31));
    const accepted = await group.start(leader, command);
    if (accepted === null || accepted.term !== first.term) return false;
    const wanted = first.index + step;
    assert(accepted.index === wanted, `Got index ${accepted.index}, expected ${wanted}`);
    commands.push(command);
  }
  for (const [at, command] of commands.slice(0, COUNTED_COMMANDS).entries()) {
    const index = first.index + 1 + at;
    const got = await group.wait(index, { servers: group.count, term: first.term });
    if (got === null) return false;
    assert(isSameBytes(got, command), `A wrong value was committed at index ${index}`);
  }
  if (!await allInTerm(group, first.term)) return false;
  const requests = await group.incoming() - before;
  const requestsMax = (COUNTED_COMMANDS + 1 + 3) * 3;
  assert(
    requests <= requestsMax,
    `Too many RPCs (${requests}) for ${COUNTED_COMMANDS} entries, expected at most ${requestsMax}`,
  );
  return true;
}

async function allInTerm(group: LabGroup, term: Term): Promise<boolean> {
  for (const server of group.servers) {
    if ((await group.state(server))?.term !== term) return false;
  }
  return true;
}

/** Section 9.10. */
async function count(group: LabGroup): Promise<void> {
  await group.checkOneLeader();
  const electing = await group.incoming();
  assert(
    electing >= 1 && electing <= 30,
    `Expected 1 to 30 RPCs to elect the first leader, got ${electing}`,
  );
  await inOneTerm(group, () => countOnce(group));
  const before = await group.incoming();
  await group.sleep(ELECTION_ALLOWANCE_MS);
  const idle = await group.incoming() - before;
  const idleMax = 3 * 20;
  assert(idle <= idleMax, `Too many RPCs (${idle}) in an idle second, expected at most ${idleMax}`);
}

function scenario(
  name: string,
  title: string,
  { nodes, body }: { readonly nodes: number; readonly body: (group: LabGroup) => Promise<void> },
): Scenario {
  return labScenario({ name: `${name}3B`, part: "3B", title: `Test (3B): ${title}`, nodes, body });
}

/** The scenarios of lab 3B, in the lab's order. */
export const agreementScenarios: readonly Scenario[] = [
  scenario("TestBasicAgree", "basic agreement", { nodes: 3, body: basicAgree }),
  scenario("TestRPCBytes", "RPC byte count", { nodes: 3, body: rpcBytes }),
  scenario("TestFollowerFailure", "test progressive failure of followers", {
    nodes: 3,
    body: followerFailure,
  }),
  scenario("TestLeaderFailure", "test failure of leaders", { nodes: 3, body: leaderFailure }),
  scenario("TestFailAgree", "agreement after follower reconnects", { nodes: 3, body: failAgree }),
  scenario("TestFailNoAgree", "no agreement if too many followers disconnect", {
    nodes: 5,
    body: failNoAgree,
  }),
  scenario("TestConcurrentStarts", "concurrent Start()s", {
    nodes: 3,
    body: (group) => inOneTerm(group, () => concurrentStartsOnce(group)),
  }),
  scenario("TestRejoin", "rejoin of partitioned leader", { nodes: 3, body: rejoin }),
  scenario("TestBackup", "leader backs up quickly over incorrect follower logs", {
    nodes: 5,
    body: backUp,
  }),
  scenario("TestCount", "RPC counts aren't too high", { nodes: 3, body: count }),
];
