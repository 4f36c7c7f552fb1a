/**
 * Sums, minima and maxima in the encodings of KV Connect, with numbers that V8 itself reads and writes.
 *
 * @module
 */

import { deserialize, serialize } from "node:v8";
import { assertEquals } from "@std/assert";
import type { OperationOf } from "../../command/mod.ts";
import { calculate } from "./calculate.ts";
import { decodeAmount, encodeAmount } from "./v8_numbers.ts";

type Calculation = OperationOf<"calculate">;

const v8 = (value: unknown) => new Uint8Array(serialize(value));
const stored = (value: unknown) => Uint8Array.of(1, ...v8(value));
const none = new Uint8Array();

function u64(number: bigint): Uint8Array {
  return encodeAmount({ type: "KvU64", number });
}

/** What a key that holds `before` holds afterwards, as a value; text in brackets: why not. */
function after(
  before: Uint8Array | null,
  operand: Uint8Array,
  more: Partial<Calculation> = {},
): unknown {
  const bounds = { lowest: none, highest: none, clamp: false };
  const common = { op: "calculate", key: "k", how: "sum", ...bounds } as const;
  const value = calculate(before, { ...common, operand, ...more });
  if (typeof value === "string") return `[${value}]`;
  if (value[0] === 1) return deserialize(value.slice(1));
  const amount = decodeAmount(value);
  return amount === null ? null : { u64: amount.number };
}

Deno.test("sums keep the type of the number", () => {
  assertEquals(after(null, u64(42n)), { u64: 42n });
  assertEquals(after(u64(42n), u64(1n)), { u64: 43n });
  assertEquals(after(u64(2n ** 64n - 1n), u64(3n)), { u64: 2n });
  assertEquals(after(u64(43n), stored(1n)), { u64: 44n });
  assertEquals(after(null, stored(-5n)), -5n);
  assertEquals(after(stored(42n), stored(1n)), 43n);
  assertEquals(after(stored(2n ** 70n), stored(-1n)), 2n ** 70n - 1n);
  assertEquals(after(null, stored(7)), 7);
  assertEquals(after(stored(1), stored(0.5)), 1.5);
});

Deno.test("a sum of different types is refused", () => {
  assertEquals(after(stored(42n), stored(1)), "[Cannot sum BigInt with Number]");
  assertEquals(after(stored(42), stored(1n)), "[Cannot sum Number with BigInt]");
  assertEquals(after(u64(1n), stored(1)), "[Cannot sum KvU64 with Number]");
  assertEquals(after(u64(1n), stored(-1n)), "[Cannot sum KvU64 with BigInt]");
  assertEquals(after(u64(1n), stored(2n ** 64n)), "[Cannot sum KvU64 with BigInt]");
  const notU64 = "[Failed to perform 'sum' mutation on a non-U64 value in the database]";
  for (const value of [stored(1n), stored("text"), Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0)]) {
    assertEquals(after(value, u64(1n)), notU64);
  }
  const noNumber = "[Cannot sum: the value in the database is of an unsupported value type]";
  assertEquals(after(stored("text"), stored(1n)), noNumber);
  const type = "got an unsupported value type";
  const wanted = `[Cannot sum: wanted an operand and bounds that are numbers, ${type}]`;
  assertEquals(after(null, stored("text")), wanted);
  assertEquals(after(null, Uint8Array.of(1)), wanted);
  assertEquals(after(null, none), wanted);
  assertEquals(after(null, stored(1n), { lowest: Uint8Array.of(7) }), wanted);
});

Deno.test("a sum beyond its bounds is refused, or becomes the bound", () => {
  const highest = v8(44n);
  const lowest = v8(-3n);
  const beyond = "[The result of a Sum operation would exceed its range limit]";
  assertEquals(after(stored(43n), stored(1n), { highest }), 44n);
  assertEquals(after(stored(43n), stored(2n), { highest }), beyond);
  assertEquals(after(stored(43n), stored(2n), { highest, clamp: true }), 44n);
  assertEquals(after(stored(1n), stored(-4n), { lowest }), -3n);
  assertEquals(after(stored(1n), stored(-5n), { lowest }), beyond);
  assertEquals(after(stored(1n), stored(-5n), { lowest, clamp: true }), -3n);
  assertEquals(after(null, stored(50n), { highest, clamp: true }), 44n);
  assertEquals(after(stored(1), stored(9), { highest: v8(5.5), clamp: true }), 5.5);
  const types = "[Cannot sum: wanted bounds of the same type as the operand]";
  assertEquals(after(stored(1), stored(9), { highest }), types);
  assertEquals(after(u64(1n), u64(9n), { highest }), types);
});

Deno.test("min and max take numbers of 64 bits alone", () => {
  assertEquals(after(null, u64(7n), { how: "min" }), { u64: 7n });
  assertEquals(after(u64(5n), u64(7n), { how: "min" }), { u64: 5n });
  assertEquals(after(u64(5n), u64(7n), { how: "max" }), { u64: 7n });
  assertEquals(after(u64(2n ** 63n), u64(7n), { how: "max" }), { u64: 2n ** 63n });
  const operand = "[Failed to perform 'max' mutation on a non-U64 operand]";
  assertEquals(after(null, stored(7n), { how: "max" }), operand);
  const value = "[Failed to perform 'min' mutation on a non-U64 value in the database]";
  assertEquals(after(stored(7n), u64(1n), { how: "min" }), value);
});
