/**
 * The commands as a user runs them, for tests: child processes of this program, and a cluster for
 * them that is gone afterwards.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { selfCommand } from "../../cli/table/mod.ts";
import { withFolder } from "./with_folder.ts";

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Starts a command, all its streams as pipes. */
export function startCommand(
  args: readonly string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Deno.ChildProcess {
  const [program, ...before] = selfCommand();
  return new Deno.Command(program!, {
    ...options,
    args: [...before, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command to its end. */
export function runCommand(
  args: readonly string[],
  input: Uint8Array | string = "",
): Promise<Ended> {
  return runToEnd(startCommand(args), input);
}

/** Gives a process its input, and waits for its end. */
export async function runToEnd(
  child: Deno.ChildProcess,
  input: Uint8Array | string,
): Promise<Ended> {
  const writer = child.stdin.getWriter();
  await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

/** A cluster that serves. */
export interface ServingCluster {
  /** Where its clients go. */
  readonly endpoints: string;
  /** The flags that name it. */
  readonly flags: readonly string[];
}

/** Runs the work beside a cluster; it must stop well when told to. */
export async function withCluster(work: (cluster: ServingCluster) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const child = startCommand(["up", "--serve", "--data", `${folder}/data`]);
    try {
      const line = await firstLine(child.stdout);
      const endpoints = line.trim().replace("Clients: ", "");
      await work({ endpoints, flags: ["--data", `${folder}/data`] });
      child.kill("SIGTERM");
      const { code, error } = await endOf(child);
      assertEquals(code, 0);
      assert(error.includes("All nodes stopped. The data is in"), error);
    } finally {
      await killCommand(child);
    }
  });
}

/** What a process prints up to the end of its first line. */
export async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`wanted a line, got the end after "${text}"`);
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return text;
}

/** The end of a process whose output was looked at already. */
export async function endOf(child: Deno.ChildProcess): Promise<{ code: number; error: string }> {
  const error = await new Response(child.stderr).text();
  return { code: (await child.status).code, error };
}

/** Makes sure that a process is gone. */
export async function killCommand(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended already, as it should.
    if (!(error instanceof TypeError)) throw error;
  }
  await child.status;
  // Whichever of them was used up already says so; nothing may stay open.
  await Promise.allSettled([child.stdin.close(), child.stdout.cancel(), child.stderr.cancel()]);
}
