/**
 * Why a client cannot connect: every way to fail has its own kind.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { echo, serve } from "../../tests/helpers/rpc_server.ts";
import { frameOf } from "../../tests/helpers/sockets.ts";
import { TcpTransport } from "../peers/mod.ts";
import type { RpcClientOptions } from "./client_options.ts";
import { RpcClient } from "./rpc_client.ts";

const local = { hostname: "127.0.0.1", port: 0 };

/** The port for peers of a node. */
function openTransport(): TcpTransport {
  const nothing = (): void => {};
  const rest = { listen: local, receive: nothing, log: nothing };
  return new TcpTransport({ id: 1, cluster: "test", peers: [1], ...rest });
}

/** Why a client cannot connect, as kind and message. */
async function failureOf(options: RpcClientOptions): Promise<string> {
  const client = new RpcClient(options);
  const outcome = await client.call(1, { withinMs: 10_000 });
  assertEquals(outcome, { kind: "neverSent", reason: "noConnection" });
  client.close();
  return `${client.lastFailure?.kind}: ${client.lastFailure?.message}`;
}

Deno.test("RpcClient names the reason when it cannot connect", async () => {
  const closed = Deno.listen(local);
  const nobody = closed.addr as Deno.NetAddr;
  closed.close();
  assertMatch(await failureOf({ server: nobody }), /^refused: /);
  assertMatch(await failureOf({ server: { path: "/nowhere/socket" } }), /^refused: /);
  const unknown = { hostname: "no-such-host.invalid", port: 1 };
  assertMatch(await failureOf({ server: unknown }), /^unknownHost: /);

  const silent = Deno.listen(local);
  const taken = silent.addr as Deno.NetAddr;
  assertMatch(await failureOf({ server: taken, connectMsMax: 50 }), /^timeout: /);
  silent.close();

  const { server, address } = serve(echo, { limits: { connectionsMax: 0 } });
  const crowd = "tooMany: more than 0 connections";
  assertEquals(await failureOf({ server: address }), crowd);
  const cluster = "another";
  const elsewhere = "wrongCluster: wanted cluster another, got test";
  assertEquals(await failureOf({ server: address, cluster }), elsewhere);
  server.close();

  const peers = openTransport();
  const wrongPort = "wrongPort: wanted a peer, got a client: this port is for peers";
  assertEquals(await failureOf({ server: peers.address }), wrongPort);
  peers.close();
});

Deno.test("RpcClient names the reason when it cannot use the answer to its hello", async () => {
  const answers: readonly [Uint8Array, string][] = [
    [new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"), "notKontiki: Cannot read frame"],
    [frameOf("welcome"), "notKontiki: wanted the hello of a server"],
    [
      frameOf(["kontiki-server", 9, 0, "test", "", 1]),
      "wrongVersion: wanted protocol version 2, got 9 to 9",
    ],
    [frameOf(["kontiki-refused", "wrongVersion", "too\nold"]), "wrongVersion: too?old"],
    [frameOf(["kontiki-refused", "toString", "what"]), "notKontiki: what"],
    [new Uint8Array(0), "notKontiki: the other side hung up without a hello"],
  ];
  for (const [bytes, wanted] of answers) {
    const listener = Deno.listen(local);
    const failing = failureOf({ server: listener.addr as Deno.NetAddr });
    const conn = await listener.accept();
    await conn.read(new Uint8Array(1000));
    await conn.write(bytes);
    conn.close();
    assertEquals((await failing).slice(0, wanted.length), wanted);
    listener.close();
  }
});

Deno.test("RpcClient clears its last failure once it has connected", async () => {
  const { server, address } = serve(echo);
  const client = new RpcClient({ server: address });
  assertEquals((await client.call(1, { withinMs: 10_000 })).kind, "replied");
  assertEquals(client.lastFailure, null);
  client.close();
  server.close();
});
