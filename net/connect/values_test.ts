/**
 * Values as they are stored, and as clients get them.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { ConnectRefusal } from "./refusal.ts";
import { clientValue, storedValue } from "./values.ts";

Deno.test("a value comes back in its encoding", () => {
  for (const encoding of [1, 2, 3]) {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 255);
    assertEquals(clientValue(storedValue({ data, encoding })), { value: data, encoding });
  }
  const empty = { data: new Uint8Array(), encoding: 3 };
  assertEquals(clientValue(storedValue(empty)), { value: empty.data, encoding: 3 });
});

Deno.test("what no client could read is refused", () => {
  for (const encoding of [0, 4, -1]) {
    assertThrows(() => storedValue({ data: new Uint8Array(8), encoding }), ConnectRefusal);
  }
  assertThrows(() => storedValue({ data: new Uint8Array(7), encoding: 2 }), ConnectRefusal);
});

Deno.test("what another program has stored reaches clients as bytes", () => {
  for (const value of [new Uint8Array(), Uint8Array.of(65, 66), Uint8Array.of(2, 1, 1)]) {
    assertEquals(clientValue(value), { value, encoding: 3 });
  }
});
