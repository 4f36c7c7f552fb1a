/**
 * Tests of what `kontiki status` says of snapshots on their way.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { NodeReport } from "../table/mod.ts";
import { TransferWatch } from "./transfers.ts";

const MIB = 2 ** 20;

/** A leader that sends node 3 a snapshot of 8 MiB, or has nothing to send. */
function leader(receivedMiB: number | null, totalMiB = 8): NodeReport {
  const transfer = receivedMiB === null
    ? null
    : { received: receivedMiB * MIB, total: totalMiB * MIB };
  const peers = [{ id: 2, transfer: null }, { id: 3, transfer }];
  return { status: { role: "leader", term: 1, peers } } as unknown as NodeReport;
}

Deno.test("TransferWatch says how much of a snapshot has arrived, and how long the rest takes", () => {
  const watch = new TransferWatch();
  const line = "n3 receives a snapshot:";
  assertEquals(watch.lines([null, leader(1)], 1_000), [`${line} 1.0 MiB of 8.0 MiB`]);
  assertEquals(watch.lines([leader(1), null], 2_000), [
    `${line} 1.0 MiB of 8.0 MiB, no progress`,
  ]);
  assertEquals(watch.lines([leader(3)], 3_000), [
    `${line} 3.0 MiB of 8.0 MiB, about 5.0 s left`,
  ]);
});

Deno.test("TransferWatch forgets a transfer that ended, began anew, or has another size", () => {
  for (const between of [leader(null), leader(0), leader(2, 9)]) {
    const watch = new TransferWatch();
    watch.lines([leader(1)], 1_000);
    watch.lines([between], 2_000);
    const [line] = watch.lines([leader(4)], 4_000);
    assertEquals(line?.includes("about 2."), between.status.peers[1]?.transfer?.received === 0);
  }
});

Deno.test("TransferWatch has no lines without a leader or a transfer", () => {
  const watch = new TransferWatch();
  assertEquals(watch.lines([null, null], 0), []);
  assertEquals(watch.lines([leader(null)], 0), []);
});
