/**
 * Tests of the lines of the log, as text and as JSON.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { setupLog } from "./node_log.ts";

function lines(isTerminal: boolean, level: string): string[] {
  const written: string[] = [];
  const write = (line: string): void => void written.push(line);
  const log = setupLog({ level, isTerminal, isColorWanted: false, write, node: "n1" });
  log.debug("small");
  log.info("serves");
  log.error('broke "x"');
  return written;
}

Deno.test("log writes one JSON value per line to a pipe, from its level up", () => {
  const values = lines(false, "info").map((line) => JSON.parse(line));
  assertEquals(values.map(({ level, node, message }) => [level, node, message]), [
    ["info", "n1", "serves"],
    ["error", "n1", 'broke "x"'],
  ]);
  assert(values.every(({ time }) => Math.abs(Date.now() - Date.parse(time)) < 60_000));
  assertEquals(lines(false, "error").length, 1);
});

Deno.test("log is text on a terminal", () => {
  const [debug, info] = lines(true, "debug");
  assert(/^\d\d:\d\d:\d\d\.\d{3} DEBUG small$/.test(debug!), debug);
  assert(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}serves$/.test(info!), info);
});
