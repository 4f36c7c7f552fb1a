/**
 * Tests of what leaves when.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { VOTE } from "../../../tests/helpers/bare_server.ts";
import { Outbox } from "./outbox.ts";

const reply = (to: number) => ({ from: 1, to, term: 1, message: VOTE });
const takers = (outbox: Outbox) => outbox.take().map(({ to }) => to);

Deno.test("Outbox lets a message leave when its term and vote are durable (P1)", () => {
  const outbox = new Outbox();
  outbox.add(reply(2));
  assertEquals(takers(outbox), [2]);
  outbox.voteChanged();
  outbox.add(reply(3));
  assertEquals([takers(outbox), outbox.isVoteDurable], [[], false]);
  outbox.saving();
  outbox.saved();
  assertEquals([takers(outbox), takers(outbox), outbox.isVoteDurable], [[3], [], true]);
});

Deno.test("Outbox keeps what speaks of a vote that the save under way did not take (P1)", () => {
  const outbox = new Outbox();
  outbox.voteChanged();
  outbox.add(reply(2));
  outbox.saving();
  outbox.voteChanged();
  outbox.add(reply(3));
  outbox.saved();
  assertEquals([takers(outbox), outbox.isVoteDurable], [[2], false]);
  outbox.saving();
  outbox.saved();
  assertEquals(takers(outbox), [3]);
});
