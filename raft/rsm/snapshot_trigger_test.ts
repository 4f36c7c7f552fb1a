/**
 * Tests of the moment at which a server takes its next snapshot.
 *
 * @module
 */

import { assert, assertEquals, AssertionError } from "@std/assert";
import { entryOf } from "../../tests/helpers/log_entries.ts";
import { entryBytes } from "../core/model/log.ts";
import { Rsm } from "./rsm.ts";
import { SnapshotTrigger, thresholdBytes } from "./snapshot_trigger.ts";

/** The size of the log at which a snapshot is taken, if entries of one byte are applied. */
function nextAt(trigger: SnapshotTrigger): number {
  for (let bytes = 1; bytes < 1e9; bytes++) {
    trigger.applied(1);
    if (trigger.isDue) return bytes;
  }
  throw new AssertionError("wanted a snapshot to become due");
}

Deno.test("thresholdBytes grows with the image and differs between servers (S10)", () => {
  const at = (imageBytes: number, draw: number) =>
    thresholdBytes({ logBytesMax: 100, imageBytes, draw });
  assertEquals([at(0, 0), at(200, 0), at(1_000, 0), at(1e9, 0)], [100, 100, 500, 5e8]);
  assertEquals([at(0, 0.5), at(1_000, 0.999) > 370], [87.5, true]);
});

Deno.test("SnapshotTrigger writes at most three bytes for each byte of the log (S10)", () => {
  const trigger = new SnapshotTrigger(1_000, () => 0.999);
  let [logBytes, imageBytes, written] = [0, 0, 0];
  for (let number = 0; number < 40; number++) {
    logBytes += nextAt(trigger);
    imageBytes = logBytes; // everything that is written stays
    trigger.begun();
    trigger.ended(imageBytes);
    written += imageBytes;
  }
  assert(imageBytes > 1e6 && written < 4 * logBytes, `${written} of ${logBytes}`);
});

Deno.test("SnapshotTrigger counts on while a snapshot is drawn, and none is due until it ends (S10)", () => {
  const trigger = new SnapshotTrigger(10, () => 0);
  assertEquals(nextAt(trigger), 11);
  trigger.begun();
  for (let number = 0; number < 50; number++) trigger.applied(1);
  assert(!trigger.isDue);
  trigger.ended(4);
  assert(trigger.isDue);
  trigger.restored(100);
  assertEquals(nextAt(trigger), 51);
});

Deno.test("SnapshotTrigger tries again after a snapshot was given up (D5)", () => {
  const trigger = new SnapshotTrigger(100, () => 0);
  assertEquals(nextAt(trigger), 101);
  for (let number = 0; number < 3; number++) {
    trigger.begun();
    trigger.ended(null);
    assertEquals(nextAt(trigger), 26);
  }
});

Deno.test("Rsm draws a snapshot again soon after one was given up (D5)", () => {
  const machine = {
    apply: () => new Uint8Array(),
    query: () => new Uint8Array(),
    snapshot: () => new Uint8Array(1),
    restore: () => {},
  };
  const entry = (index: number) => entryOf(index, 1, new Uint8Array(1));
  const rsm = new Rsm({
    ...{
      machine,
      logBytesMax: 8 * entryBytes(entry(1)),
      clock: { now: () => 0, soon: (run) => run(), after: () => ({ cancel: () => {} }) },
    },
    random: () => 0.5,
  });
  const drawn: number[] = [];
  const draw = (index: number, image: () => unknown, ended: (bytes: number | null) => void) => {
    image();
    drawn.push(index);
    ended(drawn.length < 3 ? null : 1);
    return true;
  };
  rsm.attach({ propose: () => null, read: () => false, hasRoom: true, draw });
  for (let index = 1; index <= 20; index++) rsm.apply([entry(index)]);
  assertEquals(drawn, [8, 11, 14]);
});
