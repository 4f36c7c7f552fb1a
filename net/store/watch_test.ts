/**
 * Watches of the client for programs, against a node in this process and servers that misbehave.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { withServingNode } from "../../tests/helpers/serving_node.ts";
import { RpcServer } from "../rpc/mod.ts";
import { connect, type StoreClient } from "./connect.ts";
import { WatchError, type WatchGroup } from "./watch.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The next group with changes, as text: `kind key=value (before)`. */
async function shown(watch: AsyncGenerator<WatchGroup, void, void>): Promise<string[]> {
  const group = (await watch.next()).value;
  assert(group);
  return group.changes.map(({ kind, key, value, previous }) => {
    const before = previous === null ? "" : ` (${text(previous.value)})`;
    return `${kind} ${key}=${text(value)}${before}`;
  });
}

/** Begins the watch before anything else happens. */
async function begun(watch: AsyncGenerator<WatchGroup, void, void>): Promise<number> {
  const group = (await watch.next()).value;
  assert(group && group.changes.length === 0);
  return group.revision;
}

/** A revision after which all that the test does happens. */
async function now(store: StoreClient): Promise<number> {
  const read = await store.batch().get("none").commit();
  assert(read.outcome === "yes");
  return read.revision;
}

Deno.test("watch yields every change of a prefix, a key or a range, one group a batch", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint], { cluster: "test" });
    const from = await now(store);
    await store.put("a/1", "x");
    await store.batch().put("a/2", "y").put("b", "z").put("c", "w").commit();
    await store.put("a/1", "v");
    await store.delete("a/1");
    const prefix = store.watch("a/", { from, previous: true });
    assertEquals(await shown(prefix), ["put a/1=x"]);
    assertEquals(await shown(prefix), ["put a/2=y"]);
    assertEquals(await shown(prefix), ["put a/1=v (x)"]);
    assertEquals(await shown(prefix), ["delete a/1= (v)"]);
    const several = store.watch([{ key: "b" }, { start: "a/2", end: "a/3" }], { from });
    assertEquals(await shown(several), ["put a/2=y", "put b=z"]);
    const keys = store.watch({ key: "c" }, { from, keysOnly: true });
    assertEquals(await shown(keys), ["put c="]);
    await store.put("a/3", "new");
    assertEquals(await shown(prefix), ["put a/3=new"]);
  });
});

Deno.test("watch without a revision begins now, and says where if asked", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    await store.put("k", "before");
    const watch = store.watch("", { progress: true });
    const revision = await begun(watch);
    await store.put("k", "after");
    const group = (await watch.next()).value;
    assert(group);
    assertEquals([group.changes.length, group.revision > revision], [1, true]);
    assertEquals(text(group.changes[0]!.value), "after");
  });
});

Deno.test("watch ends when its signal is raised, its loop is left or its client is closed", async () => {
  await withServingNode(async (endpoint) => {
    const store = connect([endpoint]);
    const abort = new AbortController();
    const aborted = store.watch("a", { signal: abort.signal, progress: true });
    await begun(aborted);
    const waiting = aborted.next();
    abort.abort();
    assertEquals(await waiting, { done: true, value: undefined });
    for await (const group of store.watch("a", { progress: true })) {
      assertEquals(group.changes, []);
      break;
    }
    const closed = store.watch("a", { progress: true });
    await begun(closed);
    const last = closed.next();
    await store.close();
    assertEquals(await last, { done: true, value: undefined });
    assertEquals(await store.watch("a").next(), { done: true, value: undefined });
  });
});

Deno.test("watch refuses what no node would take", async () => {
  await using store = connect(["127.0.0.1:1"]);
  assertThrows(() => store.watch([]), RangeError, "wanted 1 to 1000 ranges, got 0");
  assertThrows(() => store.watch({ key: "" }), RangeError, "wanted at least 1 byte");
  assertThrows(() => store.watch("a", { from: -1 }), RangeError, "wanted a revision, got -1");
});

Deno.test("watch fails when no node knows watches", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const log = (): void => {};
  const server = new RpcServer({ listener, cluster: "test", id: 1, handle: () => {}, log });
  await using store = connect([`127.0.0.1:${(listener.addr as Deno.NetAddr).port}`]);
  const error = await assertRejects(() => store.watch("a").next(), WatchError);
  assertEquals([error.reason, error.message], [
    "refused",
    "Cannot watch: no node understands the request",
  ]);
  server.close();
});

Deno.test("watch resumes without a gap when its connection is cut, and beside other operations", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    await using writer = connect([endpoint]);
    const cutter = new Cutter(endpoint);
    await using watching = connect([cutter.endpoint]);
    const from = await now(store);
    const count = 200;
    const writing = (async () => {
      for (let value = 0; value < count; value++) {
        await writer.put("k", `${value}`);
        if (value % 40 === 20) cutter.cut();
      }
    })();
    const seen: string[] = [];
    for await (const { changes } of watching.watch({ key: "k" }, { from })) {
      seen.push(...changes.map(({ value }) => text(value)));
      if (seen.length % 50 === 0) assertEquals((await watching.get("none")).outcome, "absent");
      if (seen.length >= count) break;
    }
    await writing;
    assertEquals(seen, Array.from({ length: count }, (_, value) => `${value}`));
    assert(cutter.connections > 2, `${cutter.connections} connections`);
    cutter.close();
  });
});

/** Passes bytes on between clients and a node until it cuts all connections. */
class Cutter {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #ends = new Set<Deno.Conn>();
  connections = 0;

  constructor(endpoint: string) {
    const [hostname = "", port] = endpoint.split(":");
    this.#accept({ hostname, port: Number(port) });
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  cut(): void {
    for (const end of this.#ends) end.close();
    this.#ends.clear();
  }

  close(): void {
    this.#listener.close();
    this.cut();
  }

  async #accept(to: { readonly hostname: string; readonly port: number }): Promise<void> {
    for await (const near of this.#listener) {
      this.connections++;
      const far = await Deno.connect(to);
      for (const end of [near, far]) this.#ends.add(end);
      this.#carry(near, far);
      this.#carry(far, near);
    }
  }

  async #carry(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    await from.readable.pipeTo(to.writable).catch(() => undefined);
    for (const end of [from, to]) if (this.#ends.delete(end)) end.close();
  }
}
