/**
 * `kontiki lock`: hold a lock while a program runs, or until Ctrl-C. In the shell the lock is held
 * until `unlock` or the end of the shell.
 *
 * @module
 */

import { Lock } from "../../kv/mod.ts";
import { checkRequest } from "./check_request.ts";
import {
  CommandError,
  type Ending,
  type Session,
  type SessionContext,
  untilInterrupted,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { onCluster } from "./open_session.ts";

/** Whoever pressed Ctrl-C does not wait longer than this for the lock to be given back. */
const interruptedReleaseMsMax = 2000;

/** Locks that shells hold, by session and name. */
const held = new WeakMap<Session, Map<string, Lock>>();

/** What `lock` and `unlock` both get. */
type LockContext = SessionContext<Row<"lock">> | SessionContext<Row<"unlock">>;

/** `kontiki lock`. */
export const lock = onCluster<Row<"lock">>(runLock);

/** `unlock` in the shell. */
export const unlock = { runIn: runUnlock };

async function runLock(
  context: SessionContext<Row<"lock">>,
  session: Session,
): Promise<Ending> {
  const { options, output, args: { name }, rest } = context;
  checkRequest({ type: "get", key: name }, "lock");
  if (options.release) return await takeAway(context, session);
  const lock = new Lock({ ...session, clerk: session.clerk(), name });
  const { wait: waitMs } = options;
  const acquired = await acquire(context, { lock, waitMs });
  if (acquired.type !== "held") {
    // It may still become ours: that must not outlive us.
    await lock.release({ timeoutMs: options.timeout });
    output.note("The lock was not free within the time limit.");
    return acquired.type === "unknown" ? "unknownOutcome" : "unavailable";
  }
  const { token } = acquired;
  if (session.isShell && rest.length === 0) {
    const locks = held.get(session) ?? new Map<string, Lock>();
    held.set(session, locks.set(name, lock));
    const detail = output.paint("dim", `(token ${token}; unlock ${name} gives it back)`);
    if (output.isJson) output.json({ outcome: "ok", lock: name, token });
    else output.line(`held  ${detail}`);
    return "ok";
  }
  try {
    if (rest.length > 0) return await runProgram(rest, { name, token });
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
  context: LockContext,
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

async function giveBack({ options, output }: LockContext, lock: Lock): Promise<void> {
  const isFree = await lock.release({ timeoutMs: options.timeout });
  if (!isFree) output.note("The lock may still be held: giving it back got no answer.");
}

async function runUnlock(
  context: SessionContext<Row<"unlock">>,
  session: Session,
): Promise<Ending> {
  const { output, args: { name } } = context;
  checkRequest({ type: "get", key: name }, "unlock");
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
async function takeAway(
  context: SessionContext<Row<"lock">>,
  session: Session,
): Promise<Ending> {
  const { options, output, args: { name } } = context;
  const { timeout: timeoutMs } = options;
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
