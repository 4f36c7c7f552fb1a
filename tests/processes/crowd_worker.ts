/**
 * Thousands of clients that connect at once, in a worker so that they do not slow the load in the main
 * thread. A message names the server and their number, and is answered when each has said hello; the
 * next message closes them.
 *
 * @module
 */

import { type Address, RpcClient } from "../../net/mod.ts";

/** What the worker is asked for; `null`: close all. */
export type Crowd = { readonly server: Address; readonly size: number } | null;

/** What this worker uses of its global scope, whose type is that of a window. */
interface Scope {
  onmessage: (event: { readonly data: Crowd }) => void;
  postMessage(clients: number): void;
}

const scope = self as unknown as Scope;
const pauseMs = 100;

let clients: readonly RpcClient[] = [];

async function join(client: RpcClient): Promise<void> {
  while (await client.connect() === null) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

async function gather(crowd: Crowd): Promise<void> {
  for (const client of clients) client.close();
  clients = crowd === null
    ? []
    : Array.from({ length: crowd.size }, () => new RpcClient({ server: crowd.server }));
  await Promise.all(clients.map(join));
  scope.postMessage(clients.length);
}

scope.onmessage = ({ data }): void => void gather(data);
