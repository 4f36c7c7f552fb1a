/**
 * What a clerk makes of replies.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { encodeAged, encodeReply } from "../command/mod.ts";
import { outcomeOf, readResult } from "./clerk_replies.ts";

Deno.test("readResult tells what was never sent from what got no answer, and an age from none", () => {
  const reply = encodeReply({ type: "noKey" });
  assertEquals([
    readResult("unsent"),
    readResult(null),
    readResult(reply),
    readResult(encodeAged({ ageMs: 4.2, reply })),
    readResult(Uint8Array.of(99)),
  ], [
    { reply: { type: "wrongLeader", leader: null }, age: {} },
    { reply: null, age: {} },
    { reply: { type: "noKey" }, age: {} },
    { reply: { type: "noKey" }, age: { ageMs: 5 } },
    { reply: null, age: {} },
  ]);
});

Deno.test("outcomeOf passes on why a batch was not done, and no answer as none", () => {
  assertEquals([
    outcomeOf(null),
    outcomeOf({ type: "full" }),
    outcomeOf({ type: "compacted", oldest: 7 }),
    outcomeOf({ type: "unsupported", reason: "n2 is older" }),
    outcomeOf({ type: "refused" }),
  ], [
    { type: "unavailable" },
    { type: "full" },
    { type: "compacted", oldest: 7 },
    { type: "invalid", reason: "n2 is older" },
    { type: "refused" },
  ]);
});
