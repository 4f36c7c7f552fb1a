/**
 * What `@std/log` must do for us, whether it is the original or the stand-in in `tools/std`.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  BaseHandler,
  ConsoleHandler,
  formatters,
  getLevelByName,
  getLevelName,
  getLogger,
  type LevelName,
  Logger,
  LogLevels,
  type LogRecord,
  setup,
} from "@std/log";

/** Keeps the lines, and what happened to it. */
class KeepingHandler extends BaseHandler {
  readonly lines: string[] = [];
  readonly life: string[] = [];

  override log(line: string): void {
    this.lines.push(line);
  }

  override setup(): void {
    this.life.push("setup");
  }

  override destroy(): void {
    this.life.push("destroy");
  }
}

/** What a handler is given when a logger says hello. */
function record(level: "info" | "warn" | "error", args: unknown[] = []): LogRecord {
  const records: LogRecord[] = [];
  const handler = new KeepingHandler("NOTSET");
  handler.formatter = (made) => `${records.push(made)}`;
  const logger = new Logger("node", "NOTSET", { handlers: [handler] });
  logger[level]("hello", ...args);
  return records[0]!;
}

Deno.test("levels have names and numbers that agree", () => {
  assertEquals({ ...LogLevels }, {
    NOTSET: 0,
    DEBUG: 10,
    INFO: 20,
    WARN: 30,
    ERROR: 40,
    CRITICAL: 50,
  });
  for (const name of Object.keys(LogLevels) as LevelName[]) {
    assertEquals(getLevelName(getLevelByName(name)), name);
  }
  assertThrows(() => getLevelByName("LOUD" as LevelName), Error, "no level named LOUD");
});

Deno.test("logger passes on what is of its level and above", () => {
  const handler = new KeepingHandler("DEBUG");
  const logger = new Logger("node", "WARN", { handlers: [handler] });
  logger.debug("d");
  logger.info("i");
  logger.warn("w");
  logger.error("e");
  logger.critical("c");
  assertEquals(handler.lines, ["WARN w", "ERROR e", "CRITICAL c"]);
  logger.levelName = "INFO";
  handler.levelName = "CRITICAL";
  logger.error("e2");
  logger.critical("c2");
  assertEquals(handler.lines.slice(3), ["CRITICAL c2"]);
  assertEquals([logger.level, logger.levelName, logger.loggerName], [20, "INFO", "node"]);
});

Deno.test("logger turns a message into text and returns it", () => {
  const handler = new KeepingHandler("DEBUG");
  const logger = new Logger("node", "INFO", { handlers: [handler] });
  const value = { term: 5, name: "n1", inner: { ok: true } };
  assertStrictEquals(logger.info(value), value);
  assertEquals(logger.info(7), 7);
  assertEquals(logger.info(null), null);
  assertEquals(logger.info(() => "made"), "made");
  assertEquals(logger.debug(() => "never made"), undefined);
  assertEquals(logger.debug("quiet"), "quiet");
  assertEquals(handler.lines, [
    `INFO {"term":5,"name":"n1","inner":{"ok":true}}`,
    "INFO 7",
    "INFO null",
    "INFO made",
  ]);
  logger.info(new Error("broken"));
  assert(handler.lines[4]!.startsWith("INFO Error: broken\n"));
});

Deno.test("logger does not make a message that nobody hears", () => {
  let made = 0;
  const logger = new Logger("node", "ERROR");
  logger.info(() => made += 1);
  assertEquals(made, 0);
});

Deno.test("record keeps its own copy of the arguments and knows when it was made", () => {
  const args = [1];
  const made = record("info", args);
  args.push(2);
  assertEquals(made.args, [1]);
  assertEquals([made.msg, made.level, made.levelName, made.loggerName], [
    "hello",
    20,
    "INFO",
    "node",
  ]);
  assert(Math.abs(made.datetime.getTime() - Date.now()) < 60_000);
});

Deno.test("jsonFormatter writes one line of JSON", () => {
  const made = record("warn", [{ term: 5 }]);
  const datetime = made.datetime.getTime();
  assertEquals(JSON.parse(formatters.jsonFormatter(made)), {
    level: "WARN",
    datetime,
    message: "hello",
    args: { term: 5 },
  });
  assertEquals("args" in JSON.parse(formatters.jsonFormatter(record("warn"))), false);
  const two: unknown = JSON.parse(formatters.jsonFormatter(record("warn", [1, 2]))).args;
  assertEquals(two, [1, 2]);
});

Deno.test("console handler formats with its formatter, and plain when colours are off", () => {
  const plain = new ConsoleHandler("INFO", { useColors: false });
  assertEquals(plain.format(record("error")), "ERROR hello");
  const own = new ConsoleHandler("INFO", {
    useColors: false,
    formatter: (it) => `${it.loggerName}: ${it.msg}`,
  });
  assertEquals(own.format(record("error")), "node: hello");
  assertEquals(own.level, LogLevels.INFO);
});

Deno.test("setup makes loggers by name and closes the handlers of before", () => {
  const handler = new KeepingHandler("INFO");
  setup({
    handlers: { kept: handler },
    loggers: { node: { level: "DEBUG", handlers: ["kept", "missing"] } },
  });
  const logger = getLogger("node");
  assertStrictEquals(getLogger("node"), logger);
  assertEquals(logger.handlers, [handler]);
  logger.debug("too quiet for the handler");
  logger.info("heard");
  assertEquals(handler.lines, ["INFO heard"]);
  assertEquals(getLogger().handlers.length, 1);
  assertEquals([getLogger("new").levelName, getLogger("new").handlers], ["NOTSET", []]);
  setup({});
  assertEquals(handler.life, ["setup", "destroy"]);
  assertEquals(getLogger("node").handlers, []);
});
