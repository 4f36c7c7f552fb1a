/**
 * A client of KV Connect as a process of its own: `suite URL` calls every method of Deno KV's
 * documentation; `count URL` writes until a line arrives on the standard input, and prints what the
 * answers have said. It is plain JavaScript, for it runs with `Deno.openKv` under Deno and with
 * `@deno/kv` under Node.
 *
 * @module
 */

import assert from "node:assert/strict";
import process from "node:process";

const [what, url] = process.argv.slice(2);
const isDeno = "Deno" in globalThis;
const { open, u64 } = isDeno ? builtIn() : await packaged();

if (what === "suite") {
  await kvSuite(open, { canEnqueue: !isDeno, u64 });
  console.log(JSON.stringify({ done: true }));
} else {
  const kv = await open();
  const stopped = new Promise((resolve) => process.stdin.once("data", resolve));
  console.log(JSON.stringify({ ready: true }));
  console.log(JSON.stringify(await countUntil(kv, stopped, 4)));
  kv.close();
}
process.exit(0);

function builtIn() {
  return { open: () => Deno.openKv(url), u64: (number) => new Deno.KvU64(number) };
}

async function packaged() {
  const { openKv } = await import("@deno/kv");
  const accessToken = process.env.DENO_KV_ACCESS_TOKEN;
  // The package has no constructor for such numbers: a sum makes one.
  const u64 = (value) => new PackagedU64(value);
  const kvOf = await openKv(url, { accessToken });
  const sample = (await kvOf.atomic().sum(["u64"], 1n).commit(), (await kvOf.get(["u64"])).value);
  const PackagedU64 = sample.constructor;
  await kvOf.delete(["u64"]);
  kvOf.close();
  return { open: () => openKv(url, { accessToken }), u64 };
}

/** Runs all of it on an empty database. `canEnqueue`: the client sends messages to the server. */
async function kvSuite(open, { canEnqueue, u64 }) {
  const kv = await open();
  await basics(kv);
  await lists(kv);
  await atomics(kv);
  await numbers(kv, u64);
  if (isDeno) await plainNumbers(kv);
  await expiry(kv);
  await watches(kv);
  await limits(kv);
  await queues(kv, canEnqueue);
  kv.close();
  await assert.rejects(async () => await kv.get(["a"]));
}

/** Sums of numbers as V8 writes them, which Deno's client alone sends. */
async function plainNumbers(kv) {
  for (const [first, second] of [[40, 2], [-1.5, 0.25], [2n ** 70n, -3n]]) {
    const key = ["plain"];
    await kv.set(key, first);
    await kv.atomic().mutate({ type: "sum", key, value: second }).commit();
    assert.equal((await kv.get(key)).value, first + second);
  }
}

/** The entries of a list as `key=value`. */
async function listed(kv, selector, options) {
  const found = [];
  for await (const { key, value } of kv.list(selector, options)) {
    found.push(`${key.join("/")}=${value}`);
  }
  return found;
}

async function basics(kv) {
  assert.deepEqual(await kv.get(["none"]), { key: ["none"], value: null, versionstamp: null });
  const values = {
    text: "ü🚣",
    number: -1.5,
    big: 2n ** 70n,
    truth: true,
    nothing: null,
    missing: undefined,
    date: new Date(0),
    bytes: new Uint8Array([0, 255]),
    list: [1, [2], { three: 3 }],
    map: new Map([["k", new Set([1, 2])]]),
  };
  const keys = Object.keys(values).map((name) => ["basics", name]);
  let before = "";
  for (const key of keys) {
    const { ok, versionstamp } = await kv.set(key, values[key[1]]);
    assert.ok(ok && /^[0-9a-f]{20}$/.test(versionstamp) && versionstamp > before);
    before = versionstamp;
    const entry = await kv.get(key);
    assert.deepEqual(entry, { key, value: values[key[1]], versionstamp });
  }
  const many = await kv.getMany([...keys, ["none"]].slice(0, 10));
  assert.deepEqual(many.map(({ value }) => value), Object.values(values).slice(0, 10));
  const parts = [["basics", 1], ["basics", 1n], ["basics", true], ["basics", new Uint8Array([1])]];
  for (const key of parts) await kv.set(key, "part");
  assert.deepEqual((await kv.getMany(parts)).map(({ value }) => value), parts.map(() => "part"));
  assert.equal((await kv.get(["basics", 2])).value, null);
  for (const key of [...keys, ...parts]) await kv.delete(key);
  await kv.delete(["basics", "text"]);
  assert.deepEqual(await listed(kv, { prefix: ["basics"] }), []);
}

async function lists(kv) {
  const names = Array.from({ length: 25 }, (_, at) => at);
  for (const at of names) await kv.set(["list", at], at);
  await kv.set(["lis"], "not below it");
  await kv.set(["lisu", 1], "other");
  const all = names.map((at) => `list/${at}=${at}`);
  const prefix = ["list"];
  const cases = [
    [{ prefix }, {}, all],
    [{ prefix }, { batchSize: 4 }, all],
    [{ prefix }, { reverse: true, batchSize: 7 }, all.toReversed()],
    [{ prefix }, { limit: 3 }, all.slice(0, 3)],
    [{ prefix }, { limit: 9, batchSize: 2, reverse: true }, all.toReversed().slice(0, 9)],
    [{ prefix }, { consistency: "eventual" }, all],
    [{ prefix, start: ["list", 20] }, {}, all.slice(20)],
    [{ prefix, end: ["list", 5] }, {}, all.slice(0, 5)],
    [{ start: ["list", 3], end: ["list", 6] }, {}, all.slice(3, 6)],
    [{ start: ["list", 3], end: ["list", 6] }, { reverse: true }, all.slice(3, 6).toReversed()],
    [{ start: ["list", 6], end: ["list", 6] }, {}, []],
    [{ prefix: ["nothing"] }, {}, []],
  ];
  for (const [selector, options, wanted] of cases) {
    assert.deepEqual(await listed(kv, selector, options), wanted);
  }
  for (const reverse of [false, true]) {
    const found = [];
    let cursor;
    while (found.length < names.length) {
      const page = kv.list({ prefix }, { limit: 6, cursor, reverse });
      for await (const { value } of page) found.push(value);
      cursor = page.cursor;
    }
    assert.deepEqual(reverse ? found.toReversed() : found, names);
  }
}

async function atomics(kv) {
  const key = ["atomic"];
  assert.equal(
    (await kv.atomic().check({ key, versionstamp: null }).set(key, 1).commit()).ok,
    true,
  );
  assert.equal(
    (await kv.atomic().check({ key, versionstamp: null }).set(key, 2).commit()).ok,
    false,
  );
  const entry = await kv.get(key);
  const other = ["atomic", "other"];
  const both = await kv.atomic().check(entry).set(key, 3).set(other, 4).commit();
  assert.equal(both.ok, true);
  const [one, two] = await kv.getMany([key, other]);
  assert.deepEqual([one.value, two.value, one.versionstamp], [3, 4, both.versionstamp]);
  assert.equal(one.versionstamp, two.versionstamp);
  assert.equal((await kv.atomic().check(entry).delete(key).commit()).ok, false);
  assert.equal((await kv.atomic().check(one, two).delete(key).delete(other).commit()).ok, true);
  assert.deepEqual((await kv.getMany([key, other])).map(({ value }) => value), [null, null]);
  const mutated = await kv.atomic().mutate(
    { type: "set", key, value: "set" },
    { type: "delete", key: other },
  ).commit();
  assert.equal(mutated.ok, true);
  const [first, second] = [await kv.atomic().commit(), await kv.atomic().commit()];
  assert.ok(first.versionstamp < second.versionstamp);
  const many = kv.atomic();
  for (let at = 0; at < 500; at++) many.set(["many", at], at);
  assert.equal((await many.commit()).ok, true);
  assert.equal((await listed(kv, { prefix: ["many"] })).length, 500);
  if (typeof kv.commitVersionstamp !== "function") return;
  const { versionstamp } = await kv.atomic().set(["log", kv.commitVersionstamp()], "x").commit();
  assert.deepEqual(await listed(kv, { prefix: ["log"] }), [`log/${versionstamp}=x`]);
}

async function numbers(kv, u64) {
  const key = ["number"];
  const value = async () => (await kv.get(key)).value.value;
  await kv.atomic().sum(key, 5n).commit();
  assert.equal(await value(), 5n);
  await kv.atomic().sum(key, 2n ** 64n - 2n).commit();
  assert.equal(await value(), 3n);
  await kv.atomic().max(key, 10n).max(key, 7n).commit();
  assert.equal(await value(), 10n);
  await kv.atomic().min(key, 4n).sum(key, 1n).commit();
  assert.equal(await value(), 5n);
  await kv.set(key, u64(100n));
  await kv.atomic().mutate({ type: "sum", key, value: u64(1n) }).commit();
  assert.equal(await value(), 101n);
  await kv.set(key, "text");
  const wrong = async () => await kv.atomic().set(["never"], 1).sum(key, 1n).commit();
  await assert.rejects(wrong, /'sum' mutation on a non-U64 value in the database/);
  assert.equal((await kv.get(["never"])).value, null);
  await Promise.all(Array.from({ length: 50 }, () => kv.atomic().sum(["shared"], 1n).commit()));
  assert.equal((await kv.get(["shared"])).value.value, 50n);
}

async function expiry(kv) {
  await kv.set(["soon"], 1, { expireIn: 300 });
  await kv.atomic().set(["soon", "atomic"], 1, { expireIn: 300 }).commit();
  await kv.set(["late"], 1, { expireIn: 3_600_000 });
  assert.equal((await kv.get(["soon"])).value, 1);
  const keys = [["soon"], ["soon", "atomic"], ["late"]];
  for (let tries = 0;; tries++) {
    const values = (await kv.getMany(keys)).map(({ value }) => value);
    if (values[0] === null && values[1] === null) {
      assert.equal(values[2], 1);
      break;
    }
    assert.ok(tries < 100, "keys that have expired are still there");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function watches(kv) {
  const keys = [["watched", 1], ["watched", 2]];
  await kv.set(keys[0], "before");
  const reader = kv.watch(keys).getReader();
  const next = async () => {
    const { value } = await reader.read();
    return value.map((entry) => entry.value);
  };
  assert.deepEqual(await next(), ["before", null]);
  await kv.set(keys[1], "second");
  assert.deepEqual(await next(), ["before", "second"]);
  await kv.atomic().set(keys[0], "both").delete(keys[1]).commit();
  assert.deepEqual(await next(), ["both", null]);
  await kv.set(keys[1], "brief", { expireIn: 300 });
  assert.deepEqual(await next(), ["both", "brief"]);
  assert.deepEqual(await next(), ["both", null]);
  for (let at = 1; at <= 100; at++) await kv.set(keys[0], at);
  let [last] = await next();
  while (last !== 100) [last] = await next();
  await reader.cancel();
}

async function limits(kv) {
  await kv.set(["limit"], new Uint8Array(60_000));
  assert.equal((await kv.get(["limit"])).value.length, 60_000);
  await assert.rejects(async () => await kv.set(["limit"], new Uint8Array(70_000)));
  await assert.rejects(async () => await kv.set([new Uint8Array(3000)], 1));
  for (let at = 0; at < 60; at++) await kv.set(["wide", at], new Uint8Array(60_000).fill(at));
  let sum = 0;
  for await (const { value } of kv.list({ prefix: ["wide"] })) sum += value[59_999];
  assert.equal(sum, 59 * 30);
}

async function queues(kv, canEnqueue) {
  const enqueue = async () => await kv.enqueue("later", { delay: 1000 });
  if (canEnqueue) assert.equal((await enqueue()).ok, true);
  else await assert.rejects(enqueue, /not supported in KV Connect/);
  if (canEnqueue) await assert.rejects(async () => await kv.listenQueue(() => {}), /not possible/);
}

/** Counts with so many loops at once, each with a log of its own beside the common sum. */
async function countUntil(kv, stopped, loops) {
  let isOver = false;
  stopped.then(() => isOver = true);
  let sums = 0;
  let refused = 0;
  const states = [];
  const watching = watchTotal(kv, states);
  const logs = Array.from({ length: loops }, async (_, loop) => {
    let length = 0;
    while (!isOver) {
      const key = ["length", loop];
      const entry = await kv.get(key);
      if ((entry.value ?? 0) !== length) throw new Error(`${loop}: ${entry.value}, not ${length}`);
      const done = await kv.atomic().check(entry).set(key, length + 1)
        .set(["log", loop, length], loop).sum(["total"], 1n).commit();
      if (!done.ok) throw new Error(`${loop}: a check of a key that nobody else writes failed`);
      length++;
      sums++;
      if (!(await kv.atomic().check(entry).sum(["total"], 1000n).commit()).ok) refused++;
    }
    return length;
  });
  const lengths = await Promise.all(logs);
  const { value } = await kv.get(["total"]);
  let entries = 0;
  for await (const _ of kv.list({ prefix: ["log"] })) entries++;
  const last = await watching(value.value);
  const isOrdered = states.every((state, at) => at === 0 || state >= states[at - 1]);
  return { sums, refused, total: Number(value.value), entries, lengths, last, isOrdered };
}

/** Follows the total; the result waits until a state is seen. */
function watchTotal(kv, states) {
  const reader = kv.watch([["total"]]).getReader();
  const seen = (async () => {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      states.push(Number(value[0].value?.value ?? 0));
    }
  })();
  return async (wanted) => {
    while (states.at(-1) !== Number(wanted)) await new Promise((done) => setTimeout(done, 20));
    const last = states.at(-1);
    await reader.cancel();
    await seen;
    return last;
  };
}
