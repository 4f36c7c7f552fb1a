/**
 * Tests of the keeper of leases on a single store, in virtual time.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { VirtualClock } from "../../tests/sim/virtual_clock.ts";
import { decodeReply, decodeRequest, encodeRequest } from "../command/mod.ts";
import { KvStore } from "../store/store.ts";
import { Clerk } from "./clerk.ts";
import type { Call } from "./clerk_types.ts";
import { type KeptLease, LeaseKeeper, type LeaseLoss } from "./lease_keeper.ts";

const TTL_MS = 1000;

/** One store whose log time is the clock's, with a keeper whose requests and replies may be lost. */
class World {
  readonly clock = new VirtualClock();
  readonly store = new KvStore();
  readonly keeper: LeaseKeeper;
  readonly loss = { request: 0, reply: 0 };
  /** The sizes of the batches of renewals. */
  readonly renewals: number[] = [];
  readonly losses: LeaseLoss[] = [];

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    const { clock } = this;
    const call: Call = async (_server, request, deadline) => {
      const ms = Math.max(0, Math.min(random.range(0, 20), deadline - clock.now()));
      await new Promise<void>((resolve) => void clock.after(ms, resolve));
      if (random.chance(this.loss.request)) return null;
      const reply = this.apply(request);
      return random.chance(this.loss.reply) ? null : reply;
    };
    const clerk = new Clerk({
      ...{ servers: [1], call, clock, random: random.next, sessions: true, attemptMs: 100 },
    });
    this.keeper = new LeaseKeeper({ clerk, clock, random: random.next });
  }

  async sleep(ms: number): Promise<void> {
    await this.clock.wait(new Promise<void>((resolve) => void this.clock.after(ms, resolve)));
  }

  apply(bytes: Uint8Array): Uint8Array {
    const request = decodeRequest(bytes);
    const first = request?.type === "batch" ? request.batch.then[0] : undefined;
    if (first?.op === "renew") this.renewals.push(first.leases.length);
    const next = { index: this.store.revision + 1, steady: this.clock.now(), wall: 0 };
    // What is due ends before anything else happens at this time.
    if (this.store.isDue(next)) {
      this.store.apply(encodeRequest({ type: "end" }), next);
      next.index++;
    }
    return this.store.apply(bytes, next);
  }

  async grant(ttlMs = TTL_MS): Promise<KeptLease> {
    const lost = (how: LeaseLoss): void => void this.losses.push(how);
    const begin = this.clock.now();
    const granting = this.keeper.grant({ ttlMs, lost }, { timeoutMs: 10_000 });
    const granted = await this.clock.wait(granting);
    assert(granted.type === "granted");
    // The answer may have taken long, and the store counts from an earlier moment (N4).
    assertEquals(granted.lease.sureUntil, begin + ttlMs);
    return granted.lease;
  }

  /** When the store may end each of its leases. */
  ends(): ReadonlyMap<number, number> {
    const then = [{ op: "leases", from: 0, limit: 1000 }] as const;
    const batch = { checks: [], then, otherwise: [], at: 0 };
    const reply = decodeReply(this.store.query(encodeRequest({ type: "batch", batch })));
    const found = reply?.type === "batch" ? reply.result.results[0] : undefined;
    assert(found?.op === "leases");
    return new Map(found.leases.map(({ lease, left }) => [lease, this.store.steady + left]));
  }

  /** Whether the lease has not ended by now. */
  lives(lease: number): boolean {
    this.apply(encodeRequest({ type: "end" }));
    return this.ends().has(lease);
  }

  revoke(lease: number): void {
    const batch = { checks: [], then: [{ op: "revoke", lease }], otherwise: [], at: 0 } as const;
    this.apply(encodeRequest({ type: "batch", batch }));
  }
}

Deno.test("leases live as long as a client renews them, and end afterwards", async () => {
  const world = new World(1);
  const [kept, abandoned] = [await world.grant(), await world.grant()];
  await world.sleep(20 * TTL_MS);
  world.keeper.abandon(abandoned.lease);
  await world.sleep(2 * TTL_MS);
  assertEquals(world.lives(abandoned.lease), false);
  assertEquals(world.lives(kept.lease), true);
  assertEquals(world.losses, []);
});

Deno.test("many leases are renewed in few batches, a third of their time apart", async () => {
  const world = new World(2);
  for (let round = 0; round < 25; round++) {
    await Promise.all(Array.from({ length: 100 }, () => world.grant(10_000)));
  }
  await world.sleep(10_000);
  const sum = world.renewals.reduce((all, each) => all + each, 0);
  assert(sum >= 3 * 2500 && sum <= 4 * 2500, `${sum} renewals`);
  assert(world.renewals.length <= 16, `${world.renewals.length} batches`);
  assert(Math.max(...world.renewals) <= 1000);
});

Deno.test("a lease that was revoked elsewhere is lost as ended, within a third of its time", async () => {
  const world = new World(3);
  const { lease } = await world.grant();
  world.revoke(lease);
  await world.sleep(TTL_MS / 2);
  assertEquals(world.losses, ["ended"]);
});

Deno.test("a lease is lost as doubtful when no server answers, before the store may end it", async () => {
  for (const loss of [{ request: 1 }, { reply: 1 }]) {
    const world = new World(4);
    const kept = await world.grant();
    await world.sleep(TTL_MS * 3);
    Object.assign(world.loss, loss);
    const before = world.clock.now();
    while (world.losses.length === 0 && world.clock.now() - before <= TTL_MS + 20) {
      await world.sleep(1);
      const isSure = world.ends().get(kept.lease)! > world.clock.now();
      assert(isSure || world.losses.at(0) !== undefined, "it may end before it is lost");
    }
    assertEquals(world.losses, ["doubtful"]);
    assert(world.clock.now() - before <= TTL_MS + 20);
    assert(world.clock.now() >= kept.sureUntil);
  }
});

Deno.test("leases survive a network that loses a third of all requests and replies", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const world = new World(seed);
    const leases = await Promise.all(Array.from({ length: 20 }, () => world.grant(3000)));
    Object.assign(world.loss, { request: 0.3, reply: 0.3 });
    await world.sleep(60_000);
    assertEquals(world.losses, [], `seed ${seed}`);
    Object.assign(world.loss, { request: 0, reply: 0 });
    for (const { lease } of leases) assert(world.lives(lease), `seed ${seed}`);
  }
});

Deno.test("a keeper that stops counts its leases as lost, and renews nothing any more", async () => {
  const world = new World(6);
  await world.grant();
  world.keeper.stop();
  assertEquals(world.losses, ["doubtful"]);
  await world.sleep(5 * TTL_MS);
  assertEquals(world.renewals, []);
});
