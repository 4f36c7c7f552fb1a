/**
 * Tests of which messages count as bulk.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isBulk } from "./bulk.ts";
import { append } from "../../../tests/helpers/bare_server.ts";
import { MEMBERS, momentOf } from "../../../tests/helpers/log_entries.ts";

Deno.test("isBulk is true for entries and snapshot chunks, and false for heartbeats and probes", () => {
  const last = momentOf(1, 1);
  const chunk = {
    type: "installSnapshot",
    last,
    members: MEMBERS,
    offset: 0,
    total: 9,
    round: 0,
  } as const;
  assertEquals(isBulk(append([0, 0], { terms: [1] })), true);
  assertEquals(isBulk(append([0, 0])), false);
  assertEquals(isBulk({ ...chunk, data: new Uint8Array(9) }), true);
  assertEquals(isBulk({ ...chunk, data: new Uint8Array() }), false);
  assertEquals(isBulk({ type: "requestVote", preVote: false, transfer: false, last }), false);
});
