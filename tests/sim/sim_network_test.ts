/**
 * Tests of the network in memory: which messages arrive, when, in which order, and how they are
 * counted.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { approximateBytes, type Faults, isolate, unreliable } from "../../net/faults/faults.ts";
import type { Transport } from "../../raft/core/model/ports.ts";
import type { Envelope, Message } from "../../raft/core/model/types.ts";
import { SeededRandom } from "./seeded_random.ts";
import { SimNetwork } from "./sim_network.ts";
import { ClockView, VirtualClock } from "./virtual_clock.ts";
import { entryOf } from "../helpers/log_entries.ts";

const REPLY = { type: "requestVoteReply", preVote: false, granted: true } as const;

function request(number: number): Message {
  return { type: "requestVote", preVote: false, transfer: false, last: { index: number, term: 0 } };
}

/** A message of the bulk line with a command of this size. */
function bulk(bytes: number): Message {
  const entries = [entryOf(1, 1, new Uint8Array(bytes))];
  const previous = { index: 0, term: 0 };
  return { type: "appendEntries", answer: null, previous, entries, commit: 0, round: 0 };
}

function envelope(message: Message, { from = 1, to = 2 } = {}): Envelope {
  return { from, to, term: 1, message };
}

/** Two nodes; the messages that the second receives are recorded with their time. */
class Pair {
  readonly clock = new VirtualClock();
  readonly network: SimNetwork;
  readonly received: { readonly index: number; readonly atMs: number }[] = [];
  readonly heardAtMs: number[] = [];
  sender: Transport;
  view = new ClockView(this.clock);

  constructor(faults: Partial<Faults> = {}, hopMs = { minMs: 1, maxMs: 5 }) {
    const random = new SeededRandom(1);
    this.network = new SimNetwork({ clock: this.clock, random, hopMs, bytesOf: approximateBytes });
    this.network.setFaults(faults);
    this.sender = this.network.attach(1, { view: new ClockView(this.clock), receive: () => {} });
    this.attach();
  }

  attach(): void {
    this.view = new ClockView(this.clock);
    this.network.attach(2, {
      view: this.view,
      receive: ({ message }) => {
        const index = message.type === "requestVote" ? message.last.index : -1;
        this.received.push({ index, atMs: this.clock.now() });
      },
      heard: () => void this.heardAtMs.push(this.clock.now()),
    });
  }

  get indexes(): number[] {
    return this.received.map(({ index }) => index);
  }

  send(...messages: Message[]): void {
    this.sender.send(messages.map((message) => envelope(message)));
  }
}

const NUMBERS = Array.from({ length: 17 }, (_, place) => place);

Deno.test("SimNetwork delivers in order after a hop, and counts like the lab", async () => {
  const pair = new Pair();
  for (const number of NUMBERS) {
    pair.send(request(number));
    await pair.clock.sleep(0.5);
  }
  pair.send(REPLY);
  await pair.clock.sleep(10);
  assertEquals(pair.indexes, [...NUMBERS, -1]);
  assert(pair.received.every(({ atMs }, place) => atMs >= 0.5 * place + 1));
  const { requests, bytes, incoming } = pair.network.traffic();
  assertEquals([requests, bytes, incoming.get(2)], [17, 18 * 16, 17]);
});

Deno.test("SimNetwork delivers the messages of one call at one moment", async () => {
  const pair = new Pair();
  pair.send(request(1), request(2), request(3));
  await pair.clock.sleep(10);
  assertEquals(new Set(pair.received.map(({ atMs }) => atMs)).size, 1);
  assertEquals(pair.indexes, [1, 2, 3]);
});

Deno.test("SimNetwork loses messages sent while blocked, not those in flight before", async () => {
  const pair = new Pair();
  pair.send(request(1));
  pair.network.setFaults({ blocked: isolate([1, 2], 1) });
  pair.send(request(2));
  await pair.clock.sleep(10);
  pair.network.setFaults({ blocked: [] });
  pair.send(request(3));
  await pair.clock.sleep(10);
  assertEquals(pair.indexes, [1, 3]);
  assertEquals(pair.network.traffic().requests, 3);
});

Deno.test("SimNetwork counts a request to a node that is not there", async () => {
  const pair = new Pair();
  pair.network.detach(2);
  pair.send(request(1));
  await pair.clock.sleep(10);
  assertEquals([pair.indexes, pair.network.traffic().requests], [[], 1]);
});

Deno.test("SimNetwork delivers nothing to a restarted node that was sent before", async () => {
  const pair = new Pair();
  pair.send(request(1));
  pair.network.detach(2);
  pair.attach();
  pair.send(request(2));
  await pair.clock.sleep(10);
  assertEquals(pair.indexes, [2]);
  assertEquals(pair.network.traffic().incoming.get(2), 1);
});

Deno.test("SimNetwork drops messages of a sender from before its restart once it was heard since", async () => {
  const reply = { kind: "uniform", minMs: 100, maxMs: 100 } as const;
  const slow = { drop: 0, duplicate: 0, delay: reply, reorder: { probability: 0, delay: reply } };
  const pair = new Pair({ reply: slow });
  const old = pair.sender;
  pair.send(REPLY, request(1));
  pair.network.detach(1);
  pair.sender = pair.network.attach(1, { view: new ClockView(pair.clock), receive: () => {} });
  await pair.clock.sleep(10);
  pair.send(request(2));
  old.send([envelope(request(3))]);
  await pair.clock.sleep(200);
  assertEquals(pair.indexes, [1, 2]);
});

Deno.test("SimNetwork keeps messages to a paused node until it resumes", async () => {
  const pair = new Pair();
  pair.view.pause();
  pair.send(request(1), request(2));
  await pair.clock.sleep(100);
  assertEquals(pair.indexes, []);
  pair.view.resume();
  await pair.clock.sleep(1);
  assertEquals(pair.received.map(({ atMs }) => atMs), [100, 100]);
});

Deno.test("SimNetwork holds a clogged link and floods it later", async () => {
  const pair = new Pair();
  pair.network.clog({ from: 1, to: 2 });
  for (const number of NUMBERS) pair.send(request(number));
  await pair.clock.sleep(100);
  assertEquals(pair.indexes, []);
  pair.network.flood();
  await pair.clock.sleep(1);
  assertEquals(pair.indexes, NUMBERS);
});

Deno.test("SimNetwork sends no faster than the bandwidth, and small messages before bulk", async () => {
  const pair = new Pair({ bytesPerSecondMax: 160 }, { minMs: 0, maxMs: 0 });
  for (let number = 0; number < 10; number++) pair.send(request(number));
  await pair.clock.sleep(1_000);
  assertEquals([pair.received[0]!.atMs, pair.received[9]!.atMs], [100, 1_000]);
  pair.send(bulk(160));
  pair.send(request(10));
  await pair.clock.sleep(5_000);
  assertEquals(pair.received.slice(10).map(({ atMs }) => atMs), [1_100, 2_162.5]);
  assertEquals(pair.heardAtMs.length, 58); // The receiver noticed it every 20 ms while it arrived.
});

Deno.test("SimNetwork reports how much bulk waits with the sender, and drops beyond its queue", async () => {
  const pair = new Pair({ bytesPerSecondMax: 2 ** 20 }, { minMs: 0, maxMs: 0 });
  for (let number = 0; number < 9; number++) pair.send(bulk(2 ** 20));
  assert(pair.sender.waiting(2) > 3 * 2 ** 20, `${pair.sender.waiting(2)} bytes wait`);
  await pair.clock.sleep(9_000);
  assertEquals([pair.received.length, pair.sender.waiting(2)], [4, 0]);
});

Deno.test("SimNetwork loses messages that wait for a narrow line when it is cut", async () => {
  const pair = new Pair({ bytesPerSecondMax: 2 ** 20 }, { minMs: 0, maxMs: 0 });
  for (let number = 0; number < 3; number++) pair.send(bulk(2 ** 20));
  await pair.clock.sleep(1_500);
  pair.network.setFaults({ blocked: [{ from: 1, to: 2 }] });
  await pair.clock.sleep(9_000);
  assertEquals(pair.received.length, 1);
});

Deno.test("SimNetwork delivers some and loses some messages when unreliable", async () => {
  const pair = new Pair(unreliable);
  for (let number = 0; number < 300; number++) pair.send(request(number));
  await pair.clock.sleep(100);
  assert(pair.received.length > 240 && pair.received.length < 295, `${pair.received.length}`);
  assertEquals(pair.network.traffic().incoming.get(2), pair.received.length);
  assert(String(pair.indexes) !== String(pair.indexes.toSorted((a, b) => a - b)), "none overtook");
});
