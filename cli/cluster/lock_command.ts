/**
 * `kontiki lock`: hold a lock while a program runs, or until Ctrl-C. In the shell the lock is held
 * until `unlock` or the end of the shell.
 *
 * @module
 */

import { Lock } from "../../kv/mod.ts";
import { checkRequest } from "./check_request.ts";
import {
  type CommandContext,
  CommandError,
  type Ending,
  type Session,
  untilInterrupted,
} from "../table/mod.ts";
import { withSession } from "./open_session.ts";

/** Whoever pressed Ctrl-C does not wait longer than this for the lock to be given back. */
const interruptedReleaseMsMax = 2000;

/** Locks that shells hold, by session and name. */
const held = new WeakMap<Session, Map<string, Lock>>();

/** Runs on the cluster that the flags name. */
export function run(context: CommandContext): Promise<Ending> {
  return withSession(context, (session) => runIn(context, session));
}

/** Runs on an open cluster. */
export async function runIn(context: CommandContext, session: Session): Promise<Ending> {
  const { options, output } = context;
  const name = options.argument(0);
  checkRequest({ type: "get", key: name }, options.command.name);
  if (options.command.name === "unlock") return await unlock(context, session);
  if (options.boolean("release")) return await takeAway(context, session);
  const lock = new Lock({ ...session, clerk: session.clerk(), name });
  const waitMs = options.number("wait");
  const acquired = await acquire(context, { lock, waitMs });
  if (acquired.type !== "held") {
    // It may still become ours: that must not outlive us.
    await lock.release({ timeoutMs: options.number("timeout")! });
    output.note("The lock was not free within the time limit.");
    return acquired.type === "unknown" ? "unknownOutcome" : "unavailable";
  }
  const { token } = acquired;
  if (session.isShell && options.rest.length === 0) {
    const locks = held.get(session) ?? new Map<string, Lock>();
    held.set(session, locks.set(name, lock));
    const detail = output.paint("dim", `(token ${token}; unlock ${name} gives it back)`);
    if (output.isJson) output.json({ outcome: "ok", lock: name, token });
    else output.line(`held  ${detail}`);
    return "ok";
  }
  try {
    if (options.rest.length > 0) return await runProgram(options.rest, { name, token });
    if (output.isJson) output.json({ outcome: "ok", lock: name, token });
    else output.line(`held (token ${token}); Ctrl-C gives it back`);
    await untilInterrupted(context, new Promise<never>(() => {})).catch((error) => {
      if (!(error instanceof CommandError)) throw error;
    });
    return "ok";
  } finally {
    await giveBack(context, lock);
  }
}

async function acquire(
  context: CommandContext,
  { lock, waitMs }: { lock: Lock; waitMs: number | null },
): ReturnType<Lock["acquire"]> {
  const work = lock.acquire(waitMs === null ? {} : { timeoutMs: waitMs });
  try {
    return await untilInterrupted(context, work);
  } catch (error) {
    // Whatever the wait still brings must not stay ours.
    await lock.release({ timeoutMs: interruptedReleaseMsMax });
    throw error;
  }
}

async function giveBack({ options, output }: CommandContext, lock: Lock): Promise<void> {
  const isFree = await lock.release({ timeoutMs: options.number("timeout")! });
  if (!isFree) output.note("The lock may still be held: giving it back got no answer.");
}

async function unlock(context: CommandContext, session: Session): Promise<Ending> {
  const { options, output } = context;
  const name = options.argument(0);
  const lock = held.get(session)?.get(name);
  if (lock === undefined) {
    output.note(`This shell does not hold ${name}; "lock --release ${name}" frees any lock.`);
    return "notFound";
  }
  held.get(session)!.delete(name);
  await giveBack(context, lock);
  if (output.isJson) output.json({ outcome: "ok", lock: name });
  else output.line("free");
  return "ok";
}

/** Frees the lock whoever holds it: the holder is gone, or so the user says. */
async function takeAway(context: CommandContext, session: Session): Promise<Ending> {
  const { options, output } = context;
  const name = options.argument(0);
  const timeoutMs = options.number("timeout")!;
  const clerk = session.clerk();
  const seen = await untilInterrupted(context, clerk.get(name, { timeoutMs }));
  if (seen.type === "unavailable" || seen.type === "refused") return "unavailable";
  if (seen.type === "noKey" || seen.value.length === 0) {
    if (output.isJson) output.json({ outcome: "notFound", lock: name });
    else output.note("Nobody holds the lock.");
    return "notFound";
  }
  const work = clerk.put(name, new Uint8Array(0), { version: seen.version, timeoutMs });
  const result = await untilInterrupted(context, work);
  switch (result.type) {
    case "stored":
      if (output.isJson) output.json({ outcome: "ok", lock: name });
      else output.line("free");
      return "ok";
    case "maybe":
      return "unknownOutcome";
    case "wrongVersion":
      output.note("The lock has just changed hands; it was left alone.");
      return "versionConflict";
    default:
      return "unavailable";
  }
}

async function runProgram(
  [program, ...args]: readonly string[],
  lock: { name: string; token: number },
): Promise<number> {
  const command = new Deno.Command(program!, {
    args,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
    env: { KONTIKI_LOCK: lock.name, KONTIKI_LOCK_TOKEN: String(lock.token) },
  });
  const child = spawn(command, program!);
  // Ctrl-C reaches the program by itself; who ends a service or a job means this process alone.
  const pass = (): void => child.kill("SIGTERM");
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", pass);
  try {
    return (await child.status).code;
  } finally {
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGTERM", pass);
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
