/**
 * The metadata exchange: versions and the order of the nodes.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Database } from "./database.ts";
import { type ConnectNode, metadata, versionOf } from "./metadata.ts";
import { ConnectRefusal } from "./refusal.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function exchanged(nodes: readonly ConnectNode[], version: 1 | 2 | 3 = 3) {
  const database = new Database("c", "a");
  const origin = "http://here:1";
  return JSON.parse(metadata(version, { database, nodes, origin, token: "t", now: 0 }));
}

const urls = (
  nodes: readonly ConnectNode[],
  version: 1 | 2 | 3 = 3,
  wanted = "strong",
): readonly string[] =>
  exchanged(nodes, version).endpoints.flatMap((
    { url, consistency }: { readonly url: string; readonly consistency: string },
  ) => consistency === wanted ? url : []);

Deno.test("the highest version that both know is taken, the first if the client says none", () => {
  const asked = (...supportedVersions: readonly number[]) =>
    versionOf(bytes(JSON.stringify({ supportedVersions })));
  assertEquals([asked(1, 2, 3), asked(2, 1), asked(1), asked(4, 3)], [3, 2, 1, 3]);
  assertEquals(versionOf(new Uint8Array()), 1);
  assertThrows(() => asked(4), ConnectRefusal, "got [4]");
  for (const body of ["{}", "[]", "null", "7", '"x"', "{", '{"supportedVersions":3}', "\xff"]) {
    assertThrows(() => versionOf(bytes(body)), ConnectRefusal, "Wanted {");
  }
});

Deno.test("the answer names the database, the token and when to ask again", () => {
  const { id } = new Database("c", "a");
  assertEquals(exchanged([{ url: null, isLeader: false }]), {
    version: 3,
    databaseId: id,
    endpoints: [
      { url: "/db/a/data", consistency: "strong" },
      { url: "/db/a/eventual", consistency: "eventual" },
    ],
    token: "t",
    expiresAt: "1970-01-01T01:00:00.000Z",
  });
});

Deno.test("clients are sent to the node they have reached, and from a leader to another one", () => {
  const own = { url: null, isLeader: false };
  const other = { url: "http://b:2", isLeader: false };
  const leads = { url: "http://c:3", isLeader: true };
  assertEquals(urls([leads, other, own]), [
    "/db/a/data",
    "http://b:2/db/a/data",
    "http://c:3/db/a/data",
  ]);
  assertEquals(urls([{ ...own, isLeader: true }, other]), ["http://b:2/db/a/data", "/db/a/data"]);
  assertEquals(urls([{ ...own, isLeader: true }]), ["/db/a/data"]);
});

Deno.test("eventual reads go to the node that writes go to, so that clients read what they wrote", () => {
  const own = { url: null, isLeader: true };
  const other = { url: "http://b:2", isLeader: false };
  assertEquals(urls([own, other], 3, "eventual"), ["http://b:2/db/a/eventual", "/db/a/eventual"]);
});

Deno.test("the first version gets addresses that stand alone", () => {
  assertEquals(urls([{ url: null, isLeader: false }], 1), ["http://here:1/db/a/data"]);
});
