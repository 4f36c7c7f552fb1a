/**
 * Tests of a clerk with a session, on a single store, with lost requests and replies.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom, VirtualClock } from "../../tests/sim/mod.ts";
import { decodeReply, encodeReply, encodeRequest } from "../command/mod.ts";
import { KvStore } from "../store/mod.ts";
import { Clerk } from "./clerk.ts";
import { ClerkSession } from "./clerk_session.ts";
import type { Call } from "./clerk_types.ts";

function makeWorld(seed: number, sessions = true) {
  const clock = new VirtualClock();
  const store = new KvStore();
  const random = new SeededRandom(seed);
  const loss = { request: 0, reply: 0 };
  let steady = 0;
  const late: Uint8Array[] = [];
  const apply = (request: Uint8Array) => {
    const index = store.revision + 1;
    return request[0] === 3 || request[0] === 4
      ? store.apply(request, { index, steady })
      : store.query(request);
  };
  const call: Call = async (_server, request, deadline) => {
    const ms = Math.max(0, Math.min(random.range(0, 26), deadline - clock.now()));
    await new Promise<void>((resolve) => void clock.after(ms, resolve));
    if (random.chance(loss.request)) {
      late.push(request);
      return null;
    }
    // Lost requests arrive later, possibly more than once.
    for (const old of late) if (random.chance(0.3)) apply(old);
    const reply = apply(request);
    return random.chance(loss.reply) ? null : reply;
  };
  const clerk = new Clerk({
    servers: [1, 2],
    call,
    clock,
    random: random.fork("c").next,
    sessions,
  });
  return { clock, store, clerk, loss, pass: (ms: number) => steady += ms };
}

const add = { op: "add", key: "n", amount: 1n, overflow: "wrap" } as const;
const once = { checks: [], then: [add], otherwise: [], at: 0 };

function sumOf(store: KvStore): number {
  const batch = { checks: [], then: [{ op: "get", key: "n" }], otherwise: [], at: 0 } as const;
  const reply = decodeReply(store.query(encodeRequest({ type: "batch", batch })));
  const [found] = reply?.type === "batch" ? reply.result.results : [];
  const value = found?.op === "get" ? found.entry?.value : null;
  return value ? Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true)) : 0;
}

Deno.test("additions through sessions come to the exact sum, whatever is lost or doubled", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { clock, store, clerk, loss } = makeWorld(seed);
    Object.assign(loss, { request: 0.2, reply: 0.2 });
    const count = async () => {
      for (let step = 0; step < 20; step++) {
        assertEquals((await clerk.batch(once)).type, "done", `seed ${seed}`);
      }
    };
    await clock.wait(Promise.all([count(), count(), count()]));
    assertEquals(sumOf(store), 60, `seed ${seed}`);
  }
});

Deno.test("without a session a batch that got no answer is sent once, and is maybe", async () => {
  const { clock, store, clerk, loss } = makeWorld(1, false);
  loss.reply = 1;
  assertEquals(await clock.wait(clerk.batch(once, { timeoutMs: 1000 })), { type: "maybe" });
  assertEquals(sumOf(store), 1);
});

Deno.test("with a session a batch is maybe only when the time is up", async () => {
  const { clock, store, clerk, loss } = makeWorld(2);
  assertEquals((await clock.wait(clerk.batch(once))).type, "done");
  loss.reply = 1;
  assertEquals(await clock.wait(clerk.batch(once, { timeoutMs: 1000 })), { type: "maybe" });
  assertEquals(sumOf(store), 2);
});

Deno.test("a clerk whose session is forgotten begins another one", async () => {
  const { clock, store, clerk, pass } = makeWorld(3);
  await clock.wait(clerk.batch(once));
  pass(2 * 60 * 60 * 1000);
  // A session of another client makes the store forget the old one.
  const number = { born: 1, session: 99, number: 1, answered: 0 };
  const request = { type: "batch", batch: once } as const;
  const steady = 2 * 60 * 60 * 1000;
  store.apply(encodeRequest({ type: "numbered", number: { ...number, born: steady }, request }), {
    ...{ index: store.revision + 1, steady },
  });
  assertEquals((await clock.wait(clerk.batch(once))).type, "done");
  assertEquals(sumOf(store), 3);
});

Deno.test("a batch whose session is gone after an open request is maybe, and not sent as another", async () => {
  const clock = new VirtualClock();
  const sent: Uint8Array[] = [];
  const call: Call = (_server, request) => {
    sent.push(request);
    const isFirst = sent.length === 2;
    const reply = request[0] === 5
      ? encodeReply({ type: "time", steady: 1 })
      : isFirst
      ? null
      : encodeReply({ type: "sessionGone" });
    return new Promise((resolve) => void clock.after(5, () => resolve(reply)));
  };
  const random = new SeededRandom(4).next;
  const clerk = new Clerk({ servers: [1, 2], call, clock, random, sessions: true });
  const outcome = await clock.wait(clerk.batch(once, { timeoutMs: 1000 }));
  assertEquals([outcome.type, sent.length], ["maybe", 3]);
});

Deno.test("a session says which answers it has, but not beyond one that it waits for", () => {
  const session = new ClerkSession(5, () => 0.5);
  const [first, second, third] = [session.take(), session.take(), session.take()];
  assertEquals([first.number, second.number, third.number, third.answered], [1, 2, 3, 0]);
  session.end(second);
  assertEquals(session.take().answered, 0);
  session.end(first);
  assertEquals(session.take().answered, 2);
  assert(first.session === third.session && first.born === 5);
});
