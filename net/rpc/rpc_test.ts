/**
 * Tests of clients and servers on the loopback: many concurrent calls, limits, and the outcomes of
 * calls on failures.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { echo, serve } from "../../tests/helpers/rpc_server.ts";
import { frameOf, hungUp } from "../../tests/helpers/sockets.ts";
import { inTime, until } from "../../tests/helpers/until.ts";
import type { WireValue } from "../wire/codec.ts";
import type { CallOutcome } from "./call.ts";
import { RpcClient } from "./rpc_client.ts";
import type { Answer, RpcServerOptions } from "./rpc_options.ts";

const local = { hostname: "127.0.0.1", port: 0 };

Deno.test("RpcClient matches replies to calls when replies arrive in another order", async () => {
  const waiting: (() => void)[] = [];
  const { server, address } = serve((request, reply) => {
    waiting.push(() => reply(request));
    if (waiting.length === 100) { for (const answer of waiting.reverse()) answer(); }
  });
  const client = new RpcClient({ server: address });
  const calls = Array.from({ length: 100 }, (_, at) => client.call(at, { withinMs: 10_000 }));
  const outcomes = await inTime(Promise.all(calls), "every reply");
  assertEquals(outcomes, calls.map((_, at) => ({ kind: "replied" as const, payload: at })));
  assertEquals(client.server, { cluster: "test", clusterId: "", id: 1 });
  assertEquals(server.load(), {
    clients: 1,
    inFlight: 0,
    unfinishedBytes: 0,
    handled: 100,
    streams: 0,
  });
  client.close();
  server.close();
});

Deno.test("RpcClient returns never sent when no server listens", async () => {
  const listener = Deno.listen(local);
  const address = listener.addr as Deno.NetAddr;
  listener.close();
  const client = new RpcClient({ server: address });
  const outcome = await client.call(1, { withinMs: 10_000 });
  assertEquals(outcome, { kind: "neverSent", reason: "noConnection" });
  client.close();
});

Deno.test("RpcClient reaches a server although its own process is held up while it dials", async () => {
  const { server, address } = serve(echo);
  const client = new RpcClient({ server: address, connectMsMax: 50 });
  const call = client.call(1, { withinMs: 10_000 });
  const end = performance.now() + 300;
  while (performance.now() < end);
  assertEquals(await inTime(call), { kind: "replied", payload: 1 });
  client.close();
  server.close();
});

Deno.test("RpcClient dials again when it was held up for so long that the server hung up (X3)", async () => {
  const listener = Deno.listen(local);
  const client = new RpcClient({ server: listener.addr as Deno.NetAddr, retryMs: 60_000 });
  const call = client.call(1, { withinMs: 10_000 });
  const first = listener.accept();
  const end = performance.now() + 700;
  while (performance.now() < end);
  (await inTime(first)).close();
  const { server } = serve(echo, { listener });
  assertEquals(await inTime(call), { kind: "replied", payload: 1 });
  client.close();
  server.close();
});

Deno.test("RpcClient does not dial again right after a dial that failed", async () => {
  const listener = Deno.listen(local);
  const client = new RpcClient({ server: listener.addr as Deno.NetAddr, retryMs: 60_000 });
  const first = client.call(1, { withinMs: 10_000 });
  (await inTime(listener.accept())).close();
  const failed: CallOutcome = { kind: "neverSent", reason: "noConnection" };
  assertEquals(await first, failed);
  const again = listener.accept();
  assertEquals(await client.call(2, { withinMs: 10_000 }), failed);
  const dialled = await Promise.race([again.then(() => true), Promise.resolve(false)]);
  listener.close();
  assertEquals([dialled, await again.catch(() => "closed")], [false, "closed"]);
  client.close();
});

Deno.test("RpcClient says that the time was up when a dial takes too long", async () => {
  const { connect } = Deno;
  const opened = Promise.withResolvers<Deno.Conn>();
  Object.assign(Deno, { connect: () => opened.promise });
  try {
    const client = new RpcClient({ server: local, connectMsMax: 10 });
    assertEquals(await client.connect(), null);
    const failure = { kind: "timeout", message: "no connection within 10 ms" } as const;
    assertEquals(client.lastFailure, failure);
    opened.reject(new Error("refused at last"));
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(client.lastFailure, failure);
    client.close();
  } finally {
    Object.assign(Deno, { connect });
  }
});

Deno.test("RpcServer answers nil with nil, and names an unknown request in its answer", async () => {
  let handled = 0;
  const { server, address } = serve(() => ++handled < 0);
  const client = new RpcClient({ server: address });
  const within = { withinMs: 10_000 };
  assertEquals(await client.call(null, within), { kind: "replied", payload: null });
  const outcome = { kind: "neverSent", reason: "unknownRequest" } as const;
  assertEquals(await client.call("dance", within), outcome);
  assertEquals([handled, server.load().inFlight], [1, 0]);
  client.close();
  const conn = await Deno.connect(address);
  await conn.write(frameOf(["kontiki-client", 2, 2, 0]));
  await conn.write(frameOf([7, "dance"]));
  const wanted = frameOf([7, 2, "no request of this server: dance"]);
  const got = new Uint8Array(200);
  let length = 0;
  while (length < frameOf(["kontiki-server", 2, 0, "test", "", 1]).length + wanted.length) {
    length += await conn.read(got.subarray(length)) ?? 200;
  }
  assertEquals(got.slice(length - wanted.length, length), wanted);
  conn.close();
  server.close();
});

Deno.test("RpcServer learns how long each client still waits", async () => {
  const times: number[] = [];
  const handle: RpcServerOptions["handle"] = (request, reply, withinMs) => {
    times.push(withinMs);
    reply(request);
  };
  const { server, address } = serve(echo, { handle });
  const client = new RpcClient({ server: address });
  for (const withinMs of [5000, Infinity]) await client.call(1, { withinMs });
  const [dialled = 0, unlimited] = times;
  assert(dialled > 4000 && dialled <= 5000, `${dialled} ms were left after dialling`);
  assertEquals([unlimited, Number.isSafeInteger(dialled)], [Infinity, true]);
  client.close();
  server.close();
});

Deno.test("RpcClient returns unknown when the connection is lost after the call was sent", async () => {
  const { server, address } = serve(() => server.close());
  const client = new RpcClient({ server: address });
  const outcome = await client.call(1, { withinMs: 10_000 });
  assertEquals(outcome, { kind: "unknown", reason: "connectionLost" });
  client.close();
});

Deno.test("RpcClient returns unknown at the deadline, and ignores a later reply", async () => {
  const replies: Answer[] = [];
  const { server, address } = serve((_request, reply) => replies.push(reply));
  const client = new RpcClient({ server: address });
  const start = performance.now();
  const outcome = await client.call(1, { withinMs: 50 });
  assertEquals(outcome, { kind: "unknown", reason: "deadline" });
  assert(performance.now() - start < 5000);
  const second = client.call(2, { withinMs: 10_000 });
  await until(() => replies.length === 2);
  replies[0]?.("late");
  replies[1]?.("second");
  assertEquals(await second, { kind: "replied", payload: "second" });
  client.close();
  server.close();
});

Deno.test("RpcClient returns unknown at the deadline, also on a connection behind a lost one", async () => {
  const first = serve(() => first.server.close());
  const client = new RpcClient({ server: first.address, retryMs: 1 });
  const lost = await client.call(1, { withinMs: 10_000 });
  assertEquals(lost, { kind: "unknown", reason: "connectionLost" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: first.address.port });
  const second = serve(() => {}, { listener });
  const outcome = await client.call(2, { withinMs: 100 });
  assertEquals(outcome, { kind: "unknown", reason: "deadline" });
  client.close();
  second.server.close();
});

Deno.test("RpcClient releases calls that were answered or given up", async () => {
  const { server, address } = serve((request, reply) => request === "silence" || reply(request));
  const client = new RpcClient({ server: address, inFlightMax: 1 });
  for (const at of [1, 2]) {
    assertEquals((await client.call(at, { withinMs: 20_000 })).kind, "replied");
  }
  const given = await client.call("silence", { withinMs: 30 });
  assertEquals(given, { kind: "unknown", reason: "deadline" });
  assertEquals((await client.call(3, { withinMs: 20_000 })).kind, "replied");
  client.close();
  server.close();
});

Deno.test("RpcClient reconnects when the server restarts", async () => {
  const first = serve(echo);
  const client = new RpcClient({ server: first.address, retryMs: 1 });
  assertEquals((await client.call(1, { withinMs: 10_000 })).kind, "replied");
  first.server.close();
  await until(() => !client.isConnected);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: first.address.port });
  const second = serve(echo, { listener });
  assertEquals((await client.call(2, { withinMs: 10_000 })).kind, "replied");
  client.close();
  second.server.close();
});

Deno.test("RpcServer answers overloaded at once when too much is in flight", async () => {
  const replies: Answer[] = [];
  const limits = { inFlightMax: 3, inFlightTotalMax: 4, inFlightBytesMax: 1000 };
  const { server, address } = serve((_request, reply) => replies.push(reply), { limits });
  const overloaded: CallOutcome = { kind: "neverSent", reason: "overloaded" };
  const [one, two] = [new RpcClient({ server: address }), new RpcClient({ server: address })];
  const large = await one.call(new Uint8Array(2000), { withinMs: 10_000 });
  assertEquals(large, overloaded);
  const calls = [1, 2, 3].map((value) => one.call(value, { withinMs: 10_000 }));
  await until(() => replies.length === 3);
  assertEquals(await one.call(4, { withinMs: 10_000 }), overloaded);
  const other = two.call(5, { withinMs: 10_000 });
  await until(() => replies.length === 4);
  assertEquals(await two.call(6, { withinMs: 10_000 }), overloaded);
  for (const reply of replies) reply("done");
  assertEquals(
    (await Promise.all([...calls, other])).map(({ kind }) => kind),
    Array(4).fill("replied"),
  );
  assertEquals(server.load().inFlight, 0);
  assertEquals(server.refusals()["overloaded"], 3);
  // An answered request frees its place and bytes.
  for (let at = 0; at < 2; at++) {
    const call = one.call(new Uint8Array(1000), { withinMs: 10_000 });
    await until(() => server.load().inFlight === 1);
    replies.at(-1)?.("done");
    assertEquals((await call).kind, "replied");
  }
  one.close();
  two.close();
  server.close();
});

Deno.test("RpcServer frees the place of a request whose client has disconnected", async () => {
  const replies: Answer[] = [];
  const { server, address } = serve((_request, reply) => replies.push(reply));
  const client = new RpcClient({ server: address });
  const call = client.call(1, { withinMs: 10_000 });
  await until(() => replies.length === 1);
  client.close();
  assertEquals((await call).kind, "unknown");
  await until(() => server.load().clients === 0);
  replies[0]?.("done");
  replies[0]?.("done twice");
  assertEquals(server.load(), {
    clients: 0,
    inFlight: 0,
    unfinishedBytes: 0,
    handled: 1,
    streams: 0,
  });
  server.close();
});

Deno.test("RpcServer closes the connection when the hello is wrong, late, too long or not a frame", async () => {
  const { server, address, lines } = serve(echo, { limits: { helloMsMax: 100 } });
  const starts: readonly (Uint8Array | null)[] = [
    frameOf(["kontiki-client", 99, 100, 0]),
    frameOf(["kontiki-peer", 1, "test", 2, 1, 7, 1]),
    frameOf([1, "request without hello"]),
    frameOf(["kontiki-client", 2, 2, 0, "another"]),
    frameOf(["kontiki-client", "x".repeat(2000)]),
    new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
    null,
  ];
  for (const bytes of starts) {
    const conn = await Deno.connect(address);
    if (bytes !== null) await conn.write(bytes);
    await hungUp(conn);
    conn.close();
  }
  const byHello = { wrongVersion: 1, wrongPort: 1, badHello: 1, wrongCluster: 1 };
  assertEquals(server.refusals(), { ...byHello, garbage: 2, tooSlow: 1 });
  assertEquals(lines.length, 1);
  server.close();
});

Deno.test("RpcServer serves a client while thousands of connections send no hello", async () => {
  const limits = { pendingHellosMax: 16, helloMsMax: 60_000 };
  const { server, address } = serve(echo, { limits });
  const idle: Deno.Conn[] = [];
  for (let at = 0; at < 200; at++) idle.push(await Deno.connect(address));
  const client = new RpcClient({ server: address });
  assertEquals((await client.call(1, { withinMs: 10_000 })).kind, "replied");
  assertGreater(server.refusals()["tooMany"] ?? 0, 180);
  for (const conn of idle) conn.close();
  client.close();
  server.close();
});

Deno.test("RpcServer evicts the client that has been idle longest when it is full", async () => {
  const limits = { connectionsMax: 3, idleMsMin: 1500 };
  const { server, address } = serve(echo, { limits });
  const clients = [1, 2, 3].map(() => new RpcClient({ server: address }));
  for (const client of clients) await client.call(1, { withinMs: 10_000 });
  const early = new RpcClient({ server: address });
  assertEquals(
    (await early.call(1, { withinMs: 300 })).kind,
    "neverSent",
    "no connection was idle for long",
  );
  await new Promise((resolve) => setTimeout(resolve, 1600));
  await clients[0]?.call(1, { withinMs: 10_000 });
  const late = new RpcClient({ server: address });
  assertEquals((await late.call(1, { withinMs: 10_000 })).kind, "replied");
  await until(() => clients[1]?.isConnected === false);
  assertEquals(clients.map((client) => client.isConnected), [true, false, true]);
  assertEquals([server.load().clients, server.refusals()["tooMany"]], [3, 2]);
  for (const client of [...clients, early, late]) client.close();
  server.close();
});

Deno.test("RpcServer disconnects a client that does not read its replies, short or long", async () => {
  const cases = [{ bytes: 1000, stallMsMax: 60_000 }, { bytes: 100_000, stallMsMax: 200 }];
  for (const { bytes, stallMsMax } of cases) {
    const limits = { queueBytesMax: 1_000_000, stallMsMax };
    const { server, address } = serve((_request, reply) => reply(new Uint8Array(bytes)), {
      limits,
    });
    const conn = await Deno.connect(address);
    await conn.write(frameOf(["kontiki-client", 2, 2, 0]));
    const request = frameOf([1, 7]);
    const batch = new Uint8Array(request.length * 50);
    for (let at = 0; at < 50; at++) batch.set(request, at * request.length);
    const end = performance.now() + 20_000;
    while (server.refusals()["slowReader"] === undefined) {
      assert(performance.now() < end, `a client that reads nothing of ${bytes} bytes is kept`);
      await inTime(conn.write(batch), "a write", 2000).catch(() => 0);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await until(() => server.load().clients === 0);
    assertEquals(server.load().inFlight, 0);
    conn.close();
    server.close();
  }
});

Deno.test("RpcServer does not throw into the handler when a reply exceeds a frame", async () => {
  let thrown: unknown = null;
  const handle = (_request: WireValue, reply: Answer): void => {
    try {
      reply(new Uint8Array(5000));
    } catch (error) {
      thrown = error;
    }
  };
  const { server, address } = serve(handle, { limits: { frameBytesMax: 4000 } });
  const client = new RpcClient({ server: address });
  const outcome = await client.call(1, { withinMs: 20_000 });
  assertEquals(outcome, { kind: "unknown", reason: "connectionLost" });
  assertEquals([thrown, server.load().inFlight, server.refusals()], [null, 0, {
    frameTooLarge: 1,
  }]);
  client.close();
  server.close();
});

Deno.test("RpcClient and RpcServer work over a Unix socket", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/socket`;
  const listener = Deno.listen({ transport: "unix", path });
  const { server } = serve(echo, { listener });
  const client = new RpcClient({ server: { path } });
  const value = { command: "status", list: [1, null, "x"] };
  assertEquals(await client.call(value, { withinMs: 10_000 }), { kind: "replied", payload: value });
  client.close();
  server.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("RpcServer keeps a client that reads but requests more at once than its queue may hold", async () => {
  const limits = { queueBytesMax: 4_000_000, queueBytesTotalMax: 6_000_000 };
  const replies: Answer[] = [];
  const handle = (_request: WireValue, reply: Answer): void => void replies.push(reply);
  const { server, address } = serve(handle, { limits });
  const clients = [new RpcClient({ server: address }), new RpcClient({ server: address })];
  const calls = clients.flatMap((client) =>
    Array.from({ length: 20 }, () => client.call(1, { withinMs: 20_000 }))
  );
  await until(() => replies.length === 40);
  for (const reply of replies.splice(0)) reply(new Uint8Array(999_000));
  const outcomes = await Promise.all(calls);
  const kinds = outcomes.map((outcome) => outcome.kind === "replied" ? "replied" : outcome.reason);
  assertEquals(kinds.filter((kind) => kind === "replied").length, 6);
  assertEquals(kinds.filter((kind) => kind === "overloaded").length, 34);
  // The queued replies stayed within both limits; later calls are served again.
  const again = clients[0]!.call(1, { withinMs: 20_000 });
  await until(() => replies.length === 1);
  replies[0]?.(new Uint8Array(999_000));
  assertEquals((await again).kind, "replied");
  assertEquals(server.load().clients, 2);
  for (const client of clients) client.close();
  server.close();
});

Deno.test("RpcClient closes its connection at once when it is closed before the server's hello", async () => {
  const listener = Deno.listen(local);
  const client = new RpcClient({ server: listener.addr as Deno.NetAddr });
  const connecting = client.connect();
  const conn = await listener.accept();
  await conn.read(new Uint8Array(1000));
  client.close();
  await conn.write(frameOf(["kontiki-server", 2, 0, "test", "", 1])).catch(() => 0);
  assertEquals(await connecting, null);
  await hungUp(conn);
  assert(!client.isConnected);
  conn.close();
  listener.close();
});

Deno.test("RpcClient redials when it receives nothing on a connection any more", async () => {
  const { server, address } = serve((request, reply) => request === "wait" || reply(request));
  const listener = Deno.listen(local);
  const proxied = listener.addr as Deno.NetAddr;
  const ends: Deno.Conn[] = [];
  const isCut = { first: false };
  const carry = async (from: Deno.Conn, to: Deno.Conn, isFirst: boolean): Promise<void> => {
    const buffer = new Uint8Array(1000);
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      if (!(isFirst && isCut.first)) await to.write(buffer.slice(0, count));
    }
  };
  const lines: Promise<unknown>[] = [];
  const accepting = (async () => {
    for (let at = 0; at < 2; at++) {
      const [near, far] = [await listener.accept(), await Deno.connect(address)];
      ends.push(near, far);
      lines.push(carry(near, far, at === 0), carry(far, near, at === 0));
    }
  })();
  const client = new RpcClient({ server: proxied, silenceMsMax: 400 });
  assertEquals((await client.call(1, { withinMs: 20_000 })).kind, "replied");
  // A server that answers pings may take any time for a reply.
  const patient = await client.call("wait", { withinMs: 1500 });
  assertEquals(patient, { kind: "unknown", reason: "deadline" });
  assertEquals((await client.call(2, { withinMs: 20_000 })).kind, "replied");
  isCut.first = true;
  const lost = await client.call(3, { withinMs: 20_000 });
  assertEquals(lost, { kind: "unknown", reason: "connectionLost" });
  assertEquals((await client.call(4, { withinMs: 20_000 })).kind, "replied");
  client.close();
  await accepting;
  for (const end of ends) end.close();
  await Promise.allSettled(lines);
  listener.close();
  server.close();
});

Deno.test("RpcServer bounds what incomplete requests hold, and serves a client beside them", async () => {
  const limits = { unfinishedBytesMax: 2 ** 22 };
  const { server, address } = serve((_request, reply) => reply("done"), { limits });
  const frame = frameOf([1, new Uint8Array(2 ** 20)]);
  const conns: Deno.Conn[] = [];
  const writes: Promise<unknown>[] = [];
  for (let at = 0; at < 16; at++) {
    const conn = await Deno.connect(address);
    conns.push(conn);
    await conn.write(frameOf(["kontiki-client", 2, 2, 0]));
    // The frame without its last byte. The server does not read most of it.
    const body = frame.subarray(0, frame.length - 1);
    writes.push(writeAll(conn, body).catch(() => "hung up"));
  }
  await until(() => server.load().unfinishedBytes >= 2 ** 22);
  let most = 0;
  const watch = setInterval(() => most = Math.max(most, server.load().unfinishedBytes), 1);
  const client = new RpcClient({ server: address, silenceMsMax: 60_000 });
  const small = await client.call(1, { withinMs: 20_000 });
  assertEquals(small, { kind: "replied", payload: "done" });
  const large = await client.call(new Uint8Array(2 ** 20), { withinMs: 20_000 });
  assertEquals(large, { kind: "replied", payload: "done" });
  clearInterval(watch);
  assertLess(most, 2 * 2 ** 22 + 2 ** 20 + 17 * 64 * 1024);
  assertGreater(server.refusals()["silent"] ?? 0, 0, "a frame that does not go on makes room");
  for (const conn of conns) conn.close();
  await Promise.all(writes);
  await until(() => server.load().unfinishedBytes === 0);
  client.close();
  server.close();
});

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
