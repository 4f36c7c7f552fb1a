/**
 * Runs a program of the user in the foreground.
 *
 * @module
 */

import { CommandError } from "../table/mod.ts";

/** How long a program may take to end after SIGTERM before it is killed. */
const graceMs = 3000;

/** Runs the program on this process's streams until it ends; ends it when `stop` resolves. */
export async function runProgram(
  [program, ...args]: readonly string[],
  { env, stop }: { env: Readonly<Record<string, string>>; stop: Promise<void> },
): Promise<{ readonly code: number; readonly isEnded: boolean }> {
  const streams = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
  const child = spawn(new Deno.Command(program!, { args, env, ...streams }), program!);
  // SIGINT reaches the whole process group, SIGTERM only this process, which forwards it.
  const pass = (): void => signal(child, "SIGTERM");
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", pass);
  let killing: ReturnType<typeof setTimeout> | undefined;
  let isEnded = false;
  stop.then(() => {
    isEnded = true;
    signal(child, "SIGTERM");
    killing = setTimeout(() => signal(child, "SIGKILL"), graceMs);
  });
  try {
    const { code } = await child.status;
    return { code, isEnded };
  } finally {
    clearTimeout(killing);
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGTERM", pass);
  }
}

/** Sends a signal, unless the program has ended. */
function signal(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}

function spawn(command: Deno.Command, program: string): Deno.ChildProcess {
  try {
    return command.spawn();
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    const reason = isMissing ? "wanted a program, found none" : String(error);
    throw new CommandError("failure", `Cannot run "${program}": ${reason}`);
  }
}
