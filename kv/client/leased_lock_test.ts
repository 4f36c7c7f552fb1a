/**
 * Tests of the lock on leases on a single store, with lost requests and replies, in virtual time.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { VirtualClock } from "../../tests/sim/virtual_clock.ts";
import { decodeReply, decodeRequest, encodeRequest } from "../command/mod.ts";
import type { ChangeGroup } from "../store/draft.ts";
import { KvStore } from "../store/store.ts";
import { Clerk } from "./clerk.ts";
import type { Call } from "./clerk_types.ts";
import { LeasedLock } from "./leased_lock.ts";
import type { WatchNext } from "./watcher.ts";

const TTL_MS = 1000;

/** One store whose log time is the clock's, and which ends what is due. */
class World {
  readonly clock = new VirtualClock();
  readonly store = new KvStore();
  readonly random: SeededRandom;
  readonly groups: ChangeGroup[] = [];
  /** Probabilities of losing a request or a reply. */
  readonly loss = { request: 0, reply: 0 };
  /** How often clients looked at the queue. */
  looks = 0;
  #woken: (() => void)[] = [];

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.store.observe({
      changed: (group) => {
        this.groups.push(group);
        const woken = this.#woken;
        this.#woken = [];
        for (const wake of woken) wake();
      },
      replaced: () => {},
    });
    const end = (): void => {
      if (this.store.isDue({ steady: this.clock.now(), wall: 0 })) {
        this.apply(encodeRequest({ type: "end" }));
      }
      this.clock.after(50, end);
    };
    this.clock.after(50, end);
  }

  /** Lets time pass, and everybody act meanwhile. */
  async sleep(ms: number): Promise<void> {
    await this.clock.wait(new Promise<void>((resolve) => void this.clock.after(ms, resolve)));
  }

  apply(bytes: Uint8Array): Uint8Array {
    const request = decodeRequest(bytes);
    if (request?.type === "batch" && request.batch.then[1]?.op === "get") this.looks++;
    const stamp = { index: this.store.revision + 1, steady: this.clock.now(), wall: 0 };
    return this.store.apply(bytes, stamp);
  }

  /** A lock, and a way to cut its client off for ever. */
  lock(): { readonly lock: LeasedLock; readonly die: () => void } {
    const random = this.random.fork(`${this.random.next()}`);
    let isDead = false;
    const call: Call = async (_server, request, deadline) => {
      const ms = Math.max(0, Math.min(random.range(0, 20), deadline - this.clock.now()));
      await new Promise<void>((resolve) => void this.clock.after(ms, resolve));
      if (isDead) {
        const { promise, resolve } = Promise.withResolvers<null>();
        this.clock.after(deadline - this.clock.now(), () => resolve(null));
        return await promise;
      }
      if (random.chance(this.loss.request)) return null;
      const reply = this.apply(request);
      return random.chance(this.loss.reply) ? null : reply;
    };
    const clerk = new Clerk({
      ...{ servers: [1], call, clock: this.clock, random: random.next, sessions: true },
    });
    const watch = (
      { ranges, from }: { ranges: readonly { start: string }[]; from: number | null },
    ) => this.#watch(ranges[0]!.start, from!);
    const lock = new LeasedLock({
      ...{ clerk, clock: this.clock, random: random.next, watch, name: "door", ttlMs: TTL_MS },
    });
    return { lock, die: () => void (isDead = true) };
  }

  #watch(key: string, from: number): { next(): Promise<WatchNext>; close(): void } {
    let isClosed = false;
    let upTo = from;
    let wake = (): void => {};
    const next = async (): Promise<WatchNext> => {
      while (!isClosed) {
        const group = this.groups.find(({ revision, changes }) => {
          return revision > upTo && changes.some(({ entry }) => entry.key === key);
        });
        if (group !== undefined) {
          upTo = group.revision;
          const kind = group.changes.find(({ entry }) => entry.key === key)!.entry.value === null
            ? "delete"
            : "put";
          const seen = { key, value: new Uint8Array(), version: 1, created: 1, previous: null };
          const change = { ...seen, revision: upTo, kind } as const;
          return { type: "group", group: { revision: upTo, changes: [change] } };
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
          this.#woken.push(resolve);
        });
      }
      return { type: "closed" };
    };
    const close = (): void => {
      isClosed = true;
      wake();
    };
    return { next, close };
  }

  /** Whether a batch of the holder of this revision would be executed. */
  isGuarded(revision: number): boolean {
    const put = { op: "put", key: "k", value: new Uint8Array(1) } as const;
    const batch = { checks: [{ lock: "door", revision }], then: [put], otherwise: [], at: 0 };
    const reply = decodeReply(this.apply(encodeRequest({ type: "batch", batch })));
    return reply?.type === "batch" && reply.result.held;
  }
}

Deno.test("LeasedLock is held by one client at a time, in the order of the queue, on a lossy network", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const world = new World(seed);
    Object.assign(world.loss, { request: 0.1, reply: 0.1 });
    const { clock } = world;
    let held = 0;
    let rounds = 0;
    let fence = 0;
    const client = async (): Promise<void> => {
      const { lock } = world.lock();
      while (clock.now() < 8000) {
        const got = await lock.acquire();
        assert(got.type === "held" && got.token > fence, `seed ${seed}`);
        fence = got.token;
        assertEquals(++held, 1, `seed ${seed}`);
        await new Promise<void>((resolve) => void clock.after(30, resolve));
        assert(world.isGuarded(got.token), `seed ${seed}`);
        assertEquals(--held, 0);
        rounds++;
        assert(await lock.release());
      }
    };
    await clock.wait(Promise.all(Array.from({ length: 6 }, client)));
    assert(rounds > 10, `seed ${seed}: only ${rounds} rounds`);
  }
});

Deno.test("a holder that dies loses the lock after its time to live, and can write no more", async () => {
  const world = new World(1);
  const { clock } = world;
  const [first, second] = [world.lock(), world.lock()];
  const got = await clock.wait(first.lock.acquire());
  assert(got.type === "held");
  await world.sleep(3 * TTL_MS);
  assert(first.lock.sureUntil > clock.now(), "a holder that lives keeps its lease");
  const begin = clock.now();
  first.die();
  const next = await clock.wait(second.lock.acquire());
  assert(next.type === "held");
  const ms = clock.now() - begin;
  assert(ms > TTL_MS / 2 && ms < 1.5 * TTL_MS, `${ms} ms`);
  assert(first.lock.sureUntil <= clock.now(), "the dead one believes that it holds the lock");
  assertEquals([world.isGuarded(got.token), world.isGuarded(next.token)], [false, true]);
});

Deno.test("a client that gives up leaves the queue, and those behind it go on waiting", async () => {
  const world = new World(2);
  const { clock } = world;
  const [holder, hasty, patient] = [world.lock().lock, world.lock().lock, world.lock().lock];
  assertEquals((await clock.wait(holder.acquire())).type, "held");
  const hastily = hasty.acquire({ timeoutMs: 500 });
  await world.sleep(100);
  const waiting = patient.acquire();
  assertEquals(await clock.wait(hastily), { type: "busy" });
  assertEquals(await clock.wait(holder.isHeld()), true);
  assert(await clock.wait(holder.release()));
  assertEquals((await clock.wait(waiting)).type, "held");
  assertEquals(await clock.wait(holder.isHeld()), false);
});

Deno.test("a release wakes one waiting client, not all of them", async () => {
  const world = new World(3);
  const { clock } = world;
  const { lock } = world.lock();
  await clock.wait(lock.acquire());
  for (let count = 0; count < 50; count++) {
    void world.lock().lock.acquire();
    await world.sleep(20);
  }
  await world.sleep(100);
  world.looks = 0;
  await clock.wait(lock.release());
  await world.sleep(200);
  assertEquals(world.looks, 1);
});

Deno.test("acquiring fails with a reason when no answer comes, and starts anew when its place in the queue is lost", async () => {
  const world = new World(4);
  const { clock } = world;
  const dead = world.lock();
  dead.die();
  const outcome = await clock.wait(dead.lock.acquire({ silenceMs: 300 }));
  assert(outcome.type === "unknown" || outcome.type === "unavailable", outcome.type);
  const { lock } = world.lock();
  const first = await clock.wait(lock.acquire());
  assert(first.type === "held");
  const key = `lock/door/${`${first.token}`.padStart(16, "0")}0001`;
  const remove = { checks: [], then: [{ op: "delete", key } as const], otherwise: [], at: 0 };
  world.apply(encodeRequest({ type: "batch", batch: remove }));
  assertEquals(await clock.wait(lock.isHeld()), false);
  const second = await clock.wait(lock.acquire());
  assert(second.type === "held" && second.token > first.token);
  assert(await clock.wait(lock.release()));
});

Deno.test("a lock that could not be given back ends after its time to live, also when it was being renewed", async () => {
  for (let ms = 0; ms < 20; ms += 4) {
    const world = new World(5);
    const { clock } = world;
    const { lock } = world.lock();
    assertEquals((await clock.wait(lock.acquire())).type, "held");
    await world.sleep(TTL_MS / 3 - 10 + ms);
    assertEquals(await clock.wait(lock.release({ timeoutMs: 0 })), false);
    assertEquals([await clock.wait(lock.isHeld()), lock.sureUntil], [false, -Infinity]);
    const next = await clock.wait(world.lock().lock.acquire({ timeoutMs: 3 * TTL_MS }));
    assertEquals(next.type, "held", `${ms} ms`);
  }
});
