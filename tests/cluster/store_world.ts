/**
 * A store on a state that a test can look into, and the times of its log.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type Check,
  decodeReply,
  encodeRequest,
  type Operation,
  type Reply,
  type Result,
  SYSTEM_KEYS,
} from "../../kv/command/mod.ts";
import { type ChangeGroup, KvStore } from "../../kv/store/mod.ts";
import { MemoryState } from "../../kv/tables/mod.ts";

const value = Uint8Array.of(1);

/** One server's store without a server. */
export class StoreWorld {
  state = new MemoryState();
  store = new KvStore(undefined, undefined, this.state);
  steady = 1000;
  wall = 1000;
  readonly groups: ChangeGroup[] = [];

  constructor() {
    this.store.observe({ changed: (group) => void this.groups.push(group), replaced: () => {} });
  }

  ask(then: readonly Operation[], checks: readonly Check[] = []): Reply | null {
    const batch = { checks, then, otherwise: [], at: 0 };
    return this.apply(encodeRequest({ type: "batch", batch }));
  }

  /** The results of operations that succeed. */
  run(...then: readonly Operation[]): readonly Result[] {
    const reply = this.ask(then);
    assert(reply?.type === "batch", reply?.type);
    return reply.result.results;
  }

  grant(lease: number, ttl: number): void {
    this.run({ op: "grant", lease, ttl });
  }

  /** Writes a key that ends at a wall time, or with a lease. */
  put(key: string, end: { readonly expires: number } | { readonly lease: number }): void {
    this.run({ op: "put", key, value, ...end });
  }

  /** Applies an end entry. */
  end(): void {
    assertEquals(this.apply(encodeRequest({ type: "end" })), { type: "stored" });
  }

  apply(bytes: Uint8Array): Reply | null {
    const stamp = { index: this.store.revision + 1, steady: this.steady, wall: this.wall };
    return decodeReply(this.store.apply(bytes, stamp));
  }

  /** Whether an end entry has something to do. */
  isDue(at: { readonly wall?: number; readonly steady?: number }): boolean {
    return this.store.isDue({ wall: 0, steady: 0, ...at });
  }

  /** The keys, or the store's own ones behind a letter. */
  keys(own = ""): readonly string[] {
    const [from, to] = own === ""
      ? ["", SYSTEM_KEYS]
      : [`${SYSTEM_KEYS}${own}/`, `${SYSTEM_KEYS}${own}0`];
    return [...this.state.scan({ from, to, at: this.store.revision })].map(({ key }) => key);
  }
}
