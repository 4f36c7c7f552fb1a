/**
 * Tests of the core's options: defaults and refusals.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { fillRaftOptions, type RaftOptions } from "./options.ts";

const GOOD: RaftOptions = { id: 1, peers: [1, 2, 3] };

Deno.test("fillRaftOptions fills in defaults that depend on the profile", () => {
  assertEquals(fillRaftOptions(GOOD).profile, "production");
  assertEquals(fillRaftOptions({ ...GOOD, profile: "lab" }).trailingBytes, 0);
  assertEquals(fillRaftOptions({ ...GOOD, trailingBytes: 3 }).trailingBytes, 3);
});

Deno.test("fillRaftOptions refuses invalid options, naming wanted and given", () => {
  const cases: [Partial<RaftOptions>, string][] = [
    [{ id: 4 }, "wanted one of the peers 1, 2, 3, got 4"],
    [{ peers: [1, 2, 2] }, "wanted each id once, got 1, 2, 2"],
    [{ peers: [0, 1] }, "wanted a whole number from 1 up, got 0"],
    [{ peers: [1, 2 ** 32] }, "wanted ids up to 4294967295, got 4294967296"],
    [{ appendEntriesMax: 0 }, "appendEntriesMax: wanted a whole number from 1 up, got 0"],
    [{ electionTicks: 1.5 }, "electionTicks"],
    [{ trailingBytes: -1 }, "trailingBytes: wanted a whole number from 0 up, got -1"],
    [{ electionTicks: 10, heartbeatTicks: 10 }, "wanted less than electionTicks (10), got 10"],
    [{ profile: "fast" as "lab" }, 'wanted "production" or "lab", got "fast"'],
  ];
  for (const [change, words] of cases) {
    assertThrows(() => fillRaftOptions({ ...GOOD, ...change }), RangeError, words);
  }
});
