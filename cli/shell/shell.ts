/**
 * The shell: reads lines from a terminal, a pipe or a flag, runs them on an open cluster, and shows
 * its leader. What a line says is in `shell_line.ts`, how it is edited in `line_editor.ts`.
 *
 * @module
 */

import { binaryKey, endOfPrefix, textOfKey } from "../../kv/mod.ts";
import { noFaults } from "../../net/mod.ts";
import {
  type AnyContext,
  type Command,
  CommandError,
  type CommandRow,
  cutText,
  displayWidth,
  type Ending,
  leaderOf,
  nodeName,
  type NodeReport,
  type Output,
  parseCommand,
  parseCommandLine,
  type Session,
  systemMessage,
  UsageError,
} from "../table/mod.ts";
import { faultsText } from "../cluster/mod.ts";
import { openBatch, ownRows } from "../rows/mod.ts";
import { completion } from "./shell_completion.ts";
import { helpOf, hint, overview } from "./shell_help.ts";
import { addToHistory } from "./shell_history.ts";
import type { Completion } from "./line_editor.ts";
import { LineTerminal } from "./line_terminal.ts";
import { parseLine } from "./shell_line.ts";

/** The parts and settings of a {@linkcode Shell}. */
export interface ShellOptions {
  readonly session: Session;
  /** The commands that the shell offers. */
  readonly commands: readonly Command[];
  readonly output: Output;
  /** Stops the session when the shell ends. */
  readonly signal: AbortSignal;
  /** The time limit of a command that has none of its own. */
  readonly timeoutMs: number;
}

/** Commands that the shell answers by itself. */
const own: readonly CommandRow[] = Object.values(ownRows);

/** The interval between two updates of the prompt. */
const lookEveryMs = 500;

/** The least number of columns for faults in the prompt. */
const faultColumnsMin = 12;

/** Most keys of the store that are offered for completion, and how long the store may take. */
const keysOfferedMax = 100;
const completeMsMax = 300;

/** Most keys that are remembered for completion. */
const keysSeenMax = 1000;

/** What is a command of the shell also while a batch is open. */
const aroundBatch: ReadonlySet<string> = new Set(["begin", "commit", "rollback", "help"]);

/** A shell on a cluster. */
export class Shell {
  readonly #options: ShellOptions;
  /** Keys that were read or written here, for completion. */
  readonly #keysSeen = new Set<string>();
  #reports: readonly (NodeReport | null)[] = [];
  /** The first command that failed decides the exit code of a script. */
  #ending: Ending = "ok";
  /** The exit code that `exit` named; `null`: none yet. */
  #exitCode: number | null = null;

  constructor(options: ShellOptions) {
    this.#options = options;
  }

  /** Runs the commands of a script to its end. */
  async runScript(lines: AsyncIterable<string> | Iterable<string>): Promise<Ending> {
    for await (const line of lines) {
      if (this.#options.signal.aborted) throw this.#options.signal.reason;
      if (await this.#runLine(line, this.#options.signal) === "exit") break;
    }
    return this.#exitCode ?? this.#ending;
  }

  /** The exit code of an interactive session: "ok", unless `exit` named another. */
  get exitCode(): Ending {
    return this.#exitCode ?? "ok";
  }

  /** Reads and runs lines until the user leaves; returns the history with them. */
  async runTerminal(history: readonly string[]): Promise<readonly string[]> {
    const { signal } = this.#options;
    let lines = history;
    const terminal = new LineTerminal({
      prompt: (columns) => this.prompt(columns),
      leaving: this.#options.output.paint("dim", "Ctrl-C once more leaves"),
      hint: (text) => this.#options.output.paint("dim", hint(text, this.#options.commands)),
      complete: (text, cursor) => this.complete(text, cursor),
    });
    terminal.open();
    const leave = (): void => terminal.close();
    signal.addEventListener("abort", leave);
    await this.look();
    const looking = setInterval(() => this.#lookAgain(terminal), lookEveryMs);
    try {
      while (!signal.aborted) {
        const line = await terminal.readLine(lines);
        if (line === null) break;
        for (const each of line.split("\n")) lines = addToHistory(lines, each);
        const interrupt = new AbortController();
        terminal.onInterrupt(() =>
          interrupt.abort(new CommandError("interrupted", "Interrupted."))
        );
        const ending = await this.#runLine(line, AbortSignal.any([signal, interrupt.signal]));
        terminal.onInterrupt(null);
        if (ending === "exit") break;
        await this.look();
      }
    } finally {
      clearInterval(looking);
      signal.removeEventListener("abort", leave);
      if (!signal.aborted) terminal.close();
    }
    return lines;
  }

  /**
   * The prompt: the cluster, its leader and term, and the faults of its network if there is room.
   */
  prompt(columns = Infinity): string {
    const { session, output } = this.#options;
    const leader = leaderOf(this.#reports);
    const state = leader === null
      ? output.paint("red", "no leader")
      : output.paint("green", `${nodeName(leader.id)} leads, term ${leader.status.term}`);
    const head = `${output.paint("bold", session.cluster)} (${state})`;
    if (openBatch(session) !== undefined) return `${head} batch> `;
    const faults = this.#reports.find((report) => report?.faults)?.faults ?? noFaults;
    const text = faultsText(faults, session.ids);
    if (text === "none") return `${head}> `;
    // Half of the screen is kept free for the line.
    const room = Math.max(faultColumnsMin, Math.floor(columns / 2) - displayWidth(head));
    return `${head} ${output.paint("yellow", `[${cutText(text, room)}]`)}> `;
  }

  /** The words that are possible at the cursor. */
  async complete(text: string, cursor: number): Promise<Completion> {
    const { ids } = this.#options.session;
    const keys = async (typed: string): Promise<Iterable<string>> => {
      return new Set([...this.#keysSeen, ...await this.#storedKeys(typed)]);
    };
    return await completion({ text, cursor, commands: this.#all, ids, keys });
  }

  /** The rows of every command, those included that the shell answers by itself. */
  get #all(): readonly CommandRow[] {
    return [...this.#options.commands, ...own];
  }

  /** Keys of the store that begin so; none when it does not answer soon. */
  async #storedKeys(typed: string): Promise<readonly string[]> {
    if (!typed.isWellFormed()) return [];
    const start = binaryKey(typed);
    const range = { op: "range", start, end: endOfPrefix(start), limit: keysOfferedMax } as const;
    const then = [{ ...range, reverse: false, show: "keys" }] as const;
    const batch = { checks: [], then, otherwise: [], at: 0 };
    const clerk = this.#options.session.clerk();
    const outcome = await clerk.batch(batch, { timeoutMs: completeMsMax });
    const [found] = outcome.type === "done" ? outcome.result.results : [];
    if (found?.op !== "range") return [];
    return found.entries.flatMap(({ key }) => textOfKey(key) ?? []);
  }

  async #runLine(line: string, signal: AbortSignal): Promise<"exit" | "done"> {
    const parsed = parseLine(line);
    if (parsed.kind === "wrong") {
      this.#fail("usage", parsed.message);
      return "done";
    }
    for (const words of parsed.commands) {
      const texts = words.map((word) => word.text);
      try {
        if (texts[0] === "exit" || texts[0] === "quit") {
          if (this.#exit(texts.slice(1))) return "exit";
        } else this.#note(await this.#runCommand(texts, signal));
      } catch (error) {
        if (!this.#report(error)) throw error;
        if (error instanceof CommandError && error.reason === "interrupted") break;
      }
    }
    return "done";
  }

  /** Returns false when only help was asked for. */
  #exit(words: readonly string[]): boolean {
    const { output } = this.#options;
    const how = { command: ownRows.exit, environment: () => undefined };
    const invocation = parseCommand(words, how);
    if (invocation.kind === "run") this.#exitCode = invocation.args.code;
    else output.raw(helpOf(invocation.command));
    return invocation.kind === "run";
  }

  async #runCommand(words: readonly string[], signal: AbortSignal): Promise<Ending> {
    const { output, session, timeoutMs } = this.#options;
    const batch = openBatch(session);
    if (batch !== undefined && !aroundBatch.has(words[0]!)) {
      batch.add(words);
      return "ok";
    }
    const invocation = parseCommandLine<CommandRow | Command>(words, {
      commands: this.#all,
      environment: (name) => {
        if (name === "KONTIKI_TIMEOUT") return `${timeoutMs}ms`;
        return name === "KONTIKI_JSON" ? String(output.isJson) : undefined;
      },
    });
    if (invocation.kind === "help" || !("load" in invocation.command)) {
      const { command } = invocation;
      output.raw(command === null ? overview(this.#all) : helpOf(command));
      return "ok";
    }
    const { command, options, args, rest } = invocation;
    const { key } = args;
    if (typeof key === "string" && this.#keysSeen.size < keysSeenMax) this.#keysSeen.add(key);
    const { runIn } = await invocation.command.load();
    if (runIn === undefined) throw new Error(`Cannot run ${command.name}: it has no runIn`);
    const { json } = options;
    const context: AnyContext = {
      ...{ options, args, rest, signal, shellCommands: this.#options.commands },
      output: output.withJson(typeof json === "boolean" ? json : output.isJson),
    };
    return await runIn(context, session);
  }

  /**
   * Reports an error of a command. Returns false for an error after which the shell cannot go on.
   */
  #report(error: unknown): boolean {
    const system = systemMessage(error);
    if (error instanceof CommandError) this.#fail(error.reason, error.message);
    else if (error instanceof UsageError || error instanceof RangeError) {
      this.#fail("usage", error.message);
    } else if (system !== null) this.#fail("failure", `Cannot go on: ${system}`);
    else return false;
    return true;
  }

  #fail(ending: Ending, message: string): void {
    const { output } = this.#options;
    this.#note(ending);
    if (output.isJson) output.json({ outcome: ending, message });
    if (ending === "interrupted") output.note(message);
    else output.error(message);
  }

  #note(ending: Ending): void {
    const isFailure = ending !== "ok" && ending !== 0;
    if (isFailure && this.#ending === "ok") this.#ending = ending;
  }

  /** Reads the state of every node for the prompt. */
  async look(): Promise<void> {
    this.#reports = await this.#options.session.reports();
  }

  async #lookAgain(terminal: LineTerminal): Promise<void> {
    const before = this.prompt();
    await this.look();
    if (this.prompt() !== before && !this.#options.signal.aborted) terminal.refresh();
  }
}
