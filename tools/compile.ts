/**
 * `deno task compile [--target TRIPLE] [--output FILE]`: makes the one executable, and says how big
 * it is and how fast it starts. The Deno in `DENO_COMPILE` does it if there is one, else this one.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { formatBytes, formatDuration, HEAP_FLAG, permissions } from "../cli/table/mod.ts";

const root = new URL("../", import.meta.url);

/** Files and folders that are loaded by name at run time, which the compiler cannot see. */
const included = ["tests/checker/linearizability_worker.ts", "tests/pages/script", "cli/door/page"];

async function main(args: readonly string[]): Promise<number> {
  const flags = parseArgs([...args], {
    string: ["target", "output"],
    unknown: (arg: string): boolean => {
      throw new SyntaxError(`Cannot compile: wanted --target or --output, got ${arg}`);
    },
  });
  const target = typeof flags["target"] === "string" ? flags["target"] : null;
  const suffix = (target ?? Deno.build.target).includes("windows") ? ".exe" : "";
  const output = typeof flags["output"] === "string" ? flags["output"] : `kontiki${suffix}`;
  const compiler = Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
  const { code } = await new Deno.Command(compiler, {
    args: [
      "compile",
      "--quiet",
      "--no-check",
      HEAP_FLAG,
      ...permissions,
      ...included.flatMap((file) => ["--include", file]),
      ...target === null ? [] : ["--target", target],
      "--output",
      output,
      "cli/main.ts",
    ],
    cwd: root,
  }).output().then(({ code, stderr }) => {
    if (code !== 0) Deno.stderr.writeSync(stderr);
    return { code };
  });
  if (code !== 0) return code;
  const path = new URL(output, root);
  const { size } = await Deno.stat(path);
  const isForHere = target === null || target === Deno.build.target;
  const start = isForHere ? `, "version" takes ${formatDuration(await startMs(path))}` : "";
  console.log(`${output}: ${formatBytes(size)}${start}`);
  return 0;
}

/** The median of a few runs, from the start of the process to its end. */
async function startMs(path: URL): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 7; run += 1) {
    const begin = performance.now();
    await new Deno.Command(path, { args: ["version"] }).output();
    times.push(performance.now() - begin);
  }
  return times.sort((one, other) => one - other)[3]!;
}

Deno.exit(await main(Deno.args));
