/**
 * The store over HTTP: keys with conditions, ranges, batches, watches, and their description.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { withJsonDoor } from "../../../tests/helpers/serving_door.ts";
import { inTime, until } from "../../../tests/helpers/until.ts";
import { SeededRandom } from "../../../tests/sim/seeded_random.ts";
import { type StoreClient, StoreReadError } from "../../store/mod.ts";
import type { HttpCall } from "../mod.ts";
import { jsonRoutes, openApi } from "./mod.ts";

/** A request and what came back. */
async function ask(
  url: string,
  init: RequestInit = {},
): Promise<Response & { readonly body2: string }> {
  const response = await fetch(url, init);
  const text = await response.text();
  return Object.assign(response, { body2: text });
}

async function put(url: string, body: BodyInit, headers: HeadersInit = {}): Promise<Response> {
  return await ask(url, { method: "PUT", body, headers });
}

/** The JSON of an answer. */
async function json(url: string, init: RequestInit = {}): Promise<Record<string, never>> {
  return JSON.parse((await ask(url, init)).body2);
}

Deno.test("a key's value is its body, and its revision the entity tag", async () => {
  await withJsonDoor(async (base) => {
    const url = `${base}/v1/keys/users/1`;
    assertEquals((await ask(url)).status, 404);
    const etag = (await put(url, "ada")).headers.get("etag")!;
    const got = await ask(url);
    assertEquals([got.status, got.body2, got.headers.get("etag")], [200, "ada", etag]);
    assertEquals(got.headers.get("kontiki-version"), "1");
    assertEquals((await ask(url, { headers: { "if-none-match": etag } })).status, 304);
    assertEquals((await ask(url, { headers: { "if-none-match": '"1"' } })).status, 200);
    const entry = await json(url, { headers: { accept: "application/json" } });
    assertEquals([entry["key"], entry["value"], `"${entry["revision"]}"`], [
      "users/1",
      "ada",
      etag,
    ]);
    assertEquals((await json(url, { method: "DELETE" }))["existed"], true);
    assertEquals((await json(url, { method: "DELETE" }))["existed"], false);
    assertEquals((await ask(url)).status, 404);
  });
});

Deno.test("a write happens only if its conditions hold", async () => {
  await withJsonDoor(async (base) => {
    const url = `${base}/v1/keys/a`;
    assertEquals((await put(url, "0", { "if-match": "*" })).status, 412);
    const first = await put(url, "1", { "if-none-match": "*" });
    assertEquals(first.status, 200);
    const again = await put(url, "2", { "if-none-match": "*" });
    assertEquals([again.status, again.headers.get("etag")], [412, first.headers.get("etag")]);
    const tag = first.headers.get("etag")!;
    const second = await put(url, "3", { "if-match": tag });
    assertEquals(second.status, 200);
    assertEquals((await put(url, "4", { "if-match": tag })).status, 412);
    assertEquals((await ask(url, { method: "DELETE", headers: { "if-match": tag } })).status, 412);
    assertEquals((await ask(url)).body2, "3");
    assertEquals((await put(url, "5", { "if-match": "*" })).status, 200);
    for (const wrong of ['W/"1"', "1", '"x"', '"1", "2"']) {
      assertEquals((await put(url, "6", { "if-match": wrong })).status, 400, wrong);
    }
    assertEquals((await put(url, "6", { "if-none-match": tag })).status, 400);
    assertEquals((await ask(url)).body2, "5");
  });
});

Deno.test("a read obeys lists of tags, and those that a cache has weakened", async () => {
  await withJsonDoor(async (base) => {
    const url = `${base}/v1/keys/a`;
    const status = async (headers: HeadersInit) => (await ask(url, { headers })).status;
    assertEquals(await status({ "if-match": "*" }), 412);
    assertEquals(await status({ "if-none-match": "*" }), 404);
    const tag = (await put(url, "1")).headers.get("etag")!;
    for (const known of [tag, `W/${tag}`, `"1", W/${tag}`, "*"]) {
      assertEquals(await status({ "if-none-match": known }), 304, known);
      assertEquals(await status({ "if-match": known }), 200, known);
    }
    for (const other of ['"1"', 'W/"1"', '"x", "y"']) {
      assertEquals(await status({ "if-none-match": other }), 200, other);
      assertEquals(await status({ "if-match": other }), 412, other);
    }
    for (const wrong of ["1", '"1" "2"', 'w"1"']) {
      assertEquals(await status({ "if-none-match": wrong }), 400, wrong);
    }
  });
});

Deno.test("HEAD answers as GET without the body, and OPTIONS names the methods of a path", async () => {
  await withJsonDoor(async (base) => {
    const url = `${base}/v1/keys/a`;
    const tag = (await put(url, "12345")).headers.get("etag");
    const head = await ask(url, { method: "HEAD" });
    assertEquals([head.status, head.body2, head.headers.get("etag")], [200, "", tag]);
    assertEquals((await ask(`${url}/none`, { method: "HEAD" })).status, 404);
    const options = await ask(url, { method: "OPTIONS" });
    const methods = "DELETE, GET, HEAD, OPTIONS, PUT";
    assertEquals([options.status, options.headers.get("allow")], [204, methods]);
    const post = await ask(url, { method: "POST", body: "x" });
    assertEquals([post.status, post.headers.get("allow")], [405, methods]);
    assertEquals((await ask(`${base}/nothing`, { method: "OPTIONS" })).status, 404);
  });
});

Deno.test("a read that may see an older state says how old it is", async () => {
  await withJsonDoor(async (base) => {
    const url = `${base}/v1/keys/a`;
    await put(url, "1");
    const plain = await ask(url);
    assertEquals(plain.headers.get("kontiki-age-ms"), null);
    const stale = await ask(`${url}?stale=5s`);
    const age = Number(stale.headers.get("kontiki-age-ms") ?? NaN);
    assertEquals([stale.status, stale.body2], [200, "1"]);
    assert(age >= 0 && age <= 5000, `${age} ms`);
    for (const path of ["range?", "count?prefix=a&"]) {
      const { ageMs } = await json(`${base}/v1/${path}stale=200ms`);
      assert(Number(ageMs) >= 0 && Number(ageMs) <= 200, `${path}: ${ageMs} ms`);
      assertEquals((await json(`${base}/v1/${path}`))["ageMs"], undefined);
    }
    const lines = (await ask(`${base}/v1/lines?stale=1m`)).body2.trim().split("\n");
    assert(JSON.parse(lines.at(-1)!).ageMs >= 0, lines.at(-1));
    for (const wrong of ["", "5h", "-1s", "1.5s", "s"]) {
      assertEquals((await ask(`${url}?stale=${wrong}`)).status, 400, wrong);
    }
  });
});

Deno.test("keys and values may be any bytes", async () => {
  await withJsonDoor(async (base) => {
    const value = Uint8Array.of(0, 255, 10, 13);
    for (const key of ["%fe%00", "a%2Fb", "..", "a/../b", "%20 %F0%9F%98%80", "a//b/"]) {
      // The client's own URL parser would take the dots out.
      const conn = await Deno.connect({ port: Number(base.split(":")[2]) });
      const head = `PUT /v1/keys/${key.replace(" ", "%20")} HTTP/1.1\r\nHost: localhost\r\n`;
      await conn.write(new TextEncoder().encode(`${head}Connection: close\r\n`));
      await conn.write(new TextEncoder().encode(`Content-Length: ${value.length}\r\n\r\n`));
      await conn.write(value);
      let got = "";
      for await (const part of conn.readable) got += new TextDecoder().decode(part);
      assert(got.startsWith("HTTP/1.1 200 "), `${key}: ${got}`);
    }
    const { entries } = await json(`${base}/v1/range`) as unknown as {
      readonly entries: readonly { readonly key: unknown; readonly value: unknown }[];
    };
    const keys = entries.map((entry) => entry.key);
    const odd = { base64: "/gA=" };
    assertEquals(keys, ["  😀", "..", "a/../b", "a//b/", "a/b", odd]);
    assertEquals(entries[0]!.value, { base64: "AP8KDQ==" });
    const bytes = await fetch(`${base}/v1/keys/%fe%00`);
    assertEquals(new Uint8Array(await bytes.arrayBuffer()), value);
  });
});

Deno.test("a key put with a time to live says when it ends", async () => {
  await withJsonDoor(async (base) => {
    const before = Date.now();
    assertEquals((await put(`${base}/v1/keys/a?ttl=60`, "x")).status, 200);
    const ends = Date.parse((await ask(`${base}/v1/keys/a`)).headers.get("kontiki-expires")!);
    assert(ends >= before + 60_000 - 1000 && ends <= Date.now() + 60_000, `${ends - before}`);
  });
});

Deno.test("ranges are read page by page at one revision, or line by line", async () => {
  await withJsonDoor(async (base) => {
    for (const name of ["a", "b", "c", "d"]) await put(`${base}/v1/keys/x/${name}`, name);
    await put(`${base}/v1/keys/y`, "other");
    const first = await json(`${base}/v1/range?prefix=x/&limit=3`);
    const keys = (page: Record<string, never>): string[] =>
      (page["entries"] as unknown as { key: string }[]).map(({ key }) => key);
    assertEquals([keys(first), first["next"]], [["x/a", "x/b", "x/c"], "x/d"] as never);
    await ask(`${base}/v1/keys/x/d`, { method: "DELETE" });
    const next = `start=${first["next"]}&end=x0&at=${first["revision"]}`;
    const second = await json(`${base}/v1/range?${next}`);
    assertEquals([keys(second), second["next"]], [["x/d"], null] as never);
    assertEquals(keys(await json(`${base}/v1/range?prefix=x/&reverse=true&limit=1`)), ["x/c"]);
    assertEquals((await json(`${base}/v1/count?prefix=x/`))["count"], 3 as never);
    const { body2 } = await ask(`${base}/v1/lines?prefix=x/&keysOnly`);
    const lines = body2.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines.map(({ key, end }) => key ?? end), ["x/a", "x/b", "x/c", true]);
  });
});

Deno.test("lines end with the reason when the rest of a range cannot be read", async () => {
  async function* list(): AsyncGenerator<object> {
    yield { keyBytes: new TextEncoder().encode("a"), version: 1, created: 1, revision: 1 };
    await Promise.resolve();
    throw new StoreReadError("compacted", "Revision 1 is gone");
  }
  const store = { list } as unknown as StoreClient;
  const route = jsonRoutes(store).find(({ path }) => path === "/v1/lines")!;
  const { signal } = new AbortController();
  const query = new URLSearchParams("keysOnly");
  const answer = await route.handle({ query, signal } as unknown as HttpCall);
  const lines = (await answer.text()).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ key }) => key), ["a", undefined]);
  assertEquals(lines[1], { end: false, reason: "compacted", detail: "Revision 1 is gone" });
});

Deno.test("a batch happens as a whole, in the form of kontiki batch", async () => {
  await withJsonDoor(async (base) => {
    const batch = (body: unknown) =>
      ask(`${base}/v1/batch`, { method: "POST", body: JSON.stringify(body) });
    const done = await batch({
      checks: [{ key: "a", absent: true }],
      then: [{ op: "put", key: "a", value: "1" }, { op: "get", key: "a" }],
    });
    const { held, results } = JSON.parse(done.body2);
    assertEquals([held, results[0].version, results[1].entry.value], [true, 1, "1"]);
    const failed = JSON.parse((await batch({ checks: [{ key: "a", absent: true }] })).body2);
    assertEquals([failed.held, failed.failedChecks], [false, [0]]);
    for (const wrong of [{ then: [{ op: "jump" }] }, [], { then: [{ op: "get", key: "" }] }]) {
      const refused = await batch(wrong);
      assertEquals(refused.status, 400);
      assert(JSON.parse(refused.body2).detail.includes("wanted"), refused.body2);
    }
    assertEquals((await ask(`${base}/v1/batch`, { method: "POST", body: "{" })).status, 400);
  });
});

Deno.test("a lease keeps its keys while it is renewed, and takes them along", async () => {
  await withJsonDoor(async (base) => {
    const told = async (path: string, method = "GET") =>
      JSON.parse((await ask(base + path, { method })).body2);
    const post = (path: string) => told(path, "POST");
    const { lease, ttlMs } = await post("/v1/leases?ttl=30");
    assertEquals([Number.isSafeInteger(lease) && lease > 0, ttlMs], [true, 30_000]);
    const other = (await post("/v1/leases?ttl=60")).lease;
    for (const key of ["a", "b"]) {
      assertEquals((await put(`${base}/v1/keys/${key}?lease=${lease}`, "x")).status, 200);
    }
    const got = await ask(`${base}/v1/keys/a`, { headers: { accept: "application/json" } });
    assertEquals([got.headers.get("kontiki-lease"), JSON.parse(got.body2).lease], [
      ...[`${lease}`, lease],
    ]);
    assertEquals(await post(`/v1/leases/${lease}/renew`), { lease });
    const { leases, next } = await told("/v1/leases");
    const numbers = [lease, other].toSorted((one, two) => one - two);
    assertEquals([leases.map((each: { readonly lease: number }) => each.lease), next], [
      numbers,
      null,
    ]);
    for (const { leftMs } of leases) assert(leftMs > 0 && leftMs <= 60_000);
    const first = await told("/v1/leases?limit=1");
    assertEquals([first.leases.length, first.next], [1, numbers[1]]);
    const remove = (number: number) => told(`/v1/leases/${number}`, "DELETE");
    assertEquals(await remove(lease), { existed: true, deleted: 2 });
    assertEquals(await remove(lease), { existed: false, deleted: 0 });
    assertEquals((await ask(`${base}/v1/keys/a`)).status, 404);
    const late = await ask(`${base}/v1/leases/${lease}/renew`, { method: "POST" });
    assertEquals([late.status, JSON.parse(late.body2).detail], [
      ...[404, "The lease has ended, or never began"],
    ]);
    const bound = await ask(`${base}/v1/keys/a?lease=${lease}`, { method: "PUT", body: "x" });
    assertEquals(bound.status, 400, bound.body2);
  });
});

Deno.test("a lock is a key with a lease that only one client can put", async () => {
  await withJsonDoor(async (base) => {
    const take = async (ttl: number) => {
      const granted = await ask(`${base}/v1/leases?ttl=${ttl}`, { method: "POST" });
      const { lease } = JSON.parse(granted.body2);
      return await put(`${base}/v1/keys/lock?lease=${lease}`, "me", { "if-none-match": "*" });
    };
    assertEquals((await take(1)).status, 200);
    assertEquals((await take(60)).status, 412);
    await until(async () => (await take(60)).status === 200, "the end of the first holder's lease");
  });
});

/** Reads a stream until the text has this part. */
async function readUntil(body: ReadableStream<Uint8Array>, part: string): Promise<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader();
  let text = "";
  while (!text.includes(part)) {
    const { value, done } = await inTime(
      reader.read() as Promise<ReadableStreamReadResult<string>>,
    );
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return text;
}

Deno.test("a watch brings every change once, and goes on after the last one seen", async () => {
  await withJsonDoor(async (base) => {
    const start = JSON.parse(
      (await put(`${base}/v1/keys/jobs/0`, "x") as never as {
        readonly body2: string;
      }).body2,
    ).revision;
    const watch = (headers: HeadersInit, query: string) =>
      fetch(`${base}/v1/watch?prefix=jobs/${query}`, { headers });
    for (const key of ["jobs/1", "other", "jobs/2"]) await put(`${base}/v1/keys/${key}`, key);
    const events = await watch({}, `&from=${start}`);
    assertEquals(events.headers.get("content-type"), "text/event-stream");
    const text = await readUntil(events.body!, "jobs/2");
    const groups = [...text.matchAll(/id: (\d+)\ndata: (.*)\n/g)];
    const keys = groups.map(([, , data]) => JSON.parse(data!).changes[0].key);
    assertEquals(keys, ["jobs/1", "jobs/2"]);
    const resumed = await watch({ "last-event-id": groups[0]![1]! }, `&from=${start}`);
    assert(!(await readUntil(resumed.body!, "jobs/2")).includes("jobs/1"));
    const lines = await watch({ accept: "application/x-ndjson" }, `&from=${start}&previous`);
    const [line] = (await readUntil(lines.body!, "jobs/1")).trim().split("\n");
    assertEquals(JSON.parse(line!).changes[0].previous, null);
  });
});

Deno.test("what means nothing is refused, with what was wanted", async () => {
  await withJsonDoor(async (base) => {
    const cases: readonly (readonly [string, string])[] = [
      ["/v1/keys/a?x=1", 'Wanted one of stale, got "x"'],
      ["/v1/range?limit=x", 'limit: wanted a whole number, got "x"'],
      ["/v1/range?limit=5000", "then[0].limit: wanted a whole number from 1 to 1000, got 5000"],
      ["/v1/range?reverse=2", 'reverse: wanted true or false, got "2"'],
      ["/v1/range?prefix=a&start=b", "Wanted prefix, or start and end, got both"],
      ["/v1/watch?prefix=a&key=b", "Wanted keys or a range, got both"],
      ["/v1/keys/%zz", 'Wanted two digits behind each %, got "%zz"'],
      ["/v1/leases?limit=0", "Cannot use limit: wanted a whole number from 1 to 1000, got 0"],
      ["/v1/keys/", "Cannot use the key: wanted at least 1 byte, got 0"],
    ];
    for (const [path, detail] of cases) {
      const { status, body2 } = await ask(base + path);
      assertEquals([status, JSON.parse(body2).detail], [400, detail], path);
    }
    assertEquals((await ask(`${base}/v1/range?at=99999999`)).status, 409);
  });
});

Deno.test("a value of the greatest size is stored, and one byte more is refused", async () => {
  await withJsonDoor(async (base) => {
    const value = new Uint8Array(2 ** 20);
    assertEquals((await put(`${base}/v1/keys/a`, value)).status, 200);
    assertEquals((await put(`${base}/v1/keys/a`, new Uint8Array(2 ** 20 + 1))).status, 413);
    assertEquals((await ask(`${base}/v1/keys/a`)).body2.length, 2 ** 20);
  });
});

Deno.test("the description has every route, and no other", () => {
  const { paths } = openApi() as { readonly paths: Record<string, Record<string, unknown>> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  );
  // The routes are only listed here, not called.
  const routes = jsonRoutes(null as unknown as StoreClient)
    .map(({ method, path }) => `${method} ${path.replace("*}", "}")}`);
  assertEquals(described.sort(), routes.sort());
});

Deno.test("every reference of the description leads somewhere", async () => {
  await withJsonDoor(async (base) => {
    const text = (await ask(`${base}/v1/openapi.json`)).body2;
    const { components: { schemas } } = JSON.parse(text);
    const names = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name!);
    assertEquals([...new Set(names)].sort(), Object.keys(schemas).sort());
  });
});

Deno.test("random bodies and queries on every route are refused or done, and harm nobody", async () => {
  const random = new SeededRandom(7, "json bodies");
  const methods = ["GET", "PUT", "POST", "DELETE", "HEAD"];
  // The routes are only listed here, not called.
  const paths = jsonRoutes(null as unknown as StoreClient).map(({ path }) => path);
  const words = ["prefix", "start", "limit", "at", "ttl", "lease", "from", "key", "reverse", "x"];
  const texts = [
    '{"then":[{"op":"put","key":"a","value":',
    '{"checks":[[]]}',
    '{"then":[{"op":7}]}',
  ];
  const bodyOf = (): Uint8Array<ArrayBuffer> => {
    const bytes = new TextEncoder().encode(random.pick(texts));
    const noise = Uint8Array.from({ length: random.below(3000) }, () => random.below(256));
    return random.below(2) === 0 ? new Uint8Array(bytes) : new Uint8Array([...bytes, ...noise]);
  };
  await withJsonDoor(async (base) => {
    const statuses = new Set<number>();
    for (let round = 0; round < 400; round++) {
      const path = random.pick(paths).replace(
        /\{\w+\*?\}/,
        () => `${random.below(3)}%f${round % 10}`,
      );
      const value = random.pick([
        "",
        "1",
        "0",
        "-1",
        "9e99",
        "true",
        "%00",
        "18446744073709551616",
      ]);
      const query = random.below(2) === 0 ? "" : `?${random.pick(words)}=${value}`;
      const method = random.pick(methods);
      const body = method === "GET" || method === "HEAD" ? null : bodyOf();
      const response = await fetch(base + path + query, { method, body });
      await response.body?.cancel();
      statuses.add(response.status);
    }
    const wrong = [...statuses].filter((status) => status >= 500);
    assertEquals(wrong, []);
    assertEquals((await put(`${base}/v1/keys/good`, "still")).status, 200);
    assertEquals((await ask(`${base}/v1/keys/good`)).body2, "still");
  });
});
