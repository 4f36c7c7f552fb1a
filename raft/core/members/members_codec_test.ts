/**
 * Tests of the bytes of members.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import type { Members } from "./configuration.ts";
import { decodeMembers, encodeMembers } from "./members_codec.ts";

const MEMBERS: Members = {
  voters: [{ id: 1, incarnation: "a", peer: "h1:7101", client: "h1:7001" }],
  outgoing: [{ id: 2, incarnation: "", peer: "", client: "" }],
  learners: [{ id: 2, incarnation: "é", peer: "", client: "" }],
};
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

Deno.test("members have the same bytes in every release", () => {
  assertEquals(
    text(encodeMembers(MEMBERS)),
    `{"voters":[{"id":1,"incarnation":"a","peer":"h1:7101","client":"h1:7001"}],` +
      `"outgoing":[{"id":2,"incarnation":"","peer":"","client":""}],` +
      `"learners":[{"id":2,"incarnation":"é","peer":"","client":""}]}`,
  );
  assertEquals(decodeMembers(encodeMembers(MEMBERS)), MEMBERS);
});

Deno.test("members of a later release decode without the fields that it has added", () => {
  const voters = [{ ...MEMBERS.voters[0], zone: "north" }];
  assertEquals(decodeMembers(bytes({ ...MEMBERS, voters, later: 1 })), MEMBERS);
});

Deno.test("no members at all are bytes, too", () => {
  const nobody: Members = { voters: [], outgoing: [], learners: [] };
  assertEquals(decodeMembers(encodeMembers(nobody)), nobody);
});

Deno.test("bytes that are not members are refused", () => {
  const [member] = MEMBERS.voters;
  for (
    const value of [
      null,
      [],
      {},
      { ...MEMBERS, voters: [member, member] },
      { ...MEMBERS, voters: [{ ...member, id: "1" }] },
      { ...MEMBERS, voters: [{ ...member, peer: 7 }] },
      { ...MEMBERS, outgoing: [{ ...member, id: 0 }] },
      { ...MEMBERS, learners: [null] },
    ]
  ) assertThrows(() => decodeMembers(bytes(value)), TypeError, "Cannot decode members");
  assertThrows(() => decodeMembers(Uint8Array.of(0xff)), TypeError, "Cannot decode members");
});
