/**
 * Tests of batches on a store: checks, every operation, pages, history and what is refused.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { finish } from "../../tests/cluster/drawn.ts";
import { drawn } from "../../tests/cluster/drawn.ts";
import {
  type Batch,
  type BatchResult,
  decodeReply,
  encodeRequest,
  endOfPrefix,
  type Operation,
  type Reply,
  type Result,
} from "../command/mod.ts";
import { WORK_LIMITS } from "./execute.ts";
import type { ChangeGroup } from "./draft.ts";
import { KvStore } from "./store.ts";

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function request(batch: Partial<Batch>): Uint8Array {
  const full = { checks: [], then: [], otherwise: [], at: 0, ...batch };
  return encodeRequest({ type: "batch", batch: full });
}

function apply(store: KvStore, batch: Partial<Batch>): Reply | null {
  return decodeReply(store.apply(request(batch)));
}

/** Executes operations without checks; fails unless they are executed. */
function run(store: KvStore, ...then: Operation[]): readonly Result[] {
  return done(apply(store, { then })).results;
}

function query(store: KvStore, batch: Partial<Batch>): Reply | null {
  return decodeReply(store.query(request(batch)));
}

function done(reply: Reply | null): BatchResult {
  assert(reply?.type === "batch", `got ${reply?.type}`);
  return reply.result;
}

function put(key: string, value: string): Operation {
  return { op: "put", key, value: text(value) };
}

function range(start: string, more: Partial<Extract<Operation, { op: "range" }>> = {}): Operation {
  const standard = { limit: 1000, reverse: false, show: "entries" } as const;
  return { op: "range", start, end: endOfPrefix(start), ...standard, ...more };
}

/** The keys that a result lists. */
function keys(result: Result | undefined): readonly string[] {
  assert(result?.op === "range");
  return result.entries.map(({ key }) => key);
}

function number(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

Deno.test("a batch does what its checks decide, at one revision", () => {
  const store = new KvStore();
  const first = apply(store, {
    checks: [{ key: "a", absent: true }, { key: "b", version: 0 }],
    then: [put("a", "1"), put("b", "2"), { op: "get", key: "a" }],
    otherwise: [put("c", "3")],
  });
  const entry = { key: "a", value: text("1"), version: 1, created: 1, revision: 1 };
  assertEquals(done(first), {
    held: true,
    revision: 1,
    failedChecks: [],
    results: [{ op: "put", version: 1 }, { op: "put", version: 1 }, { op: "get", entry }],
  });
  const second = apply(store, {
    checks: [{ key: "a", absent: true }, { key: "b", present: true }, { key: "a", version: 2 }],
    then: [put("a", "wrong")],
    otherwise: [{ op: "get", key: "a" }, put("b", "4")],
  });
  assertEquals(done(second), {
    held: false,
    revision: 2,
    failedChecks: [0, 2],
    results: [{ op: "get", entry }, { op: "put", version: 2 }],
  });
  assertEquals(done(query(store, { then: [range("")] })).results, [{
    op: "range",
    entries: [entry, { key: "b", value: text("4"), version: 2, created: 1, revision: 2 }],
    next: null,
  }]);
});

Deno.test("checks hold for what is there, and for nothing else", () => {
  const store = new KvStore();
  run(store, put("k", "v"), put("gone", "v"));
  run(store, put("k", "w"), { op: "delete", key: "gone" });
  const held: Batch["checks"] = [
    { key: "k", present: true },
    { key: "k", version: 2 },
    { key: "k", revision: 2 },
    { key: "k", value: text("w") },
    { key: "gone", absent: true },
    { key: "gone", version: 2 },
    { key: "never", absent: true },
    { key: "never", version: 0 },
  ];
  const failed: Batch["checks"] = [
    { key: "k", absent: true },
    { key: "k", version: 1 },
    { key: "k", revision: 1 },
    { key: "k", value: text("v") },
    { key: "k", value: text("wx") },
    { key: "gone", present: true },
    { key: "gone", version: 0 },
    { key: "gone", revision: 2 },
    { key: "gone", value: text("") },
    { key: "never", present: true },
    { key: "never", revision: 0 },
  ];
  const result = done(query(store, { checks: [...held, ...failed] }));
  assertEquals(result.failedChecks, failed.map((_, place) => held.length + place));
});

Deno.test("the version of a key never goes back, also over deletions, images and lab puts", () => {
  let store = new KvStore();
  run(store, put("k", "1"));
  run(store, put("k", "2"));
  assertEquals(run(store, { op: "delete", key: "k" }), [{ op: "delete", existed: true }]);
  assertEquals(run(store, { op: "delete", key: "k" }), [{ op: "delete", existed: false }]);
  const image = drawn(store.snapshot());
  store = new KvStore();
  finish(store.restore(image));
  const lab = (version: number) =>
    decodeReply(store.apply(encodeRequest({ type: "put", key: "k", value: text("3"), version })));
  assertEquals(lab(0), { type: "wrongVersion", version: 3 });
  assertEquals(lab(2), { type: "wrongVersion", version: 3 });
  assertEquals(lab(3), { type: "stored" });
  const entry = { key: "k", value: text("3"), version: 4, created: 7, revision: 7 };
  assertEquals(run(store, { op: "get", key: "k" }), [{ op: "get", entry }]);
  assertEquals(store.size, 1);
});

Deno.test("operations of a batch see those before them, and a deletion hides what was there", () => {
  const store = new KvStore();
  run(store, put("a", "1"), put("b", "2"), put("d", "4"));
  const results = run(
    store,
    put("c", "3"),
    { op: "delete", key: "b" },
    put("0", "0"),
    range(""),
    range("", { reverse: true, limit: 2 }),
    { op: "count", start: "b", end: null },
    { op: "deleteRange", start: "a", end: "d", limit: 10 },
    put("b", "again"),
    range(""),
  );
  assertEquals(keys(results[3]), ["0", "a", "c", "d"]);
  assertEquals(keys(results[4]), ["d", "c"]);
  assertEquals(results[5], { op: "count", count: 2, next: null });
  assertEquals(results[6], { op: "deleteRange", count: 2, next: null });
  assertEquals(keys(results[8]), ["0", "b", "d"]);
  assertEquals(results[7], { op: "put", version: 3 });
  assertEquals(keys(done(query(store, { then: [range("")] })).results[0]), ["0", "b", "d"]);
});

Deno.test("numbers are added, wrapped, clamped, lowered and raised", () => {
  const store = new KvStore();
  const last = 2n ** 64n - 1n;
  const add = (amount: bigint, overflow: "wrap" | "clamp" = "wrap"): Operation => {
    return { op: "add", key: "n", amount, overflow };
  };
  const results = run(
    store,
    ...[add(5n), add(last), add(last, "clamp")],
    { op: "min", key: "n", amount: 9n },
    { op: "max", key: "n", amount: 3n },
    { op: "min", key: "low", amount: 7n },
    { op: "max", key: "high", amount: 8n },
    { op: "max", key: "high", amount: 10n },
    { op: "min", key: "low", amount: 6n },
  );
  const values = results.map((result) => "value" in result ? result.value : null);
  assertEquals(values, [5n, 4n, last, 9n, 9n, 7n, 8n, 10n, 6n]);
  const found = run(store, { op: "get", key: "n" })[0];
  assert(found?.op === "get" && found.entry !== null);
  assertEquals([found.entry.value, found.entry.version], [number(9n), 5]);
});

Deno.test("putAtRevision makes keys in the order of writing", () => {
  const store = new KvStore();
  const append: Operation = { op: "putAtRevision", prefix: "log/", value: text("x") };
  const made = [...run(store, append, append), ...run(store, append)];
  const names = made.map((result) => result.op === "putAtRevision" ? result.key : "");
  assertEquals(names[0], "log/00000000000000010000");
  assertEquals(names, names.toSorted());
  assertEquals(keys(run(store, range("log/"))[0]), names);
});

Deno.test("putStamped ends a key with the versionstamp of the batch", () => {
  const store = new KvStore();
  run(store, put("a", "1"));
  const stamped: Operation = {
    ...{ op: "putStamped", prefix: "log/\x02", suffix: "\0", value: text("x") },
  };
  assertEquals(
    run(store, stamped, stamped).map((result) => "version" in result && result.version),
    [
      1,
      2,
    ],
  );
  assertEquals(keys(run(store, range("log/"))[0]), ["log/\x0200000000000000020000\0"]);
});

Deno.test("a batch that cannot be executed says why and changes nothing", () => {
  const store = new KvStore();
  run(store, put("k", "no number"), put("other", "v"));
  const before = drawn(store.snapshot());
  const megabyte = "v".repeat(2 ** 20 - 100);
  const wide = { op: "putAtRevision", prefix: "x".repeat(4090), value: text("v") } as const;
  const wrong: readonly (readonly [readonly Operation[], string])[] = [
    [[put("a", "1"), { op: "add", key: "k", amount: 1n, overflow: "wrap" }], "got 9 bytes"],
    [[put("a", megabyte), ...Array<Operation>(9).fill({ op: "get", key: "a" })], "8388608 bytes"],
    [[put("a", "1"), wide], "4096 bytes, got 4110"],
    [[put("a", "1"), { ...wide, op: "putStamped", suffix: "" }], "4096 bytes, got 4110"],
    [[put("a", "1"), { ...wide, op: "putStamped", prefix: "\xff", suffix: "" }], "begin with 255"],
    [
      [put("a", "1"), {
        ...{
          op: "calculate",
          key: "k",
          how: "sum",
          operand: Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0, 0),
        },
        ...{ lowest: new Uint8Array(), highest: new Uint8Array(), clamp: false },
      }],
      "non-U64 value",
    ],
  ];
  for (const [then, reason] of wrong) {
    const reply = apply(store, { then });
    assert(reply?.type === "invalid" && reply.reason.includes(reason), JSON.stringify(reply));
  }
  const { revision } = store;
  const restored = new KvStore();
  finish(restored.restore(before));
  assertEquals([restored.size, store.size, revision], [2, 2, 1 + wrong.length]);
  assertEquals(keys(done(query(store, { then: [range("")] })).results[0]), ["k", "other"]);
});

Deno.test("a batch touches only so many keys", () => {
  const store = new KvStore();
  for (let batch = 0; batch * 1000 < WORK_LIMITS.keys + 1000; batch++) {
    const many = Array.from({ length: 1000 }, (_, at) => put(`${batch}.${at}`, ""));
    assertEquals(run(store, ...many).length, 1000);
  }
  const reply = apply(store, { then: Array<Operation>(6).fill(range("")) });
  assert(reply?.type === "invalid" && reply.reason.includes("5000 keys"), JSON.stringify(reply));
  const [counted] = run(store, { op: "count", start: "", end: null });
  assert(counted?.op === "count" && counted.next !== null);
  const [rest] = run(store, { op: "count", start: counted.next, end: null });
  assert(rest?.op === "count" && rest.next === null);
  assertEquals(counted.count + rest.count, store.size);
});

Deno.test("pages of a range meet without gap, by count and by bytes, in both directions", () => {
  const store = new KvStore();
  const names = Array.from({ length: 40 }, (_, at) => `p/${`${at}`.padStart(2, "0")}`);
  for (const name of names) run(store, put(name, "v".repeat(100_000)));
  run(store, put("p", "before"), put("p0", "behind"));
  const page = (more: Partial<Extract<Operation, { op: "range" }>>) => {
    const [result] = done(query(store, { then: [range("p/", more)] })).results;
    assert(result?.op === "range");
    return result;
  };
  for (const limit of [3, 1000]) {
    const found: string[] = [];
    for (let start: string | null = "p/"; start !== null;) {
      const { entries, next } = page({ start, limit });
      assert(entries.length > 0 && entries.length <= Math.min(limit, 10));
      found.push(...keys({ op: "range", entries, next }));
      start = next;
    }
    assertEquals(found, names);
  }
  const back: string[] = [];
  for (let end: string | null = endOfPrefix("p/"); end !== null;) {
    const { entries, next } = page({ end, limit: 7, reverse: true, show: "keys" });
    assertEquals(entries.map(({ value }) => value), entries.map(() => null));
    back.push(...entries.map(({ key }) => key));
    end = next;
  }
  assertEquals(back, names.toReversed());
});

Deno.test("a deletion of a range goes on where it ended", () => {
  const store = new KvStore();
  run(store, ...Array.from({ length: 10 }, (_, at) => put(`k${at}`, "v")));
  const [first] = run(store, { op: "deleteRange", start: "k", end: null, limit: 4 });
  assertEquals(first, { op: "deleteRange", count: 4, next: "k4" });
  const [second] = run(store, { op: "deleteRange", start: "k4", end: null, limit: 6 });
  assertEquals(second, { op: "deleteRange", count: 6, next: null });
  assertEquals(store.size, 0);
});

Deno.test("reads at a revision see its state, until it is compacted", () => {
  const revisions = 100;
  const store = new KvStore(undefined, { revisions, bytes: 1e9 });
  run(store, put("k", "old"), put("gone", "v"));
  run(store, put("k", "new"), { op: "delete", key: "gone" }, put("later", "v"));
  const at = (revision: number) => query(store, { then: [range("")], at: revision });
  assertEquals(keys(done(at(1)).results[0]), ["gone", "k"]);
  assertEquals(done(at(1)).revision, 1);
  assertEquals(keys(done(at(2)).results[0]), ["k", "later"]);
  assertEquals(at(3), { type: "future", newest: 2 });
  for (let step = 0; step < revisions; step++) run(store, put("k", `${step}`));
  assertEquals(at(2), { type: "compacted", oldest: 3 });
  assertEquals(keys(done(at(3)).results[0]), ["k", "later"]);
});

Deno.test("reads reach back as long as the history is to be kept, by the time of the log", () => {
  const store = new KvStore(undefined, { ms: 1000 });
  const write = (value: string, steady: number): void => {
    const index = store.revision + 1;
    store.apply(request({ then: [put("k", value)] }), { index, steady });
  };
  const at = (revision: number) => query(store, { then: [range("")], at: revision });
  write("one", 0);
  write("two", 600);
  write("three", 1000);
  assertEquals(done(at(1)).revision, 1);
  write("four", 1700);
  assertEquals([at(1), done(at(3)).revision], [{ type: "compacted", oldest: 3 }, 3]);
});

Deno.test("a store shows its observer every change once, and nothing of what was refused", () => {
  const store = new KvStore();
  const groups: ChangeGroup[] = [];
  store.observe({ changed: (group) => void groups.push(group), replaced: () => {} });
  run(store, put("a", "1"), put("b", "1"), put("a", "2"));
  run(store, { op: "get", key: "a" }, { op: "delete", key: "never" });
  apply(store, { checks: [{ key: "a", absent: true }], then: [put("c", "1")] });
  store.apply(encodeRequest({ type: "put", key: "a", value: text("3"), version: 2 }));
  run(store, { op: "delete", key: "b" });
  store.observe(null);
  run(store, put("a", "unseen"));
  const seen = groups.map(({ revision, changes }) => [
    revision,
    ...changes.map(({ entry, previous }) => [entry.key, entry.version, previous?.version ?? 0]),
  ]);
  assertEquals(seen, [[1, ["a", 2, 0], ["b", 1, 0]], [4, ["a", 3, 2]], [5, ["b", 2, 1]]]);
});

Deno.test("a batch without room changes nothing", () => {
  const store = new KvStore({ keysMax: 2, bytesMax: 1000 });
  assertEquals(apply(store, { then: [put("a", ""), put("b", ""), put("c", "")] })?.type, "full");
  assertEquals(apply(store, { then: [put("a", "v".repeat(990))] })?.type, "full");
  assertEquals([store.size, store.revision], [0, 2]);
  run(store, put("a", ""), put("b", ""));
  run(store, { op: "delete", key: "a" }, put("c", ""));
  assertEquals(store.size, 2);
});
