/**
 * Tests of the filter: no false negatives, few false positives.
 *
 * @module
 */

import { assert, assertLess } from "@std/assert";
import { BloomBuilder, mayHold } from "./bloom.ts";
import { keyBytes } from "./entry.ts";

/** Adds a key as it lies among other bytes. */
function add(builder: BloomBuilder, key: string): void {
  builder.add(keyBytes(`..${key}.`), 2, 2 + key.length);
}

/** The filter, made without a rest. */
function built(builder: BloomBuilder): Uint8Array {
  const steps = builder.build();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

Deno.test("a filter contains all of its keys and fewer than two in a hundred others", () => {
  const builder = new BloomBuilder();
  for (let number = 0; number < 10_000; number++) add(builder, `key ${number}`);
  const filter = built(builder);
  for (let number = 0; number < 10_000; number++) assert(mayHold(filter, `key ${number}`));
  let passed = 0;
  for (let number = 0; number < 10_000; number++) if (mayHold(filter, `no ${number}`)) passed++;
  assertLess(passed, 200);
});

Deno.test("the size of a filter depends on the number of keys, not of versions", () => {
  const builder = new BloomBuilder();
  for (let version = 0; version < 1000; version++) add(builder, "one");
  const filter = built(builder);
  assert(filter.length === 8 && mayHold(filter, "one") && !mayHold(filter, "two"));
});
