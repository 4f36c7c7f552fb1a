/**
 * The shell: reads lines from a terminal, a pipe or a flag, runs them on an open cluster, and shows
 * who leads it. What a line says is in `shell_line.ts`, how it is edited in `line_editor.ts`.
 *
 * @module
 */

import { noFaults } from "../../net/mod.ts";
import {
  type AnyContext,
  type Command,
  CommandError,
  commandHelp,
  type Ending,
  formatTable,
  nodeName,
  type NodeReport,
  type Output,
  parseCommandLine,
  type Session,
  systemMessage,
  UsageError,
  usageLine,
} from "../table/mod.ts";
import { faultsText } from "../cluster/mod.ts";
import { leaderOf } from "../table/mod.ts";
import { addToHistory } from "./shell_history.ts";
import type { Completion } from "./line_editor.ts";
import { LineTerminal } from "./line_terminal.ts";
import { parseLine, quoteWord, wordAtCursor } from "./shell_line.ts";

/** What a {@linkcode Shell} is made of. */
export interface ShellOptions {
  readonly session: Session;
  /** The commands that the shell offers. */
  readonly commands: readonly Command[];
  readonly output: Output;
  /** Ends the shell. */
  readonly signal: AbortSignal;
  /** The limit of each command, unless it has its own. */
  readonly timeoutMs: number;
}

const helpRows = [
  ["help [COMMAND]", "this, or more on one command"],
  ["exit", "leave; so do Ctrl-D and Ctrl-C on an empty line"],
];

/** How often the prompt looks who leads. */
const lookEveryMs = 500;

/** Most keys remembered for completion. */
const keysSeenMax = 1000;

/** A shell on a cluster. */
export class Shell {
  readonly #options: ShellOptions;
  /** Keys that were read or written here, for completion. */
  readonly #keysSeen = new Set<string>();
  #reports: readonly (NodeReport | null)[] = [];
  /** The first command that failed decides the exit code of a script. */
  #ending: Ending = "ok";

  constructor(options: ShellOptions) {
    this.#options = options;
  }

  /** Runs commands that are not typed, to their end. */
  async runScript(lines: AsyncIterable<string> | Iterable<string>): Promise<Ending> {
    for await (const line of lines) {
      if (this.#options.signal.aborted) throw this.#options.signal.reason;
      if (await this.#runLine(line, this.#options.signal) === "exit") break;
    }
    return this.#ending;
  }

  /** Talks with a person until they leave; returns the history with what was typed. */
  async runTerminal(history: readonly string[]): Promise<readonly string[]> {
    const { signal } = this.#options;
    let lines = history;
    const terminal = new LineTerminal({
      prompt: () => this.prompt(),
      hint: (text) => hint(text, this.#options),
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
        terminal.onInterrupt(() => interrupt.abort(new CommandError("interrupted", "Interrupted")));
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

  /** The cluster, who leads it in which term, and what is wrong with its network. */
  prompt(): string {
    const { session, output } = this.#options;
    const leader = leaderOf(this.#reports);
    const who = leader === null
      ? output.paint("red", "no leader")
      : output.paint("green", `${nodeName(leader.id)} leads, term ${leader.status.term}`);
    const faults = this.#reports.find((report) => report?.faults)?.faults ?? noFaults;
    const text = faultsText(faults, session.ids);
    const wrong = text === "none" ? "" : ` ${output.paint("yellow", `[${text}]`)}`;
    return `${output.paint("bold", session.cluster)} (${who})${wrong}> `;
  }

  /** What could stand where the cursor is. */
  complete(text: string, cursor: number): Completion {
    const { before, start, text: typed } = wordAtCursor(text, cursor);
    const [name] = before;
    let words: string[];
    const command = this.#options.commands.find((each) => each.name === name);
    if (name === undefined) {
      words = [...this.#options.commands.map((each) => each.name), "help", "exit"];
    } else if (name === "help") words = this.#options.commands.map((each) => each.name);
    else if (command === undefined) words = [];
    else if (typed.startsWith("-")) {
      words = [...command.flags.map((flag) => `--${flag.name}`), "--help"];
    } else words = this.#argumentWords(command, before);
    const candidates = words.filter((word) => word.startsWith(typed)).sort();
    return { start, candidates };
  }

  #argumentWords(command: Command, before: readonly string[]): string[] {
    const { ids } = this.#options.session;
    const names = ids.map(nodeName);
    if (before.at(-1) === "--node") return names;
    const at = before.slice(1).filter((word) => !word.startsWith("-")).length;
    const argument = command.arguments[Math.min(at, command.arguments.length - 1)];
    switch (argument?.name) {
      case "KEY":
      case "NAME":
        return at === 0 ? [...this.#keysSeen].map(quoteWord) : [];
      case "NODE":
        return at === 0 ? names : [];
      case "GROUP":
        return [...names.filter((name) => !before.includes(name)), "|"];
      default:
        return [];
    }
  }

  async #runLine(line: string, signal: AbortSignal): Promise<"exit" | "done"> {
    const parsed = parseLine(line);
    if (parsed.kind === "wrong") {
      this.#fail("usage", parsed.message);
      return "done";
    }
    for (const words of parsed.commands) {
      const texts = words.map((word) => word.text);
      if (texts[0] === "exit" || texts[0] === "quit") return "exit";
      try {
        this.#note(await this.#runCommand(texts, signal));
      } catch (error) {
        if (!this.#report(error)) throw error;
        if (error instanceof CommandError && error.reason === "interrupted") break;
      }
    }
    return "done";
  }

  async #runCommand(words: readonly string[], signal: AbortSignal): Promise<Ending> {
    const { output, session, timeoutMs } = this.#options;
    const [first] = words;
    const invocation = parseCommandLine(words, {
      commands: this.#options.commands,
      environment: (name) => {
        if (name === "KONTIKI_TIMEOUT") return `${timeoutMs}ms`;
        return name === "KONTIKI_JSON" ? String(output.isJson) : undefined;
      },
    });
    if (invocation.kind === "help") {
      const { command } = invocation;
      if (first === "-h" || first === "--help" || (first === "help" && command === null)) {
        output.raw(overview(this.#options.commands));
      } else if (command !== null) {
        output.raw(commandHelp(command).replaceAll("kontiki " + command.name, command.name));
      }
      return "ok";
    }
    const { command, options, args, rest } = invocation;
    const { key } = args;
    if (typeof key === "string" && this.#keysSeen.size < keysSeenMax) this.#keysSeen.add(key);
    const { runIn } = await command.load();
    if (runIn === undefined) throw new Error(`Cannot run ${command.name}: it has no runIn`);
    const { json } = options;
    const context: AnyContext = {
      ...{ options, args, rest, signal, shellCommands: this.#options.commands },
      output: output.withJson(typeof json === "boolean" ? json : output.isJson),
    };
    return await runIn(context, session);
  }

  /** True when the error was one to live with. */
  #report(error: unknown): boolean {
    if (error instanceof UsageError) this.#fail("usage", error.message);
    else if (error instanceof CommandError) {
      if (error.reason === "interrupted") {
        this.#note("interrupted");
        this.#options.output.note("Interrupted.");
      } else this.#fail(error.reason, error.message);
    } else if (error instanceof RangeError) this.#fail("usage", error.message);
    else {
      const message = systemMessage(error);
      if (message === null) return false;
      this.#fail("failure", `Cannot go on: ${message}`);
    }
    return true;
  }

  #fail(ending: Ending, message: string): void {
    this.#note(ending);
    this.#options.output.error(message);
  }

  #note(ending: Ending): void {
    const isFailure = ending !== "ok" && ending !== 0;
    if (isFailure && this.#ending === "ok") this.#ending = ending;
  }

  /** Learns who leads, for the prompt. */
  async look(): Promise<void> {
    this.#reports = await this.#options.session.reports();
  }

  async #lookAgain(terminal: LineTerminal): Promise<void> {
    const before = this.prompt();
    await this.look();
    if (this.prompt() !== before && !this.#options.signal.aborted) terminal.refresh();
  }
}

function overview(commands: readonly Command[]): string {
  const rows = commands.map((command) => [`  ${shortUsage(command)}`, command.summary]);
  rows.push(...helpRows.map(([usage, help]) => [`  ${usage}`, help!]));
  return formatTable([{ title: "" }, { title: "" }], rows).slice(1).join("\n") + "\n";
}

function shortUsage(command: Command): string {
  return usageLine(command).replace("kontiki ", "");
}

/** How a command goes on, behind what was typed of it. */
function hint(
  text: string,
  { commands, output }: Pick<ShellOptions, "commands" | "output">,
): string {
  const [, name, blank] = /^\s*(\S+)(\s*)$/.exec(text) ?? [];
  const command = commands.find((each) => each.name === name);
  if (command === undefined) return "";
  const usage = shortUsage(command).slice(command.name.length + 1);
  return output.paint("dim", blank === "" ? ` ${usage}` : usage);
}
