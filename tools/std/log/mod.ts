/**
 * Stand-in for the part of `@std/log` that we use, for machines that reach the npm registry only.
 * What both must agree on is written down in `tests/std_log_test.ts`.
 *
 * @module
 */

/** The levels by name. */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** The name of a level. */
export type LevelName = keyof typeof LogLevels;
/** The number of a level. */
export type LogLevel = typeof LogLevels[LevelName];

/** The number of a level that has this name. */
export function getLevelByName(name: LevelName): LogLevel {
  const level: LogLevel | undefined = LogLevels[name];
  if (level === undefined) throw new Error(`Cannot get log level: no level named ${name}`);
  return level;
}

/** The name of a level that has this number. */
export function getLevelName(level: LogLevel): LevelName {
  for (const [name, value] of Object.entries(LogLevels)) {
    if (value === level) return name as LevelName;
  }
  throw new Error(`Cannot get log level: no name for level: ${level}`);
}

/** What a record is made of. */
export interface LogRecordOptions {
  /** The text. */
  msg: string;
  /** What was given besides the text. */
  args: unknown[];
  /** How serious it is. */
  level: LogLevel;
  /** The logger it comes from. */
  loggerName: string;
}

/** One thing to log. */
export class LogRecord {
  readonly msg: string;
  readonly level: number;
  readonly levelName: string;
  readonly loggerName: string;
  readonly #args: unknown[];
  readonly #datetime = new Date();

  constructor(options: LogRecordOptions) {
    this.msg = options.msg;
    this.#args = [...options.args];
    this.level = options.level;
    this.loggerName = options.loggerName;
    this.levelName = getLevelName(options.level);
  }

  get args(): unknown[] {
    return [...this.#args];
  }

  get datetime(): Date {
    return new Date(this.#datetime.getTime());
  }
}

/** A record to a line. */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** Options of every handler. */
export interface BaseHandlerOptions {
  /** Makes the line. */
  formatter?: FormatterFunction;
}

/** Takes records of a level and above to where they should go. */
export abstract class BaseHandler {
  formatter: FormatterFunction;
  #level: LogLevel;

  constructor(levelName: LevelName, options?: BaseHandlerOptions) {
    this.#level = getLevelByName(levelName);
    this.formatter = options?.formatter ?? ((record) => `${record.levelName} ${record.msg}`);
  }

  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    this.#level = level;
  }

  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  handle(logRecord: LogRecord): void {
    if (this.level <= logRecord.level) this.log(this.format(logRecord));
  }

  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  abstract log(msg: string): void;

  setup(): void {}

  destroy(): void {}

  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** Options for {@linkcode ConsoleHandler}. */
export interface ConsoleHandlerOptions extends BaseHandlerOptions {
  /** Whether a line has the colour of its level; `true` if left out. */
  useColors?: boolean;
}

const COLOURS: Readonly<Record<number, readonly [string, string]>> = {
  [LogLevels.INFO]: ["\x1b[34m", "\x1b[39m"],
  [LogLevels.WARN]: ["\x1b[33m", "\x1b[39m"],
  [LogLevels.ERROR]: ["\x1b[31m", "\x1b[39m"],
  [LogLevels.CRITICAL]: ["\x1b[1m\x1b[31m", "\x1b[39m\x1b[22m"],
};

/** Prints records to the console. */
export class ConsoleHandler extends BaseHandler {
  readonly #useColors: boolean;

  constructor(levelName: LevelName, options: ConsoleHandlerOptions = {}) {
    super(levelName, options);
    this.#useColors = options.useColors ?? true;
  }

  override format(logRecord: LogRecord): string {
    const line = super.format(logRecord);
    const colour = COLOURS[logRecord.level];
    if (!this.#useColors || Deno.noColor || colour === undefined) return line;
    return `${colour[0]}${line}${colour[1]}`;
  }

  log(msg: string): void {
    console.log(msg);
  }
}

/** Options for {@linkcode Logger}. */
export interface LoggerOptions {
  /** Where the records go. */
  handlers?: BaseHandler[];
}

// deno-lint-ignore no-explicit-any
type GenericFunction = (...args: any[]) => any;
type Message<T> = (T extends GenericFunction ? never : T) | (() => T);

/** Makes records and gives them to its handlers; returns the message it was given. */
export class Logger {
  handlers: BaseHandler[];
  readonly #loggerName: string;
  #level: LogLevel;

  constructor(loggerName: string, levelName: LevelName, options: LoggerOptions = {}) {
    this.#loggerName = loggerName;
    this.#level = getLevelByName(levelName);
    this.handlers = options.handlers ?? [];
  }

  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    this.#level = level;
  }

  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  get loggerName(): string {
    return this.#loggerName;
  }

  debug<T>(msg: () => T, ...args: unknown[]): T | undefined;
  debug<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  debug<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.DEBUG, msg, args);
  }

  info<T>(msg: () => T, ...args: unknown[]): T | undefined;
  info<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  info<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.INFO, msg, args);
  }

  warn<T>(msg: () => T, ...args: unknown[]): T | undefined;
  warn<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  warn<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.WARN, msg, args);
  }

  error<T>(msg: () => T, ...args: unknown[]): T | undefined;
  error<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  error<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.ERROR, msg, args);
  }

  critical<T>(msg: () => T, ...args: unknown[]): T | undefined;
  critical<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  critical<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.CRITICAL, msg, args);
  }

  #log<T>(level: LogLevel, msg: Message<T>, args: unknown[]): T | undefined {
    if (this.#level > level) return msg instanceof Function ? undefined : msg;
    const message = msg instanceof Function ? msg() : msg;
    const record = new LogRecord({
      msg: asString(message),
      args,
      level,
      loggerName: this.#loggerName,
    });
    for (const handler of this.handlers) handler.handle(record);
    return message;
  }
}

function asString(data: unknown, isField = false): string {
  if (typeof data === "string") return isField ? `"${data}"` : data;
  if (data instanceof Error) return data.stack ?? String(data);
  if (typeof data === "function") return "undefined";
  if (typeof data !== "object" || data === null) return String(data);
  const fields = Object.entries(data).map(([key, value]) => `"${key}":${asString(value, true)}`);
  return `{${fields.join(",")}}`;
}

/** Which level and which handlers a logger has. */
export class LoggerConfig {
  level?: LevelName;
  handlers?: string[];
}

/** Handlers and loggers by name. */
export interface LogConfig {
  /** The handlers. */
  handlers?: { [name: string]: BaseHandler };
  /** The loggers. */
  loggers?: { [name: string]: LoggerConfig };
}

const DEFAULT_CONFIG = {
  handlers: { default: new ConsoleHandler("INFO") },
  loggers: { default: { level: "INFO", handlers: ["default"] } },
} satisfies LogConfig;

const handlers = new Map<string, BaseHandler>();
const loggers = new Map<string, Logger>();

/** Sets all loggers and handlers anew; those of before are closed. */
export function setup(config: LogConfig): void {
  for (const handler of handlers.values()) handler.destroy();
  handlers.clear();
  loggers.clear();
  for (
    const [name, handler] of Object.entries({ ...DEFAULT_CONFIG.handlers, ...config.handlers })
  ) {
    handler.setup();
    handlers.set(name, handler);
  }
  const wanted: { [name: string]: LoggerConfig } = { ...DEFAULT_CONFIG.loggers, ...config.loggers };
  for (const [name, logger] of Object.entries(wanted)) {
    const own = (logger.handlers ?? []).map((handler) => handlers.get(handler));
    loggers.set(
      name,
      new Logger(name, logger.level ?? "INFO", { handlers: own.filter((it) => it !== undefined) }),
    );
  }
}

setup(DEFAULT_CONFIG);

/** The logger of that name, or the default one. A name not set up gets a logger without handlers. */
export function getLogger(name = "default"): Logger {
  const found = loggers.get(name || "default");
  if (found !== undefined) return found;
  const logger = new Logger(name, "NOTSET", { handlers: [] });
  loggers.set(name, logger);
  return logger;
}

/** A record as one line of JSON. */
export function jsonFormatter(logRecord: LogRecord): string {
  const { args } = logRecord;
  return JSON.stringify({
    level: logRecord.levelName,
    datetime: logRecord.datetime.getTime(),
    message: logRecord.msg,
    args: args.length > 1 ? args : args[0],
  });
}

/** The formatters there are. */
export const formatters = { jsonFormatter } as const;
