/**
 * Tests of numbered requests: executed once, answered as often as asked, and forgotten in time.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { drawn, finish } from "../../tests/cluster/drawn.ts";
import { decodeReply, encodeRequest, type Operation, type Reply } from "../command/mod.ts";
import { SESSION_LIMITS, Sessions } from "./sessions.ts";
import { KvStore } from "./store.ts";
import { MemoryState } from "../tables/mod.ts";

const add: Operation = { op: "add", key: "n", amount: 1n, overflow: "wrap" };

/** A store, and the steady time of its log. */
class World {
  store = new KvStore();
  steady = 1000;

  /** Applies an addition with a number. */
  add(session: number, number: number, { answered = 0, born = 1000 } = {}): Reply | null {
    const batch = { checks: [], then: [add], otherwise: [], at: 0 };
    const bytes = encodeRequest({
      type: "numbered",
      number: { born, session, number, answered },
      request: { type: "batch", batch },
    });
    return this.apply(bytes);
  }

  apply(bytes: Uint8Array): Reply | null {
    const stamp = { index: this.store.revision + 1, steady: this.steady };
    return decodeReply(this.store.apply(bytes, stamp));
  }

  /** What the additions came to. */
  get sum(): number {
    const batch = { checks: [], then: [{ op: "get", key: "n" }], otherwise: [], at: 0 } as const;
    const reply = decodeReply(this.store.query(encodeRequest({ type: "batch", batch })));
    const [found] = reply?.type === "batch" ? reply.result.results : [];
    const value = found?.op === "get" ? found.entry?.value : null;
    return value ? Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true)) : 0;
  }

  /** Goes on with a store that was restored from an image. */
  restore(): void {
    const image = drawn(this.store.snapshot());
    this.store = new KvStore();
    finish(this.store.restore(image));
    assertEquals(drawn(this.store.snapshot()), image);
  }
}

Deno.test("a number is executed once and answered the same, also after an image", () => {
  const world = new World();
  const first = world.add(7, 1);
  assert(first?.type === "batch");
  assertEquals(world.add(7, 1), first);
  const third = world.add(7, 3);
  world.restore();
  assertEquals([world.add(7, 1), world.add(7, 3)], [first, third]);
  assertEquals(world.add(8, 1)?.type, "batch");
  assertEquals(world.sum, 3);
  assertEquals(world.store.size, 1);
});

Deno.test("a number is gone once its client has its answer", () => {
  const world = new World();
  world.add(7, 1);
  world.add(7, 2, { answered: 1 });
  assertEquals(world.add(7, 1), { type: "sessionGone" });
  assertEquals(world.add(7, 2, { answered: 1 })?.type, "batch");
  assertEquals(world.sum, 2);
});

Deno.test("a session that was not used for long is forgotten, and its numbers are refused", () => {
  const world = new World();
  world.add(7, 1);
  world.steady += SESSION_LIMITS.keepMs;
  world.add(7, 2);
  world.steady += SESSION_LIMITS.keepMs + 1;
  assertEquals(world.add(8, 1, { born: world.steady })?.type, "batch");
  for (const number of [1, 2, 3]) assertEquals(world.add(7, number), { type: "sessionGone" });
  world.restore();
  assertEquals(world.add(7, 3), { type: "sessionGone" });
  assertEquals(world.sum, 3);
});

Deno.test("too many sessions push out the least recently used one, and no repetition is executed", () => {
  const state = new MemoryState();
  const limits = { ...SESSION_LIMITS, sessionsMax: 3 };
  const sessions = new Sessions(state, limits);
  let executed = 0;
  let revision = 0;
  const execute = (of: Sessions, session: number, born: number, number = 1) => {
    return of.execute({ born, session, number, answered: 0 }, {
      revision: ++revision,
      steady: revision,
    }, () => {
      executed++;
      return new Uint8Array(1);
    });
  };
  for (const session of [1, 2, 3, 4, 5]) execute(sessions, session, revision);
  assertEquals([sessions.size, executed], [3, 5]);
  assertEquals(execute(sessions, 1, 0), "gone");
  assertEquals(execute(sessions, 5, 4), new Uint8Array(1));
  const restored = new Sessions(state, limits);
  assertEquals(execute(restored, 2, 1), "gone");
  assertEquals(execute(restored, 4, 3), new Uint8Array(1));
  assertEquals(executed, 5);
  // Session 3 is used again, so session 4 is the next to go.
  assertEquals(execute(sessions, 3, 2, 2), new Uint8Array(1));
  assertEquals(execute(sessions, 6, revision), new Uint8Array(1));
  assertEquals(execute(sessions, 4, 3), "gone");
  assertEquals(execute(sessions, 3, 2, 1), new Uint8Array(1));
  assertEquals(executed, 7);
});

Deno.test("a session is refused as overloaded until it acknowledges answers that the store keeps for it", () => {
  const world = new World();
  for (let number = 1; number <= SESSION_LIMITS.answersMax; number++) {
    assertEquals(world.add(7, number)?.type, "batch");
  }
  const next = SESSION_LIMITS.answersMax + 1;
  assertEquals(world.add(7, next), { type: "overloaded" });
  assertEquals(world.add(7, next, { answered: 10 })?.type, "batch");
  assertEquals(world.sum, next);
});

Deno.test("a numbered batch whose answer is too long to keep says so and changes nothing", () => {
  const world = new World();
  const value = new Uint8Array(SESSION_LIMITS.answerBytesMax);
  const put = { op: "put", key: "long", value } as const;
  const batch = {
    checks: [],
    then: [put, { op: "get", key: "long" } as const],
    otherwise: [],
    at: 0,
  };
  const number = { born: 1000, session: 7, number: 1, answered: 0 };
  const request = { type: "batch", batch } as const;
  const reply = world.apply(encodeRequest({ type: "numbered", number, request }));
  assert(reply?.type === "invalid" && reply.reason.includes("in a batch that writes"));
  assertEquals(world.store.size, 0);
});

Deno.test("no client reads or writes what the store keeps for itself", () => {
  const world = new World();
  world.add(7, 1);
  const range = { op: "range", start: "", end: null, limit: 9, reverse: false } as const;
  const own = { ...range, start: "\xff", show: "entries" } as const;
  const all = { ...range, show: "keys" } as const;
  const last = { ...all, reverse: true } as const;
  const batch = { checks: [], then: [own, all, last], otherwise: [], at: 0 };
  const reply = decodeReply(world.store.query(encodeRequest({ type: "batch", batch })));
  assert(reply?.type === "batch");
  const keys = reply.result.results.map((each) => {
    return each.op === "range" ? each.entries.map(({ key }) => key) : [];
  });
  assertEquals(keys, [[], ["n"], ["n"]]);
});
