/**
 * Watches on a store in this process, with changes that the test hands out.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { bytesOf, LocalConnect, set, textOf } from "../../tests/helpers/local_connect.ts";
import { keyBytes } from "../../kv/mod.ts";
import { until } from "../../tests/helpers/until.ts";
import { type Clock, SystemClock } from "../../raft/mod.ts";
import type { StoreChange, WatchGroup } from "../store/mod.ts";
import { WatchError } from "../store/watch.ts";
import { Database } from "./database.ts";
import { MUTATION, Watch, WatchOutput } from "./messages.ts";
import { ConnectRefusal } from "./refusal.ts";
import { openWatch, PING_MS, type WatchKeys, type WatchOptions } from "./watch.ts";

/** Hands out changes, and then errors. */
class Changes {
  readonly #given: (WatchGroup | Error | "end")[] = [];
  readonly from: number[] = [];
  #wake: () => void = () => {};

  readonly watch: WatchKeys = (_, { from, signal }) => this.#watch(from, signal);

  give(...next: readonly (WatchGroup | Error | "end")[]): void {
    this.#given.push(...next);
    this.#wake();
  }

  async *#watch(from: number, signal: AbortSignal): AsyncGenerator<WatchGroup, void, void> {
    this.from.push(from);
    while (!signal.aborted) {
      const next = this.#given.shift();
      if (next instanceof Error) throw next;
      if (next === "end") return;
      if (next !== undefined) yield next;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    }
  }
}

/** A group that writes keys of the database, or removes them. */
function group(revision: number, keys: Readonly<Record<string, string | null>>): WatchGroup {
  const changes = Object.entries(keys).map(([name, value]): StoreChange => {
    const key = `db/test/${name}`;
    return {
      ...{
        key,
        keyBytes: keyBytes(key),
        version: 1,
        created: 1,
        revision,
        expiresAt: null,
        lease: null,
        previous: null,
      },
      ...{
        kind: value === null ? "expired" : "put",
        value: Uint8Array.of(3, ...bytesOf(value ?? "")),
      },
    };
  });
  return { revision, changes };
}

interface Watching {
  readonly connect: LocalConnect;
  readonly changes: Changes;
  readonly end: AbortController;
  /** The next message: the values of the keys with their revisions; `ping`; `null`: the end. */
  next(): Promise<readonly string[] | "ping" | null>;
}

async function watching(
  keys: readonly string[],
  work: (watching: Watching) => Promise<void>,
  options: Partial<WatchOptions> = {},
): Promise<void> {
  const connect = new LocalConnect();
  await connect.write({ mutations: [set("a", "one")] });
  const changes = new Changes();
  const end = new AbortController();
  const body = Watch.encode({ keys: keys.map((key) => ({ key: bytesOf(key) })) }).joined();
  const stream = await openWatch(body, {
    database: new Database("c", "test"),
    read: (batch) => connect.execute(batch),
    watch: changes.watch,
    clock: new SystemClock(),
    signal: end.signal,
    ...options,
  });
  const reader = stream.getReader();
  const next = async () => {
    const { value, done } = await reader.read();
    if (done) return null;
    const length = new DataView(value.buffer).getUint32(0, true);
    assertEquals(value.length, 4 + length);
    if (length === 0) return "ping";
    const output = WatchOutput.decode(value.subarray(4));
    assertEquals(output.status, 1);
    return output.keys.map(({ changed, entryIfChanged: entry }) => {
      assert(changed);
      if (entry === null) return "none";
      return `${textOf(entry.key)}=${textOf(entry.value)} @${entry.versionstamp[7]}`;
    });
  };
  try {
    await work({ connect, changes, end, next });
  } finally {
    // A stream that has failed says so again.
    await reader.cancel().catch((error) => assert(error instanceof WatchError));
  }
}

Deno.test("a watch begins with the state of all keys, and follows their changes", async () => {
  await watching(["a", "b", "a"], async ({ changes, next }) => {
    assertEquals(await next(), ["a=one @1", "none", "a=one @1"]);
    changes.give(group(3, { b: "two" }));
    assertEquals(await next(), ["a=one @1", "b=two @3", "a=one @1"]);
    changes.give(group(4, { a: null, b: "three" }));
    assertEquals(await next(), ["none", "b=three @4", "none"]);
    assertEquals(changes.from, [1]);
  });
});

Deno.test("a slow client gets the newest state, and no more messages than it reads", async () => {
  await watching(["a", "b"], async ({ changes, next }) => {
    assertEquals(await next(), ["a=one @1", "none"]);
    for (let revision = 2; revision <= 100; revision++) changes.give(group(revision, { a: "x" }));
    changes.give(group(101, { b: "last" }));
    await new Promise((resolve) => setTimeout(resolve, 10));
    assertEquals(await next(), ["a=x @100", "b=last @101"]);
    changes.give(group(102, { a: null }));
    assertEquals(await next(), ["none", "b=last @101"]);
  });
});

Deno.test("a watch that missed changes reads the state again, and goes on from there", async () => {
  await watching(["a"], async ({ connect, changes, next }) => {
    assertEquals(await next(), ["a=one @1"]);
    await connect.write({ mutations: [set("other", "x"), set("a", "two")] });
    changes.give(new WatchError({ reason: "compacted", revision: 1, oldest: 2 }));
    assertEquals(await next(), ["a=two @2"]);
    const gone = { key: bytesOf("a"), mutationType: MUTATION.delete };
    await connect.write({ mutations: [gone] });
    changes.give(new WatchError({ reason: "compacted", revision: 2, oldest: 3 }));
    assertEquals(await next(), ["none"]);
    assertEquals(changes.from, [1, 2, 3]);
  });
});

Deno.test("a client hears something of a watch without changes", async () => {
  const timers: (readonly [number, () => void])[] = [];
  const clock: Clock = {
    ...{ now: () => 0, wall: () => 0, soon: () => {} },
    after: (ms, run) => {
      timers.push([ms, run]);
      return { cancel: () => {} };
    },
  };
  await watching(["a"], async ({ changes, next }) => {
    assertEquals(await next(), ["a=one @1"]);
    const waiting = next();
    await until(() => timers.length === 1);
    const [[ms, run]] = timers as [[number, () => void]];
    assertEquals(ms, PING_MS);
    run();
    assertEquals(await waiting, "ping");
    changes.give(group(2, { a: "two" }));
    assertEquals(await next(), ["a=two @2"]);
  }, { clock });
});

Deno.test("a watch ends with its signal, and when no node can watch any more", async () => {
  await watching(["a"], async ({ end, next }) => {
    await next();
    const waiting = next();
    end.abort();
    assertEquals(await waiting, null);
  });
  // The client of the node's own store was closed.
  await watching(["a"], async ({ changes, next }) => {
    await next();
    changes.give("end");
    assertEquals([await next(), changes.from], [null, [1]]);
  });
  await watching(["a"], async ({ changes, next }) => {
    await next();
    changes.give(new WatchError({ reason: "refused" }));
    await assertRejects(next, WatchError);
  });
});

Deno.test("a watch of nothing, or of too much, is refused", async () => {
  await assertRejects(() => watching([], async () => {}), ConnectRefusal, "got none");
  await assertRejects(() => watching([""], async () => {}), ConnectRefusal, "at least 1 byte");
  const nobody = { read: () => Promise.resolve({ type: "unavailable" } as const) };
  await assertRejects(() => watching(["a"], async () => {}, nobody), ConnectRefusal, "No node");
});
