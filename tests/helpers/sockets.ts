/**
 * Helpers for tests of sockets.
 *
 * @module
 */

import { encode, type WireValue } from "../../net/mod.ts";
import { inTime } from "./until.ts";

/** Encodes a value as one frame. */
export function frameOf(value: WireValue): Uint8Array {
  const payload = encode(value);
  const bytes = new Uint8Array(4 + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

/** Reads until the other side has closed the connection, which it must do in time. */
export async function hungUp(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1000);
  try {
    while (await inTime(conn.read(buffer), "the end of a connection") !== null);
  } catch (error) {
    // A close with unread bytes arrives as a reset.
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}

/** The hello of n2 to n1, but for the fields that are given. */
export function hello(fields: { readonly [name: string]: WireValue }): WireValue {
  const usual: { readonly [name: string]: WireValue } = {
    ...{ mark: "kontiki-peer", lowest: 4, highest: 4, features: 0, cluster: "test" },
    ...{ clusterId: "", group: 0, from: 2, incarnation: "", to: 1, wanted: "", run: 7, dial: 1 },
    ...{ line: 0, members: "1,2,3", address: "", certificate: null },
  };
  return Object.values({ ...usual, ...fields });
}
