/**
 * Tests of the effect of faults on messages in both directions, and of the counters.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Clock, Envelope } from "../../raft/mod.ts";
import { undisturbed } from "./faults.ts";
import { FaultyTransport } from "./faulty_transport.ts";
import { entryOf } from "../../tests/helpers/log_entries.ts";

const request: Envelope = {
  from: 1,
  to: 2,
  term: 3,
  message: { type: "requestVote", preVote: false, transfer: false, last: { index: 0, term: 0 } },
};
const reply: Envelope = {
  from: 2,
  to: 1,
  term: 3,
  message: { type: "requestVoteReply", preVote: false, granted: true },
};

/** A transport that records messages, and a clock that the test advances. */
function setup() {
  const sent: Envelope[] = [];
  const timers: { readonly ms: number; readonly run: () => void }[] = [];
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    after: (ms, run) => {
      timers.push({ ms, run });
      return { cancel: () => {} };
    },
    soon: (run) => run(),
  };
  const transport = {
    send: (envelopes: readonly Envelope[]) => void sent.push(...envelopes),
    waiting: () => 7,
  };
  return {
    sent,
    timers,
    faulty: new FaultyTransport({ transport, clock, random: () => 0.5, id: 1 }),
  };
}

Deno.test("FaultyTransport forwards all messages at once when there are no faults", () => {
  const { sent, faulty } = setup();
  faulty.send([request, request]);
  assertEquals(sent, [request, request]);
  assert(faulty.admits(reply));
  const { requests, bytes, incoming } = faulty.traffic;
  assertEquals({ requests, incoming }, { requests: 2, incoming: 0 });
  assertEquals(bytes, 3 * 16, "a small message counts as 16 bytes");
});

Deno.test("FaultyTransport neither sends nor receives in a blocked direction", () => {
  const { sent, faulty } = setup();
  faulty.setFaults({ blocked: [{ from: 1, to: 2 }] });
  faulty.send([request]);
  assertEquals(sent, []);
  assert(!faulty.admits(request));
  assert(faulty.admits(reply));
  assertEquals(faulty.traffic.requests, 1, "a lost request was sent");
  faulty.setFaults({ blocked: [] });
  faulty.send([request]);
  assertEquals(sent, [request]);
});

Deno.test("FaultyTransport drops a delayed message when its link is cut in the meantime", () => {
  const { sent, timers, faulty } = setup();
  const delay = { kind: "uniform", minMs: 10, maxMs: 30 } as const;
  faulty.setFaults({ request: { ...undisturbed, delay } });
  faulty.send([request, request]);
  assertEquals(timers.map(({ ms }) => ms), [20, 20]);
  timers[0]?.run();
  faulty.setFaults({ blocked: [{ from: 1, to: 2 }] });
  timers[1]?.run();
  assertEquals(sent, [request]);
});

Deno.test("FaultyTransport queues messages, and then drops them, when bandwidth is limited", () => {
  const { sent, timers, faulty } = setup();
  faulty.setFaults({ bytesPerSecondMax: 16 });
  faulty.send([request, request, request, request, request]);
  assertEquals(sent, []);
  assertEquals(timers.map(({ ms }) => ms), [1000, 2000, 3000]);
});

Deno.test("FaultyTransport sends a small message before a queued long one when bandwidth is limited", () => {
  const { sent, timers, faulty } = setup();
  faulty.setFaults({ bytesPerSecondMax: 1000 });
  const command = new Uint8Array(1474);
  const append = { previous: { index: 0, term: 0 }, commit: 0, round: 1 };
  const entries = [entryOf(1, 1, command)];
  const long: Envelope = {
    ...request,
    message: { type: "appendEntries", answer: null, ...append, entries },
  };
  faulty.send([long, request]);
  assertEquals(timers.map(({ ms }) => ms), [1500, 16]);
  assertEquals(faulty.waiting(2), 7 + 1516, "the long one waits, and for the small one too");
  timers[1]?.run();
  assertEquals(sent, [request]);
});

Deno.test("FaultyTransport ignores the arriving bytes of a long message from a blocked peer", () => {
  const { faulty } = setup();
  faulty.setFaults({ blocked: [{ from: 2, to: 1 }] });
  assertEquals([faulty.admitsFrom(2), faulty.admitsFrom(3)], [false, true]);
});

Deno.test("FaultyTransport forwards the array itself once all faults have ended", () => {
  const given: (readonly Envelope[])[] = [];
  const send = (envelopes: readonly Envelope[]): void => void given.push(envelopes);
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    after: () => ({ cancel: () => {} }),
    soon: () => {},
  };
  const transport = { send, waiting: () => 0 };
  const faulty = new FaultyTransport({ transport, clock, random: () => 0, id: 1 });
  const batch = [request, request];
  faulty.send(batch);
  faulty.setFaults({ request: { ...undisturbed, drop: 1 } });
  faulty.send(batch);
  faulty.setFaults({ request: structuredClone(undisturbed) });
  faulty.send(batch);
  assertEquals(given.length, 2);
  assert(given.every((it) => it === batch), "nothing is looked at twice without a fault");
});
