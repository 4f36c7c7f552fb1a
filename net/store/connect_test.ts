/**
 * The client for programs, against a node in this process and against servers that misbehave.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { withServingNode } from "../../tests/helpers/serving_node.ts";
import { RpcServer } from "../rpc/mod.ts";
import type { Answer } from "../rpc/mod.ts";
import { connect } from "./connect.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A server with a handler of the test. */
function serve(
  handle: (reply: Answer) => void,
): { readonly endpoint: string; readonly server: RpcServer } {
  const listener = Deno.listen(local);
  const server = new RpcServer({
    listener,
    cluster: "test",
    id: 1,
    handle: (_request, reply) => (handle(reply), true),
    log: () => {},
  });
  return { endpoint: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`, server };
}

/** An address without a listener. */
function deadEndpoint(): string {
  using listener = Deno.listen(local);
  return `127.0.0.1:${listener.addr.port}`;
}

Deno.test("connect reads and writes with versions", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint], { cluster: "test" });
    assertEquals(await store.get("k"), { outcome: "absent" });
    assertEquals(await store.put("k", "a", { version: 0 }), { outcome: "yes", version: 1 });
    const found = await store.get("k");
    assert(found.outcome === "found");
    assertEquals([text(found.value), found.version], ["a", 1]);
    assertEquals(await store.put("k", "b", { version: 7 }), {
      outcome: "no",
      reason: "versionConflict",
      version: 1,
    });
    assertEquals(await store.put("none", "b", { version: 7 }), { outcome: "no", reason: "absent" });
  });
});

Deno.test("connect overwrites any version when none is given, also with concurrent writers", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint]);
    await using other = connect([endpoint]);
    const writes = Array.from(
      { length: 20 },
      (_, at) => (at % 2 === 0 ? store : other).put("k", `${at}`),
    );
    const versions = (await Promise.all(writes)).map((written) =>
      written.outcome === "yes" ? written.version : null
    );
    assertEquals(versions.sort((a, b) => a! - b!), Array.from({ length: 20 }, (_, at) => at + 1));
  });
});

Deno.test("connect tries other addresses when one does not answer", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([deadEndpoint(), endpoint]);
    assertEquals(await store.put("k", "a", { version: 0 }), { outcome: "yes", version: 1 });
  });
});

Deno.test("connect reports that nothing was changed when no request was sent", async () => {
  await using store = connect([deadEndpoint()], { timeoutMs: 150 });
  const no = { outcome: "no", reason: "timeout" } as const;
  assertEquals(await store.put("k", "a", { version: 0 }), no);
  assertEquals(await store.put("k", "a"), no);
  assertEquals(await store.get("k"), { outcome: "unavailable", reason: "timeout" });
});

Deno.test("connect reports unknown for a write that was sent and got no answer", async () => {
  const { endpoint, server } = serve(() => {});
  const abort = new AbortController();
  const store = connect([endpoint]);
  const [late, aborted, closed] = [
    store.put("k", "a", { version: 0, timeoutMs: 200 }),
    store.put("k", "a", { version: 0, signal: abort.signal }),
    store.put("k", "a", { version: 0 }),
  ];
  assertEquals(await late, { outcome: "unknown", reason: "timeout" });
  abort.abort();
  assertEquals(await aborted, { outcome: "unknown", reason: "aborted" });
  await store.close();
  assertEquals(await closed, { outcome: "unknown", reason: "closed" });
  server.close();
});

Deno.test("connect stops waiting for a connection as soon as the signal is raised", async () => {
  await using store = connect([deadEndpoint()]);
  const abort = new AbortController();
  const written = store.put("k", "a", { version: 0, signal: abort.signal });
  await new Promise((resolve) => setTimeout(resolve, 50));
  abort.abort();
  const begin = performance.now();
  assertEquals(await written, { outcome: "no", reason: "aborted" });
  assert(performance.now() - begin < 1000);
  assertEquals(await store.put("k", "a", { signal: abort.signal }), {
    outcome: "no",
    reason: "aborted",
  });
});

Deno.test("a closed client ends operations at once, and can be closed twice", async () => {
  const store = connect([deadEndpoint()]);
  await store.close();
  await store.close();
  assertEquals(await store.put("k", "a"), { outcome: "no", reason: "closed" });
  assertEquals(await store.get("k"), { outcome: "unavailable", reason: "closed" });
});

Deno.test("connect refuses invalid addresses and invalid requests", async () => {
  assertThrows(() => connect([]), RangeError, "wanted addresses, got none");
  assertThrows(() => connect(["localhost"]), RangeError, 'wanted HOST:PORT, got "localhost"');
  await using store = connect([deadEndpoint()]);
  await assertRejects(() => store.put("k".repeat(70_000), "", { version: 0 }), RangeError);
  await assertRejects(() => store.put("k", "", { version: -1 }), RangeError);
});

Deno.test("ten thousand puts at once are all done", async () => {
  await withServingNode(async (endpoint) => {
    await using store = connect([endpoint], { cluster: "test", timeoutMs: 60_000 });
    const all = Array.from({ length: 10_000 }, (_, at) => store.put(`key/${at % 100}`, `${at}`));
    const outcomes = await Promise.all(all);
    assertEquals(new Set(outcomes.map(({ outcome }) => outcome)), new Set(["yes"]));
    const versions = await Array.fromAsync(store.list("key/"), ({ version }) => version);
    assertEquals(versions, Array.from({ length: 100 }, () => 100));
  });
});
