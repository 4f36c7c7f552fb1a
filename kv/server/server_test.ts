/**
 * Tests of the service of one node: how requests are executed, and the reply to each outcome.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Position, type ReplicatedLog, Rsm, type Status } from "../../raft/mod.ts";
import { BareServer } from "../../tests/helpers/bare_server.ts";
import { decodeAged, decodeReply, encodeRequest, encodeStale, type Reply } from "../command/mod.ts";
import { KvServer } from "./server.ts";
import { KvStore } from "../store/store.ts";
import { entryOf } from "../../tests/helpers/log_entries.ts";

const status: Status = { ...new BareServer().status, role: "leader", term: 1, leader: 1 };

class FakeLog implements ReplicatedLog {
  hasRoom = true;
  readonly proposed: Uint8Array[] = [];
  reads = 0;
  leading = true;
  age: number | null = null;

  ageMs(): number | null {
    return this.age;
  }

  propose(command: Uint8Array): Position | null {
    return this.leading ? { index: this.proposed.push(command), term: 1 } : null;
  }

  read(_context: number): boolean {
    if (this.leading) this.reads++;
    return this.leading;
  }

  draw(): boolean {
    throw new Error("never asked to");
  }
}

const put = encodeRequest({ type: "put", key: "k", value: Uint8Array.of(7), version: 0 });
const get = encodeRequest({ type: "get", key: "k" });

function setUp(reads: "index" | "log", waitingMax = 10) {
  const log = new FakeLog();
  const rsm = new Rsm({
    machine: new KvStore(),
    logBytesMax: null,
    clock: { now: () => 0, soon: (run) => run(), after: () => ({ cancel: () => {} }) },
    waitingMax,
  });
  rsm.attach(log);
  const replies: (Reply | null)[] = [];
  const server = new KvServer({ rsm, reads });
  const handle = (request: Uint8Array): void =>
    server.handle(request, (reply) => void replies.push(decodeReply(reply)));
  return { log, rsm, replies, handle };
}

Deno.test("KvServer appends the client's own bytes to the log", () => {
  const { log, rsm, replies, handle } = setUp("index");
  handle(put);
  assertEquals(log.proposed[0] === put, true);
  rsm.apply([entryOf(1, 1, put)]);
  assertEquals(replies, [{ type: "stored" }]);
});

Deno.test("KvServer keeps no more of a frame in memory than the command in it", () => {
  const { log, handle } = setUp("index");
  const frame = new Uint8Array(60_000);
  frame.set(put, 100);
  handle(frame.subarray(100, 100 + put.length));
  assertEquals([log.proposed[0], log.proposed[0]!.buffer === frame.buffer], [put, false]);
});

Deno.test("KvServer reads without or through the log, as configured", () => {
  const index = setUp("index");
  index.handle(get);
  assertEquals([index.log.reads, index.log.proposed.length], [1, 0]);
  index.rsm.read(1, true);
  const log = setUp("log");
  log.handle(get);
  assertEquals([log.log.reads, log.log.proposed.length], [0, 1]);
  log.rsm.apply([entryOf(1, 1, get)]);
  assertEquals([index.replies, log.replies], [[{ type: "noKey" }], [{ type: "noKey" }]]);
});

Deno.test("KvServer names the leader when it does not lead", () => {
  const { log, rsm, replies, handle } = setUp("index");
  log.leading = false;
  rsm.changed({ ...status, role: "follower", leader: 3 });
  handle(put);
  handle(get);
  assertEquals(replies, [
    { type: "wrongLeader", leader: 3 },
    { type: "wrongLeader", leader: 3 },
  ]);
});

Deno.test("KvServer returns unknown only when the command may still be executed", () => {
  const { rsm, replies, handle } = setUp("index");
  handle(put);
  rsm.changed({ ...status, term: 2, role: "follower", leader: 2 });
  handle(put);
  rsm.apply([entryOf(1, 1, get), entryOf(2, 3)]);
  assertEquals(replies, [{ type: "unknown", leader: 2 }, { type: "wrongLeader", leader: 2 }]);
});

Deno.test("KvServer returns overloaded when too many requests are pending, and refused for invalid bytes", () => {
  const { log, replies, handle } = setUp("index", 0);
  handle(put);
  handle(get);
  handle(Uint8Array.of(77));
  handle(new Uint8Array(0));
  assertEquals(replies.map((reply) => reply?.type), [
    "overloaded",
    "overloaded",
    "refused",
    "refused",
  ]);
  assertEquals(log.proposed, []);
});

Deno.test("KvServer refuses puts while the disk is full, answers reads, and goes on when there is room", () => {
  const { log, rsm, replies, handle } = setUp("index");
  log.hasRoom = false;
  handle(put);
  handle(get);
  assertEquals([replies, log.proposed.length, log.reads], [[{ type: "full" }], 0, 1]);
  rsm.read(1, true);
  log.hasRoom = true;
  handle(put);
  rsm.apply([entryOf(1, 1, put)]);
  assertEquals(replies.slice(1), [{ type: "noKey" }, { type: "stored" }]);
});

Deno.test("KvServer answers a read that may be old at once, if its state is new enough (R8)", () => {
  const { log, rsm } = setUp("index");
  rsm.apply([entryOf(1, 1, put)]);
  const server = new KvServer({ rsm, reads: "index" });
  const replies: (readonly [number, string | undefined] | null)[] = [];
  const ask = (maxAgeMs: number, request = get): void => {
    server.handle(encodeStale({ maxAgeMs, request }), (bytes) => {
      const aged = decodeAged(bytes);
      replies.push(aged && [aged.ageMs, decodeReply(aged.reply)?.type]);
    });
  };
  ask(100); // nothing is known: it reads the newest
  log.age = 50.5;
  ask(100);
  ask(50);
  assertEquals([log.reads, replies], [2, [[51, "value"]]]);
  rsm.read(1, true);
  rsm.read(2, true);
  assertEquals(replies, [[51, "value"], [0, "value"], [0, "value"]]);
  log.leading = false;
  ask(50);
  ask(100);
  assertEquals(replies.slice(3), [null, [51, "value"]]);
});

Deno.test("KvServer waits for a revision that has not arrived, also when an older state would do (R8)", () => {
  const { log, rsm } = setUp("index");
  rsm.apply([entryOf(1, 1, put)]);
  const server = new KvServer({ rsm, reads: "index" });
  log.age = 0;
  const then = [{ op: "get", key: "k" }] as const;
  const request = encodeRequest({
    type: "batch",
    batch: { checks: [], then, otherwise: [], at: 2 },
  });
  const ages: (number | undefined)[] = [];
  server.handle(encodeStale({ maxAgeMs: 100, request }), (bytes) => {
    ages.push(decodeAged(bytes)?.ageMs);
  });
  assertEquals([log.reads, ages], [1, []]);
  rsm.apply([entryOf(2, 1, put)]);
  rsm.read(1, true);
  assertEquals(ages, [0]);
});
