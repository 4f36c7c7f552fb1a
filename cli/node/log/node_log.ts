/**
 * The log of a node: text on a terminal, one JSON value a line otherwise, on standard error. What
 * users store never goes into it: messages name nodes, terms and indexes, not keys or values.
 *
 * @module
 */

import {
  BaseHandler,
  getLogger,
  type LevelName,
  type Logger,
  type LogRecord,
  setup,
} from "@std/log";
import { paintText } from "../../table/mod.ts";

/**
 * The log as the parts of a node use it.
 *
 * - `debug`: every change of the core's state.
 * - `info`: which node leads, which peers are in reach, and what takes long.
 * - `warn`: what was refused or cut off, and what may need a person if it goes on.
 * - `error`: what ends the node, or keeps it out of its cluster.
 */
export interface NodeLog {
  debug(line: string): void;
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/** Options of {@linkcode setupLog}. */
export interface LogOptions {
  readonly level: string;
  readonly isTerminal: boolean;
  readonly isColorWanted: boolean;
  readonly write: (line: string) => void;
  /** Stands in every JSON line. */
  readonly node: string;
}

class LineHandler extends BaseHandler {
  readonly #write: (line: string) => void;

  constructor(levelName: LevelName, options: LogOptions) {
    const formatter = options.isTerminal ? textFormatter(options) : jsonFormatter(options.node);
    super(levelName, { formatter });
    this.#write = options.write;
  }

  log(line: string): void {
    this.#write(line);
  }
}

/** Sets up the log and returns its logger. */
export function setupLog(options: LogOptions): Logger {
  const level = options.level.toUpperCase() as LevelName;
  setup({
    handlers: { line: new LineHandler(level, options) },
    loggers: { default: { level, handlers: ["line"] } },
  });
  return getLogger();
}

const levelAccents = { DEBUG: "dim", INFO: "green", WARN: "yellow", ERROR: "red" } as const;

function textFormatter({ isColorWanted }: LogOptions): (record: LogRecord) => string {
  return ({ datetime, levelName, msg }) => {
    const accent = levelAccents[levelName as keyof typeof levelAccents] ?? "red";
    const level = levelName.padEnd(5);
    const time = datetime.toISOString().slice(11, 23);
    return `${time} ${isColorWanted ? paintText(accent, level) : level} ${msg}`;
  };
}

function jsonFormatter(node: string): (record: LogRecord) => string {
  return ({ datetime, levelName, msg }) =>
    JSON.stringify({
      time: datetime.toISOString(),
      level: levelName.toLowerCase(),
      node,
      message: msg,
    });
}
