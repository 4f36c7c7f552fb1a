/**
 * KV Connect over HTTP, against a node in this process.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { bytesOf, readBody, set, textOf, writeBody } from "../../tests/helpers/local_connect.ts";
import { withServingNode } from "../../tests/helpers/serving_node.ts";
import { withFolder } from "../../tests/helpers/with_folder.ts";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { SystemClock } from "../../raft/mod.ts";
import { openDoor } from "../http/mod.ts";
import { connect } from "../store/mod.ts";
import { DatabaseTokens } from "./database_tokens.ts";
import { connectRoutes } from "./door.ts";
import {
  AtomicWriteOutput,
  SnapshotReadOutput,
  Watch,
  WatchOutput,
  WRITE_STATUS,
} from "./messages.ts";

/** Runs with a port, and a way to post to it. */
async function withPort(
  work: (
    post: (path: string, body: BodyInit | null, headers?: HeadersInit) => Promise<Response>,
    headers: Record<string, string>,
  ) => Promise<void>,
  tokens: DatabaseTokens | null = null,
): Promise<void> {
  await withServingNode((endpoint) =>
    withFolder(async (folder) => {
      await using store = connect([endpoint]);
      const door = await openDoor({
        listener: Deno.listen({ hostname: "127.0.0.1", port: 0 }),
        socket: `${folder}/http.sock`,
        routes: connectRoutes({
          ...{ store, cluster: "test", nodes: () => [{ url: null, isLeader: true }] },
          ...{ clock: new SystemClock(), tokens },
        }),
        token: "secret",
        names: [],
        log: (line) => console.error(line),
      });
      const base = `http://127.0.0.1:${door.address.port}`;
      const authorization = "Bearer secret";
      try {
        const post = (path: string, body: BodyInit | null, headers: HeadersInit = {}) =>
          fetch(base + path, { method: "POST", body, headers: { authorization, ...headers } });
        const answer = await (await post("/db/a", '{"supportedVersions":[3]}')).json();
        const id: string = answer.databaseId;
        await work(post, { "x-denokv-database-id": id, "x-denokv-version": "3" });
      } finally {
        await door.close();
      }
    })
  );
}

const bodyOf = (bytes: Uint8Array): BodyInit => bytes.slice();

async function contentOf(response: Response): Promise<Uint8Array> {
  assertEquals([response.status, response.headers.get("content-type")], [
    200,
    "application/x-protobuf",
  ]);
  return new Uint8Array(await response.arrayBuffer());
}

Deno.test("a database is found by the exchange, written and read", async () => {
  await withPort(async (post, headers) => {
    const write = bodyOf(writeBody({ mutations: [set("k", "v")] }));
    const written = await post("/db/a/data/atomic_write", write, headers);
    const output = AtomicWriteOutput.decode(await contentOf(written));
    assertEquals(output.status, WRITE_STATUS.success);
    const range = { start: bytesOf("k"), end: bytesOf("l"), limit: 1 };
    const answer = await post("/db/a/data/snapshot_read", bodyOf(readBody(range)), headers);
    const { ranges } = SnapshotReadOutput.decode(await contentOf(answer));
    assertEquals(textOf(ranges[0]!.values[0]!.value), "v");
    assertEquals(ranges[0]!.values[0]!.versionstamp, output.versionstamp);
    const first = { "x-transaction-domain-id": headers["x-denokv-database-id"]! };
    for (const more of [{}, { "x-denokv-version": "1" }]) {
      const read = bodyOf(readBody(range));
      await contentOf(await post("/db/a/data/snapshot_read", read, { ...first, ...more }));
    }
  });
});

Deno.test("eventual reads and watches have an address of their own, where nothing is written", async () => {
  await withPort(async (post, headers) => {
    const write = () => bodyOf(writeBody({ mutations: [set("k", "v")] }));
    await contentOf(await post("/db/a/data/atomic_write", write(), headers));
    const range = bodyOf(readBody({ start: bytesOf("k"), end: bytesOf("l"), limit: 1 }));
    const answer = await post("/db/a/eventual/snapshot_read", range, headers);
    const { ranges } = SnapshotReadOutput.decode(await contentOf(answer));
    assertEquals(textOf(ranges[0]!.values[0]!.value), "v");
    const keys = bodyOf(Watch.encode({ keys: [{ key: bytesOf("k") }] }).joined());
    const { status, body } = await post("/db/a/eventual/watch", keys, headers);
    await body?.cancel();
    const refused = await post("/db/a/eventual/atomic_write", write(), headers);
    await refused.body?.cancel();
    assertEquals([status, refused.status], [200, 404]);
  });
});

Deno.test("an address without a path leads to the default database, a slash changes nothing", async () => {
  await withPort(async (post) => {
    const first = async (path: string) => {
      const { databaseId, endpoints } = await (await post(path, null)).json();
      const { hostname, pathname } = new URL(endpoints[0].url);
      return [databaseId, hostname, pathname];
    };
    assertEquals(await first("/"), await first("/db/default"));
    assertEquals(await first("/db/a/"), await first("/db/a"));
    assertEquals((await first("/")).slice(1), ["127.0.0.1", "/db/default/data"]);
  });
});

Deno.test("long answers arrive whole", async () => {
  await withPort(async (post, headers) => {
    const value = { data: new Uint8Array(60_000).fill(7), encoding: 3 };
    for (let at = 0; at < 4; at++) {
      const mutations = Array.from({ length: 10 }, (_, n) => set(`k${at}${n}`, "", { value }));
      await (await post("/db/a/data/atomic_write", bodyOf(writeBody({ mutations })), headers)).body
        ?.cancel();
    }
    const range = { start: bytesOf("k"), end: bytesOf("l"), limit: 500 };
    const answer = await post("/db/a/data/snapshot_read", bodyOf(readBody(range)), headers);
    const [found] = SnapshotReadOutput.decode(await contentOf(answer)).ranges;
    assertEquals(found!.values.length, 40);
    assert(found!.values.every(({ value: { length }, ...entry }) => {
      return length === 60_000 && entry.encoding === 3;
    }));
  });
});

Deno.test("a watch streams messages behind their lengths", async () => {
  await withPort(async (post, headers) => {
    const body = bodyOf(Watch.encode({ keys: [{ key: bytesOf("k") }] }).joined());
    const response = await post("/db/a/data/watch", body, headers);
    assertEquals(response.headers.get("content-type"), "application/octet-stream");
    const reader = response.body!.getReader();
    const next = async () => {
      const { value } = await reader.read();
      return WatchOutput.decode(value!.subarray(4)).keys[0]!.entryIfChanged;
    };
    assertEquals(await next(), null);
    const write = bodyOf(writeBody({ mutations: [set("k", "v")] }));
    await (await post("/db/a/data/atomic_write", write, headers)).body?.cancel();
    assertEquals(textOf((await next())!.value), "v");
    await reader.cancel();
  });
});

Deno.test("requests that cannot be served are refused in plain text", async () => {
  await withPort(async (post, headers) => {
    const refused = async (path: string, body: BodyInit | null, more: HeadersInit = headers) => {
      const response = await post(path, body, more);
      const type = response.headers.get("content-type");
      return `${response.status} ${type?.split(";")[0]} ${(await response.text()).trim()}`;
    };
    const read = "/db/a/data/snapshot_read";
    const wanted = [
      await refused("/db/a", "{"),
      await refused("/db/a", '{"supportedVersions":[9]}'),
      await refused("/db/a", "x".repeat(5000)),
      await refused("/db/a.b%2F", null),
      await refused(read, null, {}),
      await refused(read, null, { ...headers, "x-denokv-version": "9" }),
      await refused("/db/b/data/snapshot_read", null),
      await refused(read, Uint8Array.of(0x0a, 2)),
      await refused("/db/a/data/atomic_write", bodyOf(writeBody({ mutations: [set("", "v")] }))),
      await refused("/db/a/data/atomic_write", new Uint8Array(2 ** 21 + 1)),
      await refused("/db/a/data/watch", null),
    ];
    const sentences = [
      '400 text/plain Wanted {"supportedVersions": [1, 2, 3]}, got {',
      "400 text/plain Wanted a client of version 3, 2, 1, got [9]",
      "413 text/plain The body is too long",
      "400 text/plain Cannot use the database: wanted a name",
      "400 text/plain Wanted the database",
      "400 text/plain Wanted version 1, 2 or 3 of KV Connect, got 9",
      "400 text/plain Wanted the database",
      "400 text/plain Cannot read SnapshotRead: wanted 2 bytes, got 0",
      "400 text/plain Wanted a key of at least 1 byte, got none",
      "413 text/plain The body is too long",
      "400 text/plain Wanted keys to watch, got none",
    ];
    for (const [at, sentence] of sentences.entries()) {
      assertStringIncludes(wanted[at]!, sentence);
    }
    const anonymous = await post("/db/a", null, { authorization: "Bearer other" });
    assertEquals(anonymous.status, 401);
    await anonymous.body?.cancel();
  });
});

Deno.test("a token opens the databases of its lines, and only the port's opens all", async () => {
  const lines =
    "# of the shop\nshop old-one\n\nshop new-one\r\nblog  b\nshop shared\nblog shared\n";
  const tokens = DatabaseTokens.parse(lines, "secret");
  await withPort(async (post) => {
    const opens = async (name: string, token: string | null) => {
      const headers = { authorization: token === null ? "" : `Bearer ${token}` };
      const known = await (await post(`/db/${name}`, '{"supportedVersions":[3]}')).json();
      const [exchange, read] = [
        await post(`/db/${name}`, '{"supportedVersions":[3]}', headers),
        await post(`/db/${name}/data/snapshot_read`, new Uint8Array(), {
          ...{ ...headers, "x-denokv-version": "3", "x-denokv-database-id": known.databaseId },
        }),
      ];
      const texts = [await exchange.text(), await read.text()];
      const statuses = [exchange.status, read.status];
      if (statuses[0] === 401) {
        const types = [exchange, read].map(({ headers }) => headers.get("content-type"));
        assertEquals(types, Array(2).fill("text/plain; charset=utf-8"));
        assert(texts.every((text) => /^Wanted the header "authorization: Bearer/.test(text)));
        assertEquals(read.headers.get("www-authenticate"), "Bearer");
      } else assertEquals(JSON.parse(texts[0]!).token, token);
      return statuses;
    };
    const yes = [200, 200];
    const no = [401, 401];
    for (const token of ["old-one", "new-one", "shared", "secret"]) {
      assertEquals(await opens("shop", token), yes, token);
    }
    for (const token of ["b", "old-on", "old-one1", "OLD-ONE", "shop", null]) {
      assertEquals(await opens("shop", token), no, `${token}`);
    }
    assertEquals(await opens("blog", "b"), yes);
    assertEquals(await opens("blog", "old-one"), no);
    for (const token of ["old-one", "b"]) assertEquals(await opens("other", token), no);
    for (const name of ["other", "toString", "__proto__"]) {
      assertEquals(await opens(name, "secret"), yes);
    }
  }, tokens);
});

Deno.test("a list of tokens that cannot be read says where, and shows no token", () => {
  for (const line of ["shop", "shop se cret", "a/b secret", "../x secret"]) {
    const message = assertThrows(() => DatabaseTokens.parse(`a b\n${line}\n`, "t"), RangeError)
      .message;
    assertEquals(message, "line 2: wanted the name of a database and a token");
  }
  assertThrows(() => DatabaseTokens.parse("\n".repeat(20_000), "t"), RangeError, "at most 10000");
});

Deno.test("databases share no key: reads, writes, ranges and watches stay in their own", async () => {
  await withPort(async (post) => {
    const open = async (name: string) => {
      const known = await (await post(`/db/${name}`, '{"supportedVersions":[3]}')).json();
      const headers = { "x-denokv-database-id": known.databaseId, "x-denokv-version": "3" };
      return (method: string, body: Uint8Array) =>
        post(`/db/${name}/data/${method}`, bodyOf(body), headers);
    };
    const names = ["a", "ab", "a.", "A"];
    const databases = await Promise.all(names.map(open));
    const watches = await Promise.all(databases.map(async (database) => {
      const body = Watch.encode({ keys: [{ key: bytesOf("k") }] }).joined();
      const reader = (await database("watch", body)).body!.getReader();
      const next = async () => {
        const { value } = await reader.read();
        return WatchOutput.decode(value!.subarray(4)).keys[0]!.entryIfChanged?.value ?? null;
      };
      assertEquals(await next(), null);
      return { next, cancel: () => reader.cancel() };
    }));
    for (const [at, database] of databases.entries()) {
      const mutations = [set("k", names[at]!), set(`only ${names[at]}`, "x")];
      const output = await contentOf(await database("atomic_write", writeBody({ mutations })));
      assertEquals(AtomicWriteOutput.decode(output).status, WRITE_STATUS.success);
    }
    for (const [at, database] of databases.entries()) {
      const all = { start: Uint8Array.of(0), end: Uint8Array.of(255, 255), limit: 100 };
      const answer = await contentOf(await database("snapshot_read", readBody(all)));
      const found = SnapshotReadOutput.decode(answer).ranges[0]!.values;
      assertEquals(found.map(({ key }) => textOf(key)), ["k", `only ${names[at]}`]);
      assertEquals(textOf(found[0]!.value), names[at]);
      assertEquals(textOf((await watches[at]!.next())!), names[at]);
    }
    for (const { cancel } of watches) await cancel();
  });
});

Deno.test("garbage of every length is refused, and the port goes on", async () => {
  const random = new SeededRandom(1, "connect");
  await withPort(async (post, headers) => {
    const statuses = new Set<number>();
    for (let round = 0; round < 150; round++) {
      const method = ["snapshot_read", "atomic_write", "watch"][round % 3];
      const good = round % 2 === 0
        ? writeBody({ mutations: [set("k", "v")] })
        : readBody({ start: bytesOf("k"), end: bytesOf("l"), limit: 1 });
      const length = random.pick([0, 3, good.length, 1000]);
      const body = Uint8Array.from({ length }, (_, at) => good[at] ?? random.below(256));
      for (let change = 0; change < 3 && length > 0; change++) {
        body[random.below(length)] = random.below(256);
      }
      const response = await post(`/db/a/data/${method}`, body, headers);
      await response.body?.cancel();
      statuses.add(response.status);
    }
    assertEquals([...statuses].toSorted(), [200, 400]);
    const write = bodyOf(writeBody({ mutations: [set("k", "v")] }));
    await contentOf(await post("/db/a/data/atomic_write", write, headers));
  });
});
