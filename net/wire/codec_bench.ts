/**
 * The speed of the codec on frequent messages, compared with `@std/msgpack`.
 *
 * @module
 */

import { decode as decodeStd, encode as encodeStd, type ValueType } from "@std/msgpack";
import { decode, type WireValue } from "./codec.ts";
import { encode, Encoder } from "./encoder.ts";
import { appendFrame } from "./frame.ts";

const command = new Uint8Array(256).fill(7);
const request = [17, ["put", command]];
const append = [3, 1, 2, 5, 1000, 5, 990, 77, Array.from({ length: 8 }, () => [5, command])];

for (const [name, value] of Object.entries<WireValue>({ request, append })) {
  const encoder = new Encoder();
  const bytes = encode(value);
  Deno.bench({
    name: `${name}: frame into a used buffer`,
    group: `${name} encode`,
    baseline: true,
    fn() {
      encoder.clear();
      appendFrame(encoder, value);
    },
  });
  Deno.bench({
    name: `${name}: std encode`,
    group: `${name} encode`,
    fn: () => void encodeStd(value as ValueType),
  });
  Deno.bench({
    name: `${name}: decode`,
    group: `${name} decode`,
    baseline: true,
    fn: () => void decode(bytes),
  });
  Deno.bench({
    name: `${name}: std decode`,
    group: `${name} decode`,
    fn: () => void decodeStd(bytes),
  });
}
