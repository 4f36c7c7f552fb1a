/**
 * Values as the store keeps them: one byte for the encoding, then the value as the client sent it.
 *
 * @module
 */

import { CONNECT_LIMITS } from "./messages.ts";
import { refusal } from "./refusal.ts";

/** The encodings, by the numbers of KV Connect. */
export const ENCODING = { v8: 1, le64: 2, bytes: 3 } as const;

const KNOWN: ReadonlySet<number> = new Set(Object.values(ENCODING));
const LE64_BYTES = 8;

/** The value that the store keeps. Throws a refusal for one that no client could read back. */
export function storedValue(
  { data, encoding }: { readonly data: Uint8Array; readonly encoding: number },
): Uint8Array {
  if (!KNOWN.has(encoding)) throw refusal(`Wanted a known encoding of a value, got ${encoding}`);
  if (data.length > CONNECT_LIMITS.valueBytes) {
    throw refusal(
      `Wanted a value of at most ${CONNECT_LIMITS.valueBytes} bytes, got ${data.length}`,
    );
  }
  if (encoding === ENCODING.le64 && data.length !== LE64_BYTES) {
    throw refusal(`Wanted a number of ${LE64_BYTES} bytes, got ${data.length}`);
  }
  const value = new Uint8Array(1 + data.length);
  value[0] = encoding;
  value.set(data, 1);
  return value;
}

/** The value that a client gets. What another program has put there is bytes to it. */
export function clientValue(
  value: Uint8Array,
): { readonly value: Uint8Array; readonly encoding: number } {
  const [encoding = 0] = value;
  const isKnown = KNOWN.has(encoding) &&
    (encoding !== ENCODING.le64 || value.length === 1 + LE64_BYTES);
  return isKnown ? { value: value.subarray(1), encoding } : { value, encoding: ENCODING.bytes };
}
