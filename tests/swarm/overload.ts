/**
 * More clients than a server can answer, in virtual time: the shipped clerk, server, replicated
 * machine and store, around one processor that takes a fixed time for each request it reads and for
 * each command it replicates. What a client sent stays in the server's socket until the processor
 * has read it, also when the client has given up.
 *
 * @module
 */

import { Clerk, KvServer, KvStore } from "../../kv/mod.ts";
import { type Entry, type Position, type ReplicatedLog, Rsm, type Status } from "../../raft/mod.ts";
import { SeededRandom, VirtualClock } from "../sim/mod.ts";

/** The time to read a request, and to refuse it. */
const READ_MS = 0.2;
/** Everything else that a put costs: with the reading, 500 of them fill a second. */
const PUT_MS = 1.8;
/** From a client to the server and back. */
const HOP_MS = 0.5;
/** As much as the processor does in a fifth of a second. */
const IN_LOG_MAX = 100;
const LEADER = 1;
const STILL = { steady: 0, wall: 0 };
const VALUE = new Uint8Array(256);

/** The answers to the clients of one run. */
export interface OverloadResult {
  /** Puts a second that were stored, and known to be, after the first quarter of the run. */
  readonly goodput: number;
  /** Requests that the server read. */
  readonly requests: number;
  /** Commands that entered the log. */
  readonly proposed: number;
  /** The number of puts by their results. */
  readonly results: Readonly<Record<string, number>>;
}

/** The number of clients, and the duration. */
export interface OverloadOptions {
  readonly seed: number;
  readonly clerks: number;
  readonly seconds: number;
  /** The time that a client waits for one put before it goes on to the next. */
  readonly timeoutMs: number;
}

/** Does one thing at a time, in the order of arrival. */
class Processor {
  readonly #clock: VirtualClock;
  #freeAt = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  run(costMs: number, work: () => void): void {
    this.#freeAt = Math.max(this.#freeAt, this.#clock.now()) + costMs;
    this.#clock.after(this.#freeAt - this.#clock.now(), work);
  }
}

/** A log that commits whatever it takes, as fast as the processor allows: one batch at a time. */
class BusyLog implements ReplicatedLog {
  hasRoom = true;
  readonly #processor: Processor;
  #pending: Entry[] = [];
  #isBusy = false;
  index = 0;
  apply: (entries: readonly Entry[]) => void = () => {};

  constructor(processor: Processor) {
    this.#processor = processor;
  }

  propose(command: Uint8Array): Position {
    const position = { index: ++this.index, term: 1 };
    this.#pending.push({ ...position, times: STILL, kind: "command", data: command });
    if (!this.#isBusy) this.#processor.run(0, () => this.#commit());
    this.#isBusy = true;
    return position;
  }

  read(): boolean {
    throw new Error("Nobody reads here");
  }

  draw(): boolean {
    return false;
  }

  #commit(): void {
    const batch = this.#pending;
    this.#pending = [];
    this.#processor.run(batch.length * PUT_MS, () => {
      this.apply(batch);
      this.#isBusy = this.#pending.length > 0;
      if (this.#isBusy) this.#commit();
    });
  }
}

/** Lets so many clerks put one new key after the other, each waiting for its answer. */
export async function runOverload(options: OverloadOptions): Promise<OverloadResult> {
  const { seed, clerks, seconds, timeoutMs } = options;
  const clock = new VirtualClock();
  const random = new SeededRandom(seed, "overload");
  const processor = new Processor(clock);
  const log = new BusyLog(processor);
  const rsm = new Rsm({ machine: new KvStore(), logBytesMax: null, clock, inLogMax: IN_LOG_MAX });
  rsm.attach(log);
  rsm.changed({ id: LEADER, role: "leader", term: 1, leader: LEADER } as Status);
  log.apply = (entries) => rsm.apply(entries);
  const server = new KvServer({ rsm, reads: "index" });
  let requests = 0;
  const call = (_: number, request: Uint8Array, deadline: number): Promise<Uint8Array | null> => {
    const withinMs = deadline - clock.now();
    const answered = new Promise<Uint8Array | null>((resolve) => {
      const timer = clock.after(withinMs, () => resolve(null));
      const answer = (reply: Uint8Array): void => {
        clock.after(HOP_MS, () => {
          timer.cancel();
          resolve(reply);
        });
      };
      clock.after(HOP_MS, () => {
        requests++;
        processor.run(READ_MS, () => server.handle(request, answer, withinMs));
      });
    });
    return clock.wait(answered);
  };
  const endMs = seconds * 1000;
  const results: Record<string, number> = {};
  let stored = 0;
  const runClerk = async (number: number): Promise<void> => {
    const clerk = new Clerk({
      servers: [LEADER],
      call,
      clock,
      random: random.fork(`${number}`).next,
    });
    for (let count = 0; clock.now() < endMs; count++) {
      const { type } = await clerk.put(`${number}.${count}`, VALUE, { version: 0, timeoutMs });
      if (clock.now() > endMs) break;
      results[type] = (results[type] ?? 0) + 1;
      if (type === "stored" && clock.now() > endMs / 4) stored++;
    }
  };
  const running = Array.from({ length: clerks }, (_, number) => runClerk(number));
  await clock.sleep(endMs);
  const result = { goodput: stored / (seconds * 3 / 4), requests, proposed: log.index, results };
  // The clock stands still once all clerks have ended: a test must not leave it running.
  await clock.wait(Promise.all(running));
  return result;
}
