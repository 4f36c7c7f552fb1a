/**
 * Golden scripts: plain text with commands, a line of dashes, and below it the exact words that
 * happen. This file parses a script, runs it, and gives it back with the output as it is now; a
 * script is right when that changes nothing.
 *
 * ```text
 * # Why this situation matters.
 *
 * cluster nodes=3 leader=1
 * put 1 a=1
 * ---
 * n1 → n2 appendEntries …
 *
 * deliver 2
 * ---
 * ```
 *
 * Commands: `cluster nodes=N [voters=N] [leader=N] [any option of the core]`, `log N term=T 1 1 2 …`,
 * `tick N [count]`, `campaign N`, `put N text`, `read N context`, `compact N index`, `slow N` (saves
 * stay under way), `save N [quick]` (the save ends; all later ones at once), `crash N`,
 * `restart N`, `partition N …`, `heal`, `deliver|double|drop|delay [N] [from=N] [type=T] [first=N]`,
 * `release`, `settle`, `change N voters=N,N… [learners=N,N…]`, `transfer N [N]`, `show [N …]`. A command after `quiet` says nothing.
 *
 * @module
 */

import { ScriptWorld, type Selection } from "./script_world.ts";

/** Commands, and the lines of their output. */
interface Block {
  /** Comments, blank lines and commands, as written. */
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/** Returns the script with the present output of its commands. */
export function rewriteScript(text: string): string {
  const run = new ScriptRun();
  const lines: string[] = [];
  for (const { input, output } of parse(text)) {
    lines.push(...input);
    const said = run.block(input);
    if (output.length === 0 && said.length === 0 && !hasCommands(input)) continue;
    lines.push("---", ...said, "");
  }
  while (lines.at(-1) === "") lines.pop();
  return lines.join("\n") + "\n";
}

function hasCommands(input: readonly string[]): boolean {
  return input.some((line) => line.trim() !== "" && !line.startsWith("#"));
}

function parse(text: string): Block[] {
  const blocks: Block[] = [];
  let input: string[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line !== "---") {
      input.push(line);
      continue;
    }
    const output: string[] = [];
    while (at + 1 < lines.length && lines[at + 1] !== "") output.push(lines[++at]!);
    at++;
    blocks.push({ input, output });
    input = [];
  }
  if (hasCommands(input)) blocks.push({ input, output: [] });
  return blocks;
}

class ScriptRun {
  #world: ScriptWorld | null = null;

  block(input: readonly string[]): string[] {
    const said: string[] = [];
    for (const line of input) {
      if (line.trim() === "" || line.startsWith("#")) continue;
      const isQuiet = line.startsWith("quiet ");
      try {
        this.#command(isQuiet ? line.slice("quiet ".length) : line);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        said.push(`${error.name}: ${error.message}`);
      }
      const lines = this.#world?.takeLines() ?? [];
      if (!isQuiet) said.push(...lines);
    }
    return said.length === 0 ? ["nothing"] : said;
  }

  #command(line: string): void {
    const [verb = "", ...words] = line.split(" ").filter((word) => word !== "");
    const options = Object.fromEntries(
      words.filter((word) => /^[a-zA-Z]+=/.test(word)).map((word) => word.split("=")),
    );
    const numbers = words.filter((word) => /^\d+$/.test(word)).map(Number);
    if (verb === "cluster") return this.#begin(options);
    const world = this.#world;
    if (world === null) throw new SyntaxError(`Cannot run ${verb}: wanted a cluster first`);
    const [id = 0, second] = numbers;
    switch (verb) {
      case "log":
        return world.setLog(id, { term: Number(options.term ?? 0), terms: numbers.slice(1) });
      case "tick":
        return world.tick(id, second ?? 1);
      case "campaign":
        return world.campaign(id);
      case "put":
        return world.put(id, words.slice(1).join(" "));
      case "read":
        return world.read(id, second ?? 0);
      case "change":
        return world.change(id, {
          voters: idsIn(options.voters),
          learners: idsIn(options.learners),
        });
      case "transfer":
        return world.transfer(id, second ?? null);
      case "compact":
        return world.compact(id, second ?? 0);
      case "slow":
        return world.slow(id);
      case "save":
        return world.save(id, words.includes("quick"));
      case "crash":
        return world.crash(id);
      case "restart":
        return world.restart(id);
      case "partition":
        return world.cut(numbers);
      case "heal":
        return world.heal();
      case "deliver":
      case "double":
      case "drop":
      case "delay":
        return world[verb](selectionOf(options, numbers[0]));
      case "release":
        return world.release();
      case "settle":
        return world.settle();
      case "show":
        for (const shown of numbers.length === 0 ? world.ids : numbers) world.show(shown);
        return;
      default:
        throw new SyntaxError(`Cannot run ${verb}: no such command`);
    }
  }

  #begin({ nodes, voters = nodes, leader, profile, ...limits }: Record<string, string>): void {
    const options = Object.fromEntries(
      Object.entries(limits).map(([name, value]) => [name, Number(value)]),
    );
    const world = new ScriptWorld({ nodes: Number(nodes), voters: Number(voters) }, {
      profile: profile === "lab" ? "lab" : "production",
      // Rare heartbeats leave the words of a script to what it is about.
      ...{ electionTicks: 30, heartbeatTicks: 10 },
      ...options,
    });
    this.#world = world;
    if (leader === undefined) return;
    world.campaign(Number(leader));
    world.settle();
    // The next tick announces the commit index to all.
    world.tick(Number(leader), 1);
    world.settle();
    world.takeLines();
  }
}

/** Numbers between commas. */
function idsIn(text = ""): readonly number[] {
  return text.split(",").filter((part) => part !== "").map(Number);
}

function selectionOf(options: Record<string, string>, to: number | undefined): Selection {
  return {
    ...to === undefined ? {} : { to },
    ...options.from === undefined ? {} : { from: Number(options.from) },
    ...options.type === undefined ? {} : { type: options.type },
    ...options.first === undefined ? {} : { first: Number(options.first) },
  };
}
