/**
 * Tests of the description of faults.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { bridge, noFaults, oneWay, partition, undisturbed, unreliable } from "../../net/mod.ts";
import { faultsText, groupsOf } from "./faults_text.ts";

const ids = [1, 2, 3, 4, 5];

Deno.test("faults of a partition are its groups, also when a node is alone", () => {
  const blocked = partition([[1, 3], [2], [4, 5]]);
  assertEquals(groupsOf({ ...noFaults, blocked }, ids), [[1, 3], [2], [4, 5]]);
  assertEquals(faultsText({ ...noFaults, blocked }, ids), "n1 n3 | n2 | n4 n5");
});

Deno.test("faults that are not a partition are shown link by link", () => {
  assertEquals(groupsOf({ ...noFaults, blocked: bridge(ids) }, ids), null);
  const blocked = oneWay([1], [2, 3]);
  assertEquals(faultsText({ ...noFaults, blocked }, ids), "blocked n1→n2 n1→n3");
});

Deno.test("disturbances are shown once when they are the same for requests and replies", () => {
  assertEquals(faultsText(noFaults, ids), "none");
  const request = { ...undisturbed, drop: 0.125, duplicate: 0.5 };
  const both = { ...noFaults, request, reply: request };
  assertEquals(faultsText(both, ids), "lose 12.5 %, duplicate 50 %");
  assertEquals(
    faultsText({ ...noFaults, ...unreliable }, ids),
    "requests lose 10 %, delay up to 26 ms; replies lose 10 %",
  );
  const links = [{ from: 1, to: 2, disturbance: undisturbed }];
  assertEquals(
    faultsText({ ...noFaults, links, bytesPerSecondMax: 9 }, ids),
    "n1→n2 healthy; at most 9 B/s",
  );
});
