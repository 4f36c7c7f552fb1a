/**
 * Tests of what this project needs of `@std/log`: the original or the stand-in in `tools/std`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { BaseHandler, getLogger, type LevelName, type LogRecord, setup } from "@std/log";

/** Keeps the lines. */
class KeepingHandler extends BaseHandler {
  readonly lines: string[] = [];

  override log(line: string): void {
    this.lines.push(line);
  }
}

function logAll(level: LevelName): void {
  setup({ handlers: { kept: handler }, loggers: { default: { level, handlers: ["kept"] } } });
  handler.lines.length = 0;
  const logger = getLogger();
  logger.debug("d");
  logger.info("i");
  logger.warn("w");
  assertEquals(logger.error("e"), "e");
  logger.critical("c");
}

const handler = new KeepingHandler("INFO");

Deno.test("the logger passes on messages of its level and above", () => {
  logAll("WARN");
  assertEquals(handler.lines, ["WARN w", "ERROR e", "CRITICAL c"]);
  logAll("CRITICAL");
  assertEquals(handler.lines, ["CRITICAL c"]);
});

Deno.test("a handler passes on messages of its level and above", () => {
  logAll("DEBUG");
  assertEquals(handler.lines, ["INFO i", "WARN w", "ERROR e", "CRITICAL c"]);
});

Deno.test("a formatter gets message, level and time of a record", () => {
  const records: LogRecord[] = [];
  const formatter = (record: LogRecord): string => `${records.push(record)}`;
  const numbering = new KeepingHandler("INFO", { formatter });
  setup({
    handlers: { numbering },
    loggers: { default: { level: "INFO", handlers: ["numbering"] } },
  });
  getLogger().info("hello");
  assertEquals(numbering.lines, ["1"]);
  assertEquals(records.map(({ msg, level, levelName }) => [msg, level, levelName]), [
    ["hello", 20, "INFO"],
  ]);
  assert(Math.abs(records[0]!.datetime.getTime() - Date.now()) < 60_000);
});
