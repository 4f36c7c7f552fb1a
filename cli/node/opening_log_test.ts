/** Tests of {@linkcode openingLog}. @module */

import { assert, assertEquals } from "@std/assert";
import { listLog } from "../../tests/helpers/list_log.ts";
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

Deno.test("openingLog logs what was cut off", () => {
  const lines: string[] = [];
  const { trimmed } = openingLog(listLog(lines), () => 0);
  trimmed({ file: "log-0000000004", offset: 96, bytes: 12 });
  assert(lines[0]?.startsWith("warn: cut off 12 bytes"), lines.join());
  assert(lines[0]?.includes("log-0000000004 at byte 96"), lines.join());
});
