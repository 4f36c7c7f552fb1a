/**
 * `kontiki export` and `kontiki import`: keys and values as lines of JSON.
 *
 * @module
 */

import { binaryKey, type Key, keyBytes, type Operation } from "../../kv/mod.ts";
import { batchOfJson, endOfPrefix } from "../../kv/mod.ts";
import { listRange } from "../../net/store/mod.ts";
import { onCluster } from "../cluster/mod.ts";
import type { Row } from "../rows/mod.ts";
import {
  attempt,
  CommandError,
  countText,
  type ExitReason,
  type Session,
  type SessionContext,
  untilInterrupted,
} from "../table/mod.ts";
import { execute, keyOfText, readFailure, readPage } from "./keys_access.ts";
import { entryJson } from "./list_command.ts";

/** `kontiki export`. */
export const dump = onCluster<Row<"export">>(runExport);

/** `kontiki import`. */
export const load = onCluster<Row<"import">>(runImport);

/** The number of keys, and of characters of lines, that are stored at a time. */
const PORTION = { keys: 500, characters: 2 * 1024 * 1024 };
const PROGRESS_KEYS = 1000;

async function runExport(
  context: SessionContext<Row<"export">>,
  session: Session,
): Promise<ExitReason> {
  const { args, options, output } = context;
  const prefix = binaryKey(args.prefix ?? "");
  const end = endOfPrefix(prefix);
  const { after } = options;
  const start: Key = after === null
    ? prefix
    : `${keyOfText(after, { isHex: false, command: "export" })}\0`;
  let written = 0;
  let revision = 0;
  const read = readPage(context, session);
  const range = {
    ...start === "" ? {} : { start: keyBytes(start) },
    ...end === null ? {} : { end: keyBytes(end) },
  };
  const entries = listRange(range, { at: options.revision ?? 0 }, async (operation, at) => {
    const page = await read(operation, at);
    if (page.type === "done") revision = page.result.revision;
    return page;
  });
  try {
    for await (const entry of entries) {
      output.json(entryJson(entry));
      if (++written % PROGRESS_KEYS === 0) output.progress(countText(written, "key"));
    }
  } catch (error) {
    throw readFailure(error);
  }
  output.note(`${countText(written, "key")} of revision ${revision}`);
  return "ok";
}

async function runImport(
  context: SessionContext<Row<"import">>,
  session: Session,
): Promise<ExitReason> {
  const { args, options, output } = context;
  const lines = await attempt(`read ${args.file ?? "standard input"}`, () => linesOf(args.file));
  const importer = new Importer(context, session);
  const reading = lines[Symbol.asyncIterator]();
  try {
    for (;;) {
      // A pipe may bring the next line late or never.
      const { value: line, done } = await untilInterrupted(context, reading.next());
      if (done) break;
      if (importer.lines < options.skip || line.trim() === "") importer.pass();
      else await importer.add(line);
    }
  } catch (error) {
    throw importer.interrupted(error);
  }
  await importer.flush();
  const { stored } = importer;
  if (output.isJson) output.json({ outcome: "ok", keys: stored });
  else output.note(`${countText(stored, "key")} stored`);
  return "ok";
}

/** Stores lines in portions, and knows how many are certainly stored. */
class Importer {
  readonly #context: SessionContext<Row<"import">>;
  readonly #session: Session;
  #lines = 0;
  #storedLines = 0;
  #stored = 0;
  #puts: Operation[] = [];
  #characters = 0;

  constructor(context: SessionContext<Row<"import">>, session: Session) {
    this.#context = context;
    this.#session = session;
  }

  /** The number of lines that were read. */
  get lines(): number {
    return this.#lines;
  }

  /** The number of keys that were stored. */
  get stored(): number {
    return this.#stored;
  }

  /** Passes over a line. */
  pass(): void {
    this.#lines++;
    if (this.#puts.length === 0) this.#storedLines = this.#lines;
  }

  /** Takes a line, and stores what has gathered. */
  async add(line: string): Promise<void> {
    const put = this.#parse(line);
    if (this.#characters + line.length > PORTION.characters) await this.flush();
    this.#lines++;
    this.#puts.push(put);
    this.#characters += line.length;
    if (this.#puts.length === PORTION.keys) await this.flush();
  }

  /** Stores what has gathered. */
  async flush(): Promise<void> {
    const { output, signal } = this.#context;
    if (this.#puts.length === 0) return;
    try {
      await this.#store();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw this.#cutOff(error.reason, error.message);
    }
    this.#stored += this.#puts.length;
    this.#storedLines = this.#lines;
    this.#puts = [];
    this.#characters = 0;
    output.progress(`${countText(this.#stored, "key")} stored`);
    if (signal.aborted) throw this.#cutOff("interrupted", "Interrupted.");
  }

  /** Stores a portion; again if that is unknown, because the same values do no harm. */
  async #store(): Promise<void> {
    for (let attempt = 1;; attempt++) {
      try {
        await execute(this.#context, this.#session, { then: this.#puts });
        return;
      } catch (error) {
        const isOpen = error instanceof CommandError && error.reason === "unknownOutcome";
        if (!isOpen || attempt === 3) throw error;
      }
    }
  }

  #parse(line: string): Operation {
    try {
      const { key, value } = JSON.parse(line);
      return batchOfJson({ then: [{ op: "put", key, value }] }).then[0]!;
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
      const message = error.message.replace("then[0].", "");
      throw this.#cutOff("failure", `Cannot read line ${this.#lines + 1}: ${message}.`);
    }
  }

  /** The error, or after Ctrl-C one that says how much is stored. */
  interrupted(error: unknown): unknown {
    const { signal } = this.#context;
    return signal.aborted && error === signal.reason
      ? this.#cutOff("interrupted", "Interrupted.")
      : error;
  }

  #cutOff(reason: ExitReason, message: string): CommandError {
    const lines = countText(this.#storedLines, "line");
    return new CommandError(reason, `${message} ${lines} are certainly stored: go on with --skip.`);
  }
}

async function linesOf(file: string | null): Promise<AsyncIterable<string>> {
  const isFile = file !== null && file !== "-";
  const bytes = isFile ? (await Deno.open(file)).readable : Deno.stdin.readable;
  return lines(bytes.pipeThrough(new TextDecoderStream("utf-8", { fatal: true })));
}

async function* lines(texts: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  let rest = "";
  try {
    for await (const text of texts) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      yield* parts;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CommandError("failure", "Cannot read the lines: wanted UTF-8");
  }
  if (rest !== "") yield rest;
}
