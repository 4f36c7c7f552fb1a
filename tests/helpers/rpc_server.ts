/**
 * A server of numbered requests on a free port of the loopback.
 *
 * @module
 */

import {
  type Address,
  type Answer,
  RpcServer,
  type RpcServerOptions,
  type WireValue,
} from "../../net/mod.ts";

const local = { hostname: "127.0.0.1", port: 0 };

/** Serves; the lines of its log are collected. A handler may return false for "unknown request". */
export function serve(
  handle: (request: WireValue, reply: Answer) => unknown,
  changes: Partial<RpcServerOptions> = {},
): { readonly server: RpcServer; readonly address: Address; readonly lines: string[] } {
  const listener = changes.listener ?? Deno.listen(local);
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const known = (request: WireValue, reply: Answer): boolean => handle(request, reply) !== false;
  const usual = { listener, cluster: "test", id: 1, handle: known, log };
  const server = new RpcServer({ ...usual, ...changes });
  const { hostname, port } = listener.addr as Deno.NetAddr;
  return { server, address: { hostname, port }, lines };
}

/** Answers with the request. */
export function echo(request: WireValue, reply: Answer): void {
  reply(request);
}
