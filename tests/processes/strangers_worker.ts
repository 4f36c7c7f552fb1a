/**
 * Hostile connections to the given addresses, in a worker so that they do not slow the load in the
 * main thread. The message `true` starts them, `false` pauses them.
 *
 * @module
 */

import type { Address } from "../../net/mod.ts";
import { frameOf } from "../helpers/mod.ts";

const IDLE_CONNECTIONS = 2000;

let isHostile = false;

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(1 + Math.floor(Math.random() * 2000)));
}

/** The bytes that one connection sends; a slow one sends them byte by byte. */
const attacks: readonly { readonly bytes: () => Uint8Array; readonly isSlow?: boolean }[] = [
  { bytes: randomBytes },
  { bytes: () => new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n") },
  {
    bytes: () =>
      frameOf([
        "kontiki-peer",
        4,
        4,
        0,
        "another cluster",
        "",
        0,
        2,
        "",
        1,
        "",
        7,
        1,
        0,
        "1,2,3",
        "",
      ]),
  },
  {
    bytes: () =>
      frameOf(["kontiki-peer", 4, 4, 0, "test", "", 0, 9, "", 1, "", 7, 1, 0, "1,2,3", ""]),
  },
  { bytes: () => Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3) },
  { bytes: () => frameOf("x".repeat(3000)) },
  { bytes: () => frameOf(["kontiki-client", 2, 2, 0]), isSlow: true },
  {
    bytes: () =>
      frameOf(["kontiki-peer", 4, 4, 0, "test", "", 0, 2, "", 1, "", 7, 1, 0, "1,2,3", ""]),
    isSlow: true,
  },
  // After a valid hello: garbage, and a frame beyond the size limit.
  { bytes: () => new Uint8Array([...frameOf(["kontiki-client", 2, 2, 0]), ...randomBytes()]) },
  { bytes: () => new Uint8Array([...frameOf(["kontiki-client", 2, 2, 0]), 0x7f, 0, 0, 0, 1]) },
];

async function attack(address: Address, place: number): Promise<void> {
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  for (let turn = place;; turn++) {
    if (!isHostile) {
      await sleep(20);
      continue;
    }
    const { bytes, isSlow = false } = attacks[turn % attacks.length]!;
    try {
      using conn = await Deno.connect({ ...address, transport: "tcp" });
      if (isSlow) {
        for (const byte of bytes()) {
          await conn.write(Uint8Array.of(byte));
          await sleep(50);
        }
      } else await conn.write(bytes());
      await Promise.race([conn.read(new Uint8Array(100)), sleep(50)]);
    } catch (error) {
      // The node is expected to close hostile connections.
      if (!(error instanceof Deno.errors.ConnectionReset) && !isBrokenPipe(error)) throw error;
    }
    await sleep(10);
  }
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionAborted;
}

/** Holds thousands of silent connections, and replaces those that the node closes. */
async function holdIdle(addresses: readonly Address[]): Promise<void> {
  const open: Deno.Conn[] = [];
  for (;;) {
    for (let count = 0; isHostile && count < 50 && open.length < IDLE_CONNECTIONS; count++) {
      const address = addresses[open.length % addresses.length]!;
      open.push(await Deno.connect({ ...address, transport: "tcp" }));
    }
    if (!isHostile) { for (const conn of open.splice(0)) conn.close(); }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

self.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<boolean | readonly Address[]>;
  if (typeof data === "boolean") {
    isHostile = data;
    return;
  }
  for (const address of data) {
    attack(address, 0);
    attack(address, 5);
  }
  holdIdle(data);
});
