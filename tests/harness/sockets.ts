/**
 * What tests of sockets need: frames made by hand, and waiting for the other side.
 *
 * @module
 */

import { assert } from "@std/assert";
import { encode, type WireValue } from "../../net/mod.ts";

/** A value as one frame. */
export function frameOf(value: WireValue): Uint8Array {
  const payload = encode(value);
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

/** Reads until the other side has hung up. */
export async function hungUp(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1000);
  try {
    while (await conn.read(buffer) !== null);
  } catch (error) {
    // Hanging up on unread bytes is told as a reset.
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}

/** Waits until something has come true, for longer than it takes on any machine. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what = "it",
): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await isTrue()) {
    assert(performance.now() < end, `${what} did not happen in time`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
