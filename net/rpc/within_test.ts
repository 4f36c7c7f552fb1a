/**
 * Tests of waiting with a limit.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { within } from "./within.ts";

const never = new Promise<string>(() => {});

Deno.test("within gives the value, or null once the time is over or the signal is raised", async () => {
  assertEquals(await within(Promise.resolve("value"), 60_000), "value");
  assertEquals(await within(never, -1), null);
  const caller = new AbortController();
  const waiting = within(never, Infinity, caller.signal);
  caller.abort();
  assertEquals(await waiting, null);
});

Deno.test("within leaves no listener behind on the signal of its caller", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  Object.assign(signal, {
    addEventListener: () => listeners++,
    removeEventListener: () => listeners--,
  });
  const waiting = within(Promise.resolve("value"), 60_000, signal);
  assertEquals(listeners, 1);
  await waiting;
  assertEquals(listeners, 0);
});
