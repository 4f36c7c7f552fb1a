/**
 * The README is true: every command in it runs as for a user, and prints what is shown. Numbers and
 * the leader differ from run to run, so digits are compared as `#`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { freePort } from "../../cli/cluster/free_port.ts";
import { selfCommand } from "../../cli/table/self_command.ts";
import { firstLine, killCommand, startCommand } from "../helpers/commands.ts";
import { hasTmux, Terminal } from "../helpers/tmux.ts";
import { withServingNode } from "../helpers/serving_node.ts";
import { inTime } from "../helpers/until.ts";
import { removeFolder } from "../helpers/with_folder.ts";

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
}

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));

function blocks(language: string): Block[] {
  const found = readme.matchAll(/^```(?<language>\w+)\n(?<text>.*?)\n```$/gms);
  return [...found]
    .map(({ groups }) => ({ language: groups!["language"]!, lines: groups!["text"]!.split("\n") }))
    .filter((block) => block.language === language);
}

/** A command of the session, and the output before the next prompt. */
interface Step {
  readonly prompt: string;
  readonly command: string;
  readonly output: readonly string[];
}

function steps(lines: readonly string[]): Step[] {
  const result: { prompt: string; command: string; output: string[] }[] = [];
  for (const line of lines) {
    const groups = /^(?<prompt>\$ |kontiki \(.*?> )(?<command>.*)$/.exec(line)?.groups;
    if (groups) {
      result.push({ prompt: groups["prompt"]!, command: groups["command"]!, output: [] });
    } else result.at(-1)!.output.push(line);
  }
  return result;
}

function shape(line: string): string {
  return line.replaceAll(/\d+(\.\d+)?/g, "#").replaceAll(/# (µs|ms|s)\b/g, "# time")
    .replaceAll(/# (KiB|MiB|B)\b/g, "# size").replaceAll(/\s+/g, " ")
    .replaceAll(/[^ ]*kontiki-data/g, "kontiki-data")
    // Groups are printed in the order of their nodes, so the place of the old leader differs.
    .replaceAll(/\[n[^\]]*\]/g, "[groups]").trim();
}

Deno.test("README's first session happens as it is printed", async () => {
  if (!await hasTmux()) {
    console.log("skipped: the program tmux, a terminal for tests, is not on this machine");
    return;
  }
  const [first, ...rest] = steps(blocks("console").flatMap((block) => block.lines));
  assertEquals(first!.command, "deno task up");
  const folder = await Deno.makeTempDir();
  const terminal = await Terminal.open({
    command: [...selfCommand(), "up", "--data", `${folder}/kontiki-data`],
    env: { KONTIKI_HISTORY: `${folder}/history` },
    columns: 120,
    rows: 60,
    folder,
  });
  try {
    for (const line of first!.output) await seeShape(terminal, line);
    for (const { prompt, command, output } of rest) {
      await terminal.until(prompt, (lines) => shape(lines.at(-1) ?? "") === shape(prompt));
      await terminal.type(command);
      await terminal.press("Enter");
      for (const line of output) await seeShape(terminal, line);
    }
  } finally {
    await terminal.close();
    await removeFolder(folder);
  }
});

/** Waits for a line of that shape, whichever node leads. */
async function seeShape(terminal: Terminal, line: string): Promise<void> {
  const wanted = shape(line);
  // The leader in the table is not the same node in every run.
  const generalise = (text: string): string => text.replace(/\b(leader|follower)\b/, "role");
  await terminal.until(
    JSON.stringify(wanted),
    (lines) => lines.some((each) => generalise(shape(each)) === generalise(wanted)),
  );
}

/** Tasks that run this very test, or take minutes; it suffices that they exist. */
const long = ["test", "ok", "canary", "fuzz", "lab", "compile", "up"];

Deno.test("README's commands exist and work", async () => {
  const lines = blocks("sh").flatMap((block) => block.lines)
    .map((line) => line.replace(/ +# .*/, "").replace(/^npx --yes deno@2/, "deno"));
  const folder = await Deno.makeTempDir();
  const nodes: Deno.ChildProcess[] = [];
  const ports = new Map<string, number>();
  // Ports of the page may be in use here, so each is replaced by a free one.
  const freed = (text: string): string =>
    text.replaceAll(/127\.0\.0\.1:(\d+)/g, (_, port) => `127.0.0.1:${portFor(ports, port)}`);
  const env: Record<string, string> = {};
  let ready = 0;
  try {
    for (const line of lines) {
      const words = freed(line).split(" ");
      const [program, name, task] = words;
      if (program === "export") {
        const [variable, value] = name!.split("=");
        env[variable!] = value!;
      } else if (program === "deno") {
        assertEquals(name, "task");
        assert(task! in config.tasks, line);
        if (!long.includes(task!)) await runLine(line, { env, folder: root() });
      } else if (name === "node") nodes.push(startCommand(words.slice(1), { cwd: folder }));
      else {
        // The cluster is born when all of its nodes are there.
        await Promise.all(nodes.slice(ready).map(untilReady));
        ready = nodes.length;
        await runLine(freed(line), { env, folder });
      }
    }
  } finally {
    await Promise.all(nodes.map(killCommand));
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("README's program prints the value and ends", async () => {
  const program = blocks("ts").find(({ lines }) => lines.some((line) => line.includes("connect(")));
  const folder = await Deno.makeTempDir({ dir: root(), prefix: ".run-" });
  try {
    await withServingNode(async (endpoint) => {
      const text = program!.lines.join("\n").replaceAll(/127\.0\.0\.1:74\d\d/g, endpoint);
      await Deno.writeTextFile(`${folder}/program.ts`, text);
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-net", "--check", "--quiet", "program.ts"],
        cwd: folder,
      }).output();
      assertEquals(new TextDecoder().decode(stdout), "blue 1\n", new TextDecoder().decode(stderr));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function root(): string {
  return fromFileUrl(new URL("../../", import.meta.url));
}

function portFor(ports: Map<string, number>, wanted: string): number {
  const port = ports.get(wanted) ?? freePort();
  ports.set(wanted, port);
  return port;
}

async function untilReady({ stdout }: Deno.ChildProcess): Promise<void> {
  assert((await inTime(firstLine(stdout), "a node serves")).includes('"ready":true'));
}

/** Runs a line of the page in a shell; `./kontiki` stands for this program. */
async function runLine(
  line: string,
  { env, folder }: { env: Record<string, string>; folder: string },
): Promise<void> {
  const self = selfCommand().map((word) => `'${word}'`).join(" ");
  const text = line.replace(/^\.\/kontiki/, self);
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", text],
    cwd: folder,
    env,
  }).output();
  assertEquals(code, 0, `${line}: ${new TextDecoder().decode(stderr)}`);
}
