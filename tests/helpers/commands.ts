/**
 * Runs commands as a user does, as child processes of this program, and a temporary cluster for
 * them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { selfCommand } from "../../cli/table/mod.ts";
import { withFolder } from "./with_folder.ts";

/** The exit code and output of a command. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Starts a command with pipes for all its streams. */
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

/** Runs a command until it ends. */
export function runCommand(
  args: readonly string[],
  input: Uint8Array | string = "",
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Promise<Ended> {
  return runToEnd(startCommand(args, options), input);
}

/** Writes the input of a process and waits until it ends. */
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

/** A running cluster. */
export interface ServingCluster {
  /** The addresses for its clients. */
  readonly endpoints: string;
  /** The flags that select it. */
  readonly flags: readonly string[];
}

/** Runs `work` with a cluster, which must then stop cleanly on SIGTERM. */
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

/** Reads the output of a process up to the end of its first line. */
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

/** Waits for the end of a process whose standard output has been read already. */
export async function endOf(child: Deno.ChildProcess): Promise<{ code: number; error: string }> {
  const error = await new Response(child.stderr).text();
  return { code: (await child.status).code, error };
}

/** Kills a process unless it has ended, and closes its streams. */
export async function killCommand(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // The process has ended already.
    if (!(error instanceof TypeError)) throw error;
  }
  await child.status;
  // Close every stream; those that were consumed already reject, which is fine.
  await Promise.allSettled([child.stdin.close(), child.stdout.cancel(), child.stderr.cancel()]);
}
