/**
 * Stand-in for the part of `@std/log` that we use: levels, records, loggers, a base for handlers.
 *
 * @module
 */

/** The names of the levels, from the least to the most urgent. */
export type LevelName = "NOTSET" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "CRITICAL";

/** The number of each level. */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** The number of a level. */
export type LogLevel = typeof LogLevels[LevelName];

/** One thing that was logged. */
export class LogRecord {
  readonly msg: string;
  readonly args: unknown[];
  readonly datetime: Date = new Date();
  readonly level: number;
  readonly levelName: string;
  readonly loggerName: string;

  constructor(
    options: { msg: string; args: unknown[]; level: LogLevel; loggerName: string },
  ) {
    this.msg = options.msg;
    this.args = [...options.args];
    this.level = options.level;
    this.loggerName = options.loggerName;
    this.levelName = Object.entries(LogLevels).find(([, level]) => level === options.level)![0];
  }
}

/** Turns a record into a line. */
export type FormatterFunction = (record: LogRecord) => string;

/** Takes records of a level and above, formats them, and writes them somewhere. */
export abstract class BaseHandler {
  readonly level: number;
  readonly formatter: FormatterFunction;

  constructor(levelName: LevelName, options: { formatter?: FormatterFunction } = {}) {
    this.level = LogLevels[levelName];
    this.formatter = options.formatter ?? ((record) => `${record.levelName} ${record.msg}`);
  }

  /** Logs a record unless it is below this handler's level. */
  handle(record: LogRecord): void {
    if (this.level > record.level) return;
    this.log(this.format(record));
  }

  /** The line for a record. */
  format(record: LogRecord): string {
    return this.formatter(record);
  }

  /** Writes one line. */
  abstract log(line: string): void;
  /** Called before the first record. */
  setup(): void {}
  /** Called after the last one. */
  destroy(): void {}
}

/** A named source of records. */
export class Logger {
  readonly loggerName: string;
  readonly level: LogLevel;
  readonly handlers: BaseHandler[];

  constructor(
    loggerName: string,
    levelName: LevelName,
    options: { handlers?: BaseHandler[] } = {},
  ) {
    this.loggerName = loggerName;
    this.level = LogLevels[levelName];
    this.handlers = options.handlers ?? [];
  }

  #log(level: LogLevel, msg: string, args: unknown[]): string {
    if (this.level <= level) {
      const record = new LogRecord({ msg, args, level, loggerName: this.loggerName });
      for (const handler of this.handlers) handler.handle(record);
    }
    return msg;
  }

  debug(msg: string, ...args: unknown[]): string {
    return this.#log(LogLevels.DEBUG, msg, args);
  }
  info(msg: string, ...args: unknown[]): string {
    return this.#log(LogLevels.INFO, msg, args);
  }
  warn(msg: string, ...args: unknown[]): string {
    return this.#log(LogLevels.WARN, msg, args);
  }
  error(msg: string, ...args: unknown[]): string {
    return this.#log(LogLevels.ERROR, msg, args);
  }
  critical(msg: string, ...args: unknown[]): string {
    return this.#log(LogLevels.CRITICAL, msg, args);
  }
}

/** What {@linkcode setup} takes. */
export interface LogConfig {
  handlers?: Record<string, BaseHandler>;
  loggers?: Record<string, { level?: LevelName; handlers?: string[] }>;
}

const loggers = new Map<string, Logger>();
let current: LogConfig = {};

/** Replaces all handlers and loggers. */
export function setup(config: LogConfig): void {
  for (const handler of Object.values(current.handlers ?? {})) handler.destroy();
  current = config;
  loggers.clear();
  for (const handler of Object.values(config.handlers ?? {})) handler.setup();
  for (const [name, logger] of Object.entries(config.loggers ?? {})) {
    const handlers = (logger.handlers ?? []).flatMap((handler) => config.handlers?.[handler] ?? []);
    loggers.set(name, new Logger(name, logger.level ?? "INFO", { handlers }));
  }
}

/** The logger of that name; one that was not set up logs nothing. */
export function getLogger(name = "default"): Logger {
  let logger = loggers.get(name);
  if (logger === undefined) {
    logger = new Logger(name, "NOTSET");
    loggers.set(name, logger);
  }
  return logger;
}
