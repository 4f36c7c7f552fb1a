/**
 * Tests of a clerk with a session, on a single store, with lost requests and replies.
 *
 * @module
 */

import { assert, assertEquals, AssertionError } from "@std/assert";
import { SeededRandom, VirtualClock } from "../../tests/sim/mod.ts";
import { decodeReply, encodeReply, encodeRequest } from "../command/mod.ts";
import { KvStore } from "../store/mod.ts";
import { Clerk } from "./clerk.ts";
import { ClerkSession, NUMBERS_OPEN_MAX } from "./clerk_session.ts";
import type { Call } from "./clerk_types.ts";

function makeWorld(seed: number, sessions = true) {
  const clock = new VirtualClock();
  const store = new KvStore();
  const random = new SeededRandom(seed);
  const loss = { request: 0, reply: 0 };
  let steady = 0;
  const late: Uint8Array[] = [];
  const replies = new Map<string, number>();
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
    const type = decodeReply(reply)?.type ?? "";
    replies.set(type, (replies.get(type) ?? 0) + 1);
    return random.chance(loss.reply) ? null : reply;
  };
  const clerk = new Clerk({
    servers: [1, 2],
    call,
    clock,
    random: random.fork("c").next,
    sessions,
  });
  return { clock, store, clerk, loss, replies, pass: (ms: number) => steady += ms };
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

/** A session of which no number is taken. */
async function begun(): Promise<ClerkSession> {
  const session = new ClerkSession(() => 0.5);
  const number = session.take({ clock: new VirtualClock(), deadline: Infinity });
  await session.beginWith(() => Promise.resolve(5));
  session.end((await number)!);
  return session;
}

Deno.test("a session says which answers it has, but not beyond one that it waits for", async () => {
  const session = await begun();
  const take = async () => {
    const number = await session.take({ clock: new VirtualClock(), deadline: Infinity });
    if (number === null) throw new AssertionError("wanted a number, got none");
    return number;
  };
  const [first, second, third] = [await take(), await take(), await take()];
  assertEquals([first.number, second.number, third.number, third.answered], [2, 3, 4, 1]);
  session.end(second);
  assertEquals((await take()).answered, 1);
  session.end(first);
  assertEquals((await take()).answered, 3);
  assert(first.session === third.session && first.born === 5);
});

Deno.test("writes wait in their order for a number within what servers keep", async () => {
  const clock = new VirtualClock();
  const session = await begun();
  const limits = { clock, deadline: Infinity };
  const numbers = await Promise.all(
    Array.from({ length: NUMBERS_OPEN_MAX }, () => session.take(limits)),
  );
  const order: (number | null)[] = [];
  const wait = async (deadline: number, signal?: AbortSignal): Promise<void> => {
    order.push((await session.take({ clock, deadline, signal }))?.number ?? null);
  };
  const aborting = new AbortController();
  const all = [wait(Infinity), wait(10), wait(Infinity, aborting.signal), wait(Infinity)];
  await clock.sleep(11);
  aborting.abort();
  // The oldest is still open, so that the answers of the others make no room.
  for (const number of numbers.slice(1)) session.end(number!);
  await clock.sleep(1);
  assertEquals(order, [null, null]);
  session.end(numbers[0]!);
  await Promise.all(all);
  assertEquals(order, [null, null, NUMBERS_OPEN_MAX + 2, NUMBERS_OPEN_MAX + 3]);
});

Deno.test("thousands of writes at once are all done, and none is refused", async () => {
  const { clock, store, clerk, replies } = makeWorld(5);
  const all = Array.from({ length: 3000 }, () => clerk.batch(once, { timeoutMs: 60_000 }));
  const outcomes = await clock.wait(Promise.all(all));
  assertEquals(new Set(outcomes.map(({ type }) => type)), new Set(["done"]));
  assertEquals(sumOf(store), 3000);
  assertEquals(replies.get("overloaded"), undefined);
});
