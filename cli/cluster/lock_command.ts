/**
 * `kontiki lock`: hold a lock while a program runs, or until Ctrl-C. In the shell the lock is held
 * until `unlock` or the end of the shell.
 *
 * @module
 */

import {
  type AcquireResult,
  type BatchOutcome,
  endOfPrefix,
  LeasedLock,
  queueOfLock,
  textOfKey,
  toKey,
} from "../../kv/mod.ts";
import { checkRequest } from "./check_request.ts";
import {
  CommandError,
  type Ending,
  type ExitReason,
  formatDuration,
  type Session,
  type SessionContext,
  untilInterrupted,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { onCluster } from "./open_session.ts";
import { runProgram } from "./run_program.ts";
import { silenceText } from "./trouble.ts";

/** After Ctrl-C a user waits at most this long for the lock to be given back. */
const interruptedReleaseMsMax = 2000;

/** How often a holder looks whether the lock is still its own. */
const lookMs = 500;

/** Locks that shells hold, by session and name. */
const held = new WeakMap<Session, Map<string, LeasedLock>>();

/** The context of `lock` and `unlock`. */
type LockContext = HoldContext | SessionContext<Row<"unlock">>;

/** The context of `lock` and `elect`. */
type HoldContext = SessionContext<Row<"lock">> | SessionContext<Row<"elect">>;

/** `kontiki lock`. */
export const lock = onCluster<Row<"lock">>(runLock);

/** `unlock` in the shell. */
export const unlock = { runIn: runUnlock };

async function runLock(context: SessionContext<Row<"lock">>, session: Session): Promise<Ending> {
  const { options, output, args: { name }, rest } = context;
  checkRequest(() => ({ type: "get", key: queueOfLock(toKey(name)) }), "lock");
  if (options.release) return await takeAway(context, session);
  const lock = lockOf(context, session);
  const acquired = await acquire(context, { lock, session });
  if (acquired.type !== "held") return await notHeld(context, { lock, session, acquired });
  const { token } = acquired;
  if (session.isShell && rest.length === 0) {
    const locks = held.get(session) ?? new Map<string, LeasedLock>();
    held.set(session, locks.set(name, lock));
    const detail = output.paint("dim", `(token ${token}; unlock ${name} gives it back)`);
    if (output.isJson) output.json({ outcome: "ok", lock: name, token });
    else output.line(`held  ${detail}`);
    return "ok";
  }
  const watching = new AbortController();
  const lost = untilLost(context, { lock, session, signal: watching.signal });
  try {
    if (rest.length > 0) {
      const env = { KONTIKI_LOCK: name, KONTIKI_LOCK_TOKEN: String(token) };
      const stop = lost.then(() => {});
      const { code, isEnded } = await runProgram(rest, { env, stop });
      if (isEnded) return tellLost(context, { how: await lost, what: "the program was ended" });
      if (output.isJson) output.json({ outcome: "ok", lock: name, token, code });
      return code;
    }
    if (output.isJson) output.json({ outcome: "ok", lock: name, token });
    else output.line(`held (token ${token}); Ctrl-C gives it back`);
    const how = await untilInterrupted(context, lost).catch((error) => {
      if (!(error instanceof CommandError)) throw error;
      return null;
    });
    if (how === null) return "ok";
    return tellLost(context, { how, what: "it was not given back by this command" });
  } finally {
    watching.abort();
    await giveBack(context, lock);
  }
}

/** The lock of this name; others see an announcement, or the process that holds it. */
export function lockOf(
  { options, args: { name } }: HoldContext,
  session: Session,
  announcement: string | null = null,
): LeasedLock {
  const { clock, random } = session;
  const value = new TextEncoder().encode(announcement ?? `${Deno.hostname()} ${Deno.pid}`);
  const watch: typeof session.watcher = (query) => session.watcher(query);
  return new LeasedLock({
    ...{ clerk: session.clerk(), clock, random, watch, name, ttlMs: options.ttl, value },
  });
}

/** Reports how a command on a lock ended, in words or as JSON. */
function tell<Reason extends ExitReason>(
  { output, args }: LockContext,
  outcome: Reason,
  message: string,
): Reason {
  if (output.isJson) output.json({ outcome, lock: args.name, message });
  else output.note(message);
  return outcome;
}

function tellLost(
  context: HoldContext,
  { how, what }: { readonly how: "taken" | "doubtful"; readonly what: string },
): "lockLost" {
  const text = how === "taken"
    ? "The lock was taken away while it was held"
    : `No answer for ${formatDuration(context.options.ttl)}, so another client may hold the lock`;
  return tell(context, "lockLost", `${text}; ${what}.`);
}

/**
 * Resolves when another client holds the lock, or may hold it: when none has answered for as long as
 * the lock lives without being renewed.
 */
export async function untilLost(
  { options, output }: HoldContext,
  { lock, session, signal }: { lock: LeasedLock; session: Session; signal: AbortSignal },
): Promise<"taken" | "doubtful"> {
  let isSilent = false;
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    const timeoutMs = Math.min(options.timeout, options.ttl);
    const isHeld = signal.aborted ? null : await lock.isHeld({ timeoutMs });
    if (signal.aborted) return await new Promise<never>(() => {});
    if (isHeld === false) return "taken";
    if (isHeld === null && lock.sureUntil < session.clock.now()) return "doubtful";
    if (isHeld === null && !isSilent) {
      output.note("No answer from a majority of the cluster: the lock is held, but not watched.");
    }
    isSilent = isHeld === null;
  }
}

/** Waits for the lock; an interruption leaves its queue. */
export async function acquire(
  context: HoldContext,
  { lock, session }: { lock: LeasedLock; session: Session },
): Promise<AcquireResult> {
  const waiting = new AbortController();
  noteSilence(context, { session, signal: waiting.signal });
  try {
    return await untilInterrupted(context, acquireOnce(context, lock));
  } catch (error) {
    // An acquisition that is abandoned may still succeed; then no process would release the lock.
    const isFree = await lock.release({ timeoutMs: interruptedReleaseMsMax });
    if (!context.signal.aborted) throw error;
    const state = isFree ? "the lock is not held" : "the lock may be held";
    throw new CommandError("interrupted", `Interrupted: ${state}.`);
  } finally {
    waiting.abort();
  }
}

/** Waits for --wait; without it as long as the cluster answers within --timeout. */
function acquireOnce(
  { options, signal }: HoldContext,
  lock: LeasedLock,
): Promise<AcquireResult> {
  const { wait, timeout: silenceMs } = options;
  return lock.acquire(wait === null ? { silenceMs, signal } : { timeoutMs: wait, signal });
}

/** Reports early that no node answers, since the wait for the lock may be long. */
async function noteSilence(
  { output }: HoldContext,
  { session, signal }: { session: Session; signal: AbortSignal },
): Promise<void> {
  const reports = await session.reports();
  if (signal.aborted || reports.some((report) => report !== null)) return;
  output.note(`No node answers yet. ${silenceText(session.nodes, reports)}`.trimEnd());
}

/** Says why the lock is not held. */
export async function notHeld(
  context: HoldContext,
  { lock, session, acquired }: { lock: LeasedLock; session: Session; acquired: AcquireResult },
): Promise<ExitReason> {
  const { options } = context;
  const time = formatDuration(options.wait ?? options.timeout);
  if (acquired.type === "busy") {
    return tell(context, "unavailable", `The lock was not free within ${time}.`);
  }
  const reason = silenceText(session.nodes, await session.reports());
  const silence = `No answer from a majority of the cluster within ${time}. ${reason}`.trimEnd();
  // An acquisition without an answer may still succeed, so the lock is released.
  const isFree = acquired.type === "unavailable" ||
    await lock.release({ timeoutMs: options.timeout });
  if (isFree) return tell(context, "unavailable", `${silence} The lock is not held.`);
  return tell(context, "unknownOutcome", `${silence} The lock may be held all the same.`);
}

/** Gives the lock back; without an answer it notes that the lock may still be held. */
export async function giveBack({ options, output }: LockContext, lock: LeasedLock): Promise<void> {
  const isFree = await lock.release({ timeoutMs: options.timeout });
  if (!isFree) output.note("The lock may still be held: giving it back got no answer.");
}

async function runUnlock(
  context: SessionContext<Row<"unlock">>,
  session: Session,
): Promise<Ending> {
  const { output, args: { name } } = context;
  checkRequest(() => ({ type: "get", key: toKey(name) }), "unlock");
  const lock = held.get(session)?.get(name);
  if (lock === undefined) {
    const message = `This shell does not hold ${name}; "lock --release ${name}" frees any lock.`;
    return tell(context, "notFound", message);
  }
  held.get(session)!.delete(name);
  const isHeld = await lock.isHeld({ timeoutMs: context.options.timeout });
  await giveBack(context, lock);
  if (isHeld === false) {
    return tell(context, "lockLost", "The lock was taken away while this shell held it.");
  }
  if (output.isJson) output.json({ outcome: "ok", lock: name });
  else output.line("free");
  return "ok";
}

/** Frees the lock although another client holds it, which by the user's word is gone. */
async function takeAway(
  context: SessionContext<Row<"lock">>,
  session: Session,
): Promise<Ending> {
  const { options, output, args: { name } } = context;
  const { timeout: timeoutMs } = options;
  const clerk = session.clerk();
  const start = queueOfLock(toKey(name));
  const range = { op: "range", start, end: endOfPrefix(start), limit: 1 } as const;
  const first = [{ ...range, reverse: false, show: "keys" }] as const;
  const reads = { checks: [], then: first, otherwise: [], at: 0 };
  const seen = await untilInterrupted(context, clerk.batch(reads, { timeoutMs }));
  const [found] = seen.type === "done" ? seen.result.results : [];
  if (found?.op !== "range") {
    const reason = silenceText(session.nodes, await session.reports());
    const text = `No answer from a majority of the cluster. ${reason}`.trimEnd();
    return tell(context, "unavailable", `${text} Nothing was changed.`);
  }
  const [holder] = found.entries;
  if (holder === undefined) return tell(context, "notFound", "Nobody holds the lock.");
  const { key, created } = holder;
  const checks = [{ lock: toKey(name), revision: created }];
  const work: Promise<BatchOutcome> = clerk.batch(
    { checks, then: [{ op: "delete", key }], otherwise: [], at: 0 },
    { timeoutMs },
  );
  const done = await untilInterrupted(context, work);
  if (done.type === "maybe") {
    return tell(context, "unknownOutcome", "No answer: the lock may be free or not.");
  }
  if (done.type !== "done") {
    return tell(context, "unavailable", "No answer in time. Nothing was changed.");
  }
  if (!done.result.held) {
    const message = "The lock has just changed hands; it was left alone.";
    return tell(context, "versionConflict", message);
  }
  if (output.isJson) output.json({ outcome: "ok", lock: name, holder: textOfKey(key) });
  else output.line("free");
  return "ok";
}
