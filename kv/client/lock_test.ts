/**
 * Tests of the lock on a single store, with lost requests and replies, in virtual time.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { VirtualClock } from "../../tests/sim/virtual_clock.ts";
import { Clerk } from "./clerk.ts";
import type { Call } from "./clerk_types.ts";
import { decodeReply, encodeRequest } from "../command/mod.ts";
import { Lock } from "./lock.ts";
import { KvStore } from "../store/store.ts";

interface World {
  readonly clock: VirtualClock;
  readonly store: KvStore;
  readonly lock: () => Lock;
  /** Probabilities of losing a request or a reply. */
  readonly loss: { request: number; reply: number };
}

function makeWorld(seed: number): World {
  const clock = new VirtualClock();
  const store = new KvStore();
  const random = new SeededRandom(seed);
  const loss = { request: 0, reply: 0 };
  let late: Uint8Array[] = [];
  const call: Call = async (_server, request, deadline) => {
    const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
    await wait(Math.max(0, Math.min(random.range(0, 26), deadline - clock.now())));
    if (random.chance(loss.request)) {
      late.push(request);
      return null;
    }
    // Lost requests arrive later, possibly more than once.
    for (const old of late) if (random.chance(0.3)) store.apply(old);
    late = late.slice(-20);
    const reply = store.apply(request);
    return random.chance(loss.reply) ? null : reply;
  };
  const next = random.fork("locks").next;
  const lock = () => {
    const clerk = new Clerk({ servers: [1], call, clock, random: next });
    return new Lock({ clerk, clock, random: next, name: "lock" });
  };
  return { clock, store, lock, loss };
}

function holder(store: KvStore): string {
  const reply = decodeReply(store.query(encodeRequest({ type: "get", key: "lock" })));
  return reply?.type === "value" ? new TextDecoder().decode(reply.value) : "";
}

Deno.test("Lock is held by one client at a time when ten contend on a lossy network", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { clock, lock, loss } = makeWorld(seed);
    Object.assign(loss, { request: 0.1, reply: 0.1 });
    let held = 0;
    let rounds = 0;
    let fence = 0;
    const client = async (): Promise<void> => {
      const mine = lock();
      while (clock.now() < 4000) {
        const got = await mine.acquire();
        assert(got.type === "held" && got.token > fence, `seed ${seed}`);
        fence = got.token;
        assertEquals(++held, 1, `seed ${seed}`);
        await new Promise<void>((resolve) => void clock.after(10, resolve));
        assertEquals(--held, 0);
        rounds++;
        assert(await mine.release());
      }
    };
    await clock.wait(Promise.all(Array.from({ length: 10 }, client)));
    assert(rounds > 10, `seed ${seed}: only ${rounds} rounds`);
  }
});

Deno.test("Lock returns busy when another client holds it until the deadline", async () => {
  const { clock, lock } = makeWorld(1);
  assertEquals((await clock.wait(lock().acquire())).type, "held");
  assertEquals(await clock.wait(lock().acquire({ timeoutMs: 500 })), { type: "busy" });
  assert(clock.now() < 600);
});

Deno.test("Lock returns unknown when its put got no answer, and release cancels that put", async () => {
  const { clock, store, lock, loss } = makeWorld(1);
  const mine = lock();
  loss.reply = 1;
  const acquired = mine.acquire({ timeoutMs: 300 });
  await clock.sleep(100);
  assertEquals((await clock.wait(acquired)).type, "unavailable");
  assertEquals(holder(store), "");
  assertEquals(await clock.wait(mine.release({ timeoutMs: 300 })), false);
  loss.reply = 0;
  const again = mine.acquire({ timeoutMs: 300 });
  assertEquals((await clock.wait(again)).type, "held");
  loss.reply = 1;
  assertEquals(await clock.wait(mine.release({ timeoutMs: 300 })), false);
  loss.reply = 0;
  assertEquals(await clock.wait(mine.release()), true);
  assertEquals(holder(store), "");
});

Deno.test("Lock stays free when a lost acquire arrives after the release", async () => {
  const clock = new VirtualClock();
  const store = new KvStore();
  const lost: Uint8Array[] = [];
  let isLosing = true;
  const call: Call = (_server, request) => {
    const isPut = request[0] === 2;
    if (isPut && isLosing) lost.push(request);
    const reply = isPut && isLosing ? null : store.apply(request);
    return new Promise((resolve) => void clock.after(5, () => resolve(reply)));
  };
  const random = new SeededRandom(5).next;
  const clerk = new Clerk({ servers: [1], call, clock, random });
  const lock = new Lock({ clerk, clock, random, name: "lock" });
  assertEquals(await clock.wait(lock.acquire({ timeoutMs: 300 })), { type: "unknown" });
  isLosing = false;
  assertEquals(await clock.wait(lock.release()), true);
  assert(lost.length > 0);
  for (const request of lost) store.apply(request);
  assertEquals(holder(store), "");
});

Deno.test("Lock stays held when a lost release arrives after it was acquired again", async () => {
  const clock = new VirtualClock();
  const store = new KvStore();
  const lost: Uint8Array[] = [];
  let isLosing = false;
  const call: Call = (_server, request) => {
    const isLost = request[0] === 2 && isLosing;
    if (isLost) lost.push(request);
    const reply = isLost ? null : store.apply(request);
    return new Promise((resolve) => void clock.after(5, () => resolve(reply)));
  };
  const random = new SeededRandom(6).next;
  const clerk = new Clerk({ servers: [1], call, clock, random });
  const lock = new Lock({ clerk, clock, random, name: "lock" });
  await clock.wait(lock.acquire());
  isLosing = true;
  assertEquals(await clock.wait(lock.release({ timeoutMs: 300 })), false);
  isLosing = false;
  assertEquals((await clock.wait(lock.acquire())).type, "held");
  for (const request of lost) store.apply(request);
  assert(holder(store) !== "");
});

Deno.test("Lock returns busy when its unanswered put came too late", async () => {
  const clock = new VirtualClock();
  const store = new KvStore();
  const rival = { type: "put", key: "lock", value: new Uint8Array([1]), version: 0 } as const;
  let isLosing = true;
  const call: Call = (_server, request) => {
    const isLost = request[0] === 2 && isLosing;
    // The rival's put comes before the lost request.
    if (isLost) store.apply(encodeRequest(rival));
    isLosing &&= !isLost;
    const reply = isLost ? null : store.apply(request);
    return new Promise((resolve) => void clock.after(5, () => resolve(reply)));
  };
  const random = new SeededRandom(7).next;
  const clerk = new Clerk({ servers: [1], call, clock, random });
  const lock = new Lock({ clerk, clock, random, name: "lock" });
  assertEquals(await clock.wait(lock.acquire({ timeoutMs: 300 })), { type: "busy" });
});

Deno.test("Lock sees that it was taken away, and tells no answer from a loss", async () => {
  const clock = new VirtualClock();
  const store = new KvStore();
  let isSilent = false;
  const call: Call = (_server, request) => {
    const reply = isSilent ? null : store.apply(request);
    return new Promise((resolve) => void clock.after(5, () => resolve(reply)));
  };
  const random = new SeededRandom(8).next;
  const clerk = new Clerk({ servers: [1], call, clock, random });
  const lock = new Lock({ clerk, clock, random, name: "lock" });
  assertEquals(await clock.wait(lock.isHeld()), false);
  assertEquals((await clock.wait(lock.acquire())).type, "held");
  assertEquals(await clock.wait(lock.isHeld()), true);
  isSilent = true;
  assertEquals(await clock.wait(lock.isHeld({ timeoutMs: 100 })), null);
  assertEquals(
    await clock.wait(new Lock({ clerk, clock, random, name: "lock" }).acquire({ timeoutMs: 100 })),
    {
      type: "unavailable",
    },
  );
  isSilent = false;
  const rival = { type: "put", key: "lock", value: new Uint8Array([1]), version: 1 } as const;
  store.apply(encodeRequest(rival));
  assertEquals(await clock.wait(lock.isHeld()), false);
});
