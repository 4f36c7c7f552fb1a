/**
 * Lab 4A: submits to the replicated state machine (section 13 of the lab's tests), and the snapshot
 * test of its folder. The machine is a counter; commands go to it directly, without a clerk.
 *
 * @module
 */

import { assert, AssertionError } from "@std/assert";
import type { Outcome } from "../../raft/mod.ts";
import { decodeCounter, FORBIDDEN, INCREMENT, NOTHING, type Scenario } from "../cluster/mod.ts";
import { type Service, serviceScenario } from "../lab/mod.ts";

const submitMs = 10_000;
const fruitlessMs = 50;
const releaseMs = 1_000;
const shutdownMs = 11_000;
const waitPolls = 30;
const concurrentIncrements = 50;
const concurrentSubmits = 100;
const increments = 100;
const logBytesMax = 1000;
const empty = new Uint8Array(0);

/** The lab's helpers around submit, which remember the leader. */
class Submitter {
  readonly #service: Service;
  /** The server that replied last. */
  leader = 0;

  constructor(service: Service) {
    this.#service = service;
  }

  /** Submits for at most 10 s, to the given servers or to all connected ones. */
  async submit(command: Uint8Array, part?: readonly number[]): Promise<Uint8Array | null> {
    const { group } = this.#service;
    const begin = group.now();
    while (group.now() - begin < submitMs) {
      for (let step = 0; step < group.count; step++) {
        const server = (this.leader + step) % group.count;
        if (!group.isConnected(server) || (part && !part.includes(server))) continue;
        const outcome = await this.submitTo(server, command);
        if (outcome?.kind !== "done") continue;
        this.leader = server;
        return outcome.reply;
      }
      await group.sleep(fruitlessMs);
    }
    return null;
  }

  submitTo(server: number, command: Uint8Array): Promise<Outcome | null> {
    const id = this.#service.cluster.ids[server];
    assert(id !== undefined, `No server ${server}`);
    return this.#service.cluster.execute(id, command);
  }

  /** Increments, which must succeed, and returns the new value. */
  async increment(part?: readonly number[]): Promise<number> {
    const reply = await this.submit(INCREMENT, part);
    assert(reply !== null, "An increment was not executed within 10 s");
    return decodeCounter(reply);
  }

  /** Waits until the given number of servers have exactly this value. */
  async checkCounter(value: number, servers: number): Promise<void> {
    const { cluster, group } = this.#service;
    let values: (number | null)[] = [];
    let pauseMs = 10;
    for (let poll = 0; poll < waitPolls; poll++) {
      const replies = await Promise.all(cluster.ids.map((id) => cluster.peek(id, empty)));
      values = replies.map((reply) => reply && decodeCounter(reply));
      if (values.filter((other) => other === value).length >= servers) return;
      await group.sleep(pauseMs);
      if (pauseMs < 1000) pauseMs *= 2;
    }
    throw new AssertionError(`Wanted ${value} on ${servers} servers, got ${values.join(", ")}`);
  }
}

async function basic(service: Service): Promise<void> {
  const submitter = new Submitter(service);
  for (let value = 1; value <= 10; value++) await incrementTo(submitter, { value, servers: 3 });
}

async function incrementTo(
  submitter: Submitter,
  { value, servers }: { readonly value: number; readonly servers: number },
): Promise<void> {
  const got = await submitter.increment();
  assert(got === value, `An increment gave ${got}, wanted ${value}`);
  await submitter.checkCounter(value, servers);
}

/** A submit wrongly reported as not executed would be repeated and count twice. */
async function concurrent(service: Service): Promise<void> {
  const submitter = new Submitter(service);
  const all = Array.from({ length: concurrentIncrements }, () => submitter.increment());
  await Promise.all(all);
  await submitter.checkCounter(concurrentIncrements, 3);
}

async function leaderFailure(service: Service): Promise<void> {
  const submitter = new Submitter(service);
  await submitter.checkCounter(await submitter.increment(), 3);
  const old = submitter.leader;
  await service.group.disconnect(old);
  const value = await submitter.increment();
  await submitter.checkCounter(value, 2);
  await service.group.connect(old);
  await submitter.checkCounter(value, 3);
}

/** A cut-off leader's submits wait; they all end as soon as it learns of the new term. */
async function leaderPartition(service: Service): Promise<void> {
  const { group } = service;
  const submitter = new Submitter(service);
  await submitter.checkCounter(await submitter.increment(), 3);
  const old = submitter.leader;
  const majority = group.servers.filter((server) => server !== old);
  await group.partition(majority, [old]);
  let returned = 0;
  const submits = Array.from({ length: concurrentSubmits }, async () => {
    const outcome = await submitter.submitTo(old, FORBIDDEN);
    returned++;
    assert(outcome?.kind !== "done", "A leader without a majority executed a command");
  });
  const all = group.background(() => Promise.all(submits));
  await group.sleep(10);
  const value = await submitter.increment(majority);
  await group.sleep(1000);
  assert(returned < concurrentSubmits, "Every submit to the lonely leader has returned");
  await group.connect(old);
  const begin = group.now();
  while (returned < concurrentSubmits && group.now() - begin < releaseMs) await group.sleep(20);
  assert(
    returned === concurrentSubmits,
    `${concurrentSubmits - returned} submits still wait 1 s after the partition ended`,
  );
  await all();
  await submitter.checkCounter(value, 3);
}

async function incrementAndRestart(service: Service): Promise<Submitter> {
  const { group } = service;
  const submitter = new Submitter(service);
  for (let value = 1; value <= increments; value++) {
    await incrementTo(submitter, { value, servers: 3 });
  }
  await group.crashAll();
  await group.sleep(1000);
  await group.startAll();
  const value = await submitter.increment();
  assert(value === increments + 1, `After the restart got ${value}, wanted ${increments + 1}`);
  await group.sleep(1000);
  return submitter;
}

async function restartReplay(service: Service): Promise<void> {
  const submitter = await incrementAndRestart(service);
  await submitter.checkCounter(increments + 1, 3);
}

/** Each of many submits in progress must end when all servers go down. */
async function submitAndCrash(service: Service, submitter: Submitter): Promise<void> {
  const { group } = service;
  let left = concurrentSubmits;
  const submits = Array.from({ length: concurrentSubmits }, async () => {
    await submitter.submit(NOTHING);
    left--;
  });
  const all = group.background(() => Promise.all(submits));
  await group.sleep(20);
  await group.crashAll();
  const begin = group.now();
  while (left > 0 && group.now() - begin < shutdownMs) await group.sleep(50);
  assert(left === 0, `${left} submits did not end within 11 s`);
  await all();
}

/** The lab shuts down before an election, with no submit in progress; here there is a leader. */
async function shutdown(service: Service): Promise<void> {
  const submitter = new Submitter(service);
  await submitter.increment();
  await submitAndCrash(service, submitter);
}

/** Replayed entries belong to submits before the restart: no submit may get their results. */
async function restartSubmit(service: Service): Promise<void> {
  const submitter = await incrementAndRestart(service);
  await submitAndCrash(service, submitter);
  await service.group.startAll();
  await submitter.checkCounter(await submitter.increment(), 3);
}

async function snapshot(service: Service): Promise<void> {
  const { group } = service;
  const submitter = new Submitter(service);
  for (let count = 0; count < increments; count++) await submitter.increment();
  await submitter.checkCounter(increments, 3);
  const bytes = await group.logBytesMax();
  assert(bytes <= 2 * logBytesMax, `The log has ${bytes} bytes, wanted at most 2000`);
  await group.crashAll();
  await group.startAll();
  await submitter.increment();
  await submitter.checkCounter(increments + 1, 3);
}

function counterScenario(
  name: string,
  title: string,
  body: (service: Service) => Promise<void>,
): Scenario {
  return serviceScenario({ name, part: "4A", title, nodes: 3, machine: "counter", body });
}

/** Section 13, in the lab's order. */
export const rsmScenarios: readonly Scenario[] = [
  counterScenario("TestBasic4A", "Test RSM basic", basic),
  counterScenario("TestConcurrent4A", "Test concurrent submit", concurrent),
  counterScenario("TestLeaderFailure4A", "Test Leader Failure", leaderFailure),
  counterScenario("TestLeaderPartition4A", "Test Leader Partition", leaderPartition),
  counterScenario("TestRestartReplay4A", "Test Restart", restartReplay),
  counterScenario("TestShutdown4A", "Test Shutdown", shutdown),
  counterScenario("TestRestartSubmit4A", "Test Restart and submit", restartSubmit),
  serviceScenario({
    name: "TestSnapshot4C",
    part: "4A",
    title: "Test creating and restoring snapshot",
    nodes: 3,
    machine: "counter-snapshots",
    body: snapshot,
  }),
];
