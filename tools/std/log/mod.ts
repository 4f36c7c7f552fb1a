/**
 * Stand-in for the part of `@std/log` that this project uses, for machines without JSR: one logger
 * with handlers, and text messages. `tests/std/std_log_test.ts` tests both.
 *
 * @module
 */

const LEVELS = { NOTSET: 0, DEBUG: 10, INFO: 20, WARN: 30, ERROR: 40, CRITICAL: 50 } as const;

/** The name of a level. */
export type LevelName = keyof typeof LEVELS;

/** One message of the log. */
export class LogRecord {
  readonly msg: string;
  readonly level: number;
  readonly levelName: string;
  readonly datetime: Date = new Date();

  constructor(msg: string, levelName: LevelName) {
    this.msg = msg;
    this.level = LEVELS[levelName];
    this.levelName = levelName;
  }
}

/** Makes the line of a record. */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** Writes records of a level and above. */
export abstract class BaseHandler {
  formatter: FormatterFunction;
  readonly #level: number;

  constructor(levelName: LevelName, options?: { formatter?: FormatterFunction }) {
    this.#level = LEVELS[levelName];
    this.formatter = options?.formatter ?? ((record) => `${record.levelName} ${record.msg}`);
  }

  handle(logRecord: LogRecord): void {
    if (this.#level <= logRecord.level) this.log(this.formatter(logRecord));
  }

  abstract log(msg: string): void;
}

/** Passes messages of a level and above to its handlers, and returns them. */
export class Logger {
  handlers: BaseHandler[] = [];
  levelName: LevelName = "INFO";

  debug(msg: string): string {
    return this.#log("DEBUG", msg);
  }

  info(msg: string): string {
    return this.#log("INFO", msg);
  }

  warn(msg: string): string {
    return this.#log("WARN", msg);
  }

  error(msg: string): string {
    return this.#log("ERROR", msg);
  }

  critical(msg: string): string {
    return this.#log("CRITICAL", msg);
  }

  #log(level: LevelName, msg: string): string {
    if (LEVELS[this.levelName] > LEVELS[level]) return msg;
    const record = new LogRecord(msg, level);
    for (const handler of this.handlers) handler.handle(record);
    return msg;
  }
}

/** The level and the handlers of a logger. */
export interface LoggerConfig {
  level?: LevelName;
  handlers?: string[];
}

/** Handlers and loggers by name. */
export interface LogConfig {
  handlers?: { [name: string]: BaseHandler };
  loggers?: { default?: LoggerConfig };
}

let logger = new Logger();

/** Replaces the default logger. */
export function setup({ handlers = {}, loggers = {} }: LogConfig): void {
  logger = new Logger();
  logger.levelName = loggers.default?.level ?? "INFO";
  logger.handlers = (loggers.default?.handlers ?? []).flatMap((name) => handlers[name] ?? []);
}

/** The default logger. */
export function getLogger(): Logger {
  return logger;
}
