/** Tests of {@linkcode openingLog}. @module */

import { assertEquals } from "@std/assert";
import { listLog } from "../../../tests/helpers/list_log.ts";
import { openingLog } from "./opening_log.ts";

Deno.test("openingLog logs its progress once a second during a long start", () => {
  const lines: string[] = [];
  let time = 0;
  const { progress } = openingLog(listLog(lines), () => time);
  for (let slice = 1; slice <= 25; slice++) {
    time += 100;
    progress({ doneBytes: slice * 2 ** 20, totalBytes: 25 * 2 ** 20 });
  }
  assertEquals(lines, [
    "info: reads its folder: 10 of 25 MiB",
    "info: reads its folder: 20 of 25 MiB",
  ]);
});

Deno.test("openingLog says in bytes and entries what was cut off, and claims no more", () => {
  const lines: string[] = [];
  const { trimmed } = openingLog(listLog(lines), () => 0);
  trimmed({ file: "log-0000000004", offset: 96, bytes: 12, entries: 1 });
  trimmed({ file: "log-0000000004", offset: 96, bytes: 5000, entries: 40 });
  const end =
    "at the end of the log (log-0000000004 at byte 96): a save that was not finished, or " +
    "data that the disk lost";
  assertEquals(lines, [
    `warn: cut off 12 bytes with at least 1 entry ${end}`,
    `warn: cut off 5000 bytes with at least 40 entries ${end}`,
  ]);
});
