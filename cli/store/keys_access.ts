/**
 * What the commands on keys share: the key that was given, the clerk to ask, and what is said when no
 * answer comes.
 *
 * @module
 */

import { type Batch, type BatchOutcome, type BatchResult, type Key, toKey } from "../../kv/mod.ts";
import { type ReadPage, StoreReadError } from "../../net/store/mod.ts";
import { silenceText, troubleText } from "../cluster/mod.ts";
import {
  CommandError,
  type ExitReason,
  formatDuration,
  nodeName,
  type Output,
  parseHex,
  parseNodeName,
  type Session,
  untilInterrupted,
  UsageError,
} from "../table/mod.ts";

/** What these commands get besides their own flags. */
export interface KeysContext {
  readonly options: {
    readonly node: string | null;
    readonly timeout: number;
    /** How old the state that a read sees may be. */
    readonly stale?: number | null;
  };
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** The key of an argument; throws a {@linkcode UsageError} for one that the store does not take. */
export function keyOfText(
  text: string,
  { isHex, command }: { readonly isHex: boolean; readonly command: string },
): Key {
  const bytes = isHex ? parseHex(text) : null;
  if (isHex && bytes === null) {
    throw new UsageError(
      `Cannot read KEY: wanted two hexadecimal digits for each byte, got "${text}"`,
      command,
    );
  }
  try {
    return toKey(bytes ?? text);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, command) : error;
  }
}

/** Executes a batch, and throws unless it was executed. */
export async function execute(
  context: KeysContext,
  session: Session,
  batch: Partial<Batch>,
): Promise<BatchResult> {
  return (await executeAged(context, session, batch)).result;
}

/** As {@linkcode execute}, with the age of the state that was read, if it may be old. */
export async function executeAged(
  context: KeysContext,
  session: Session,
  batch: Partial<Batch>,
): Promise<{ readonly result: BatchResult; readonly ageMs?: number }> {
  const { options: { timeout: timeoutMs, stale }, signal } = context;
  const full = { checks: [], then: [], otherwise: [], at: 0, ...batch };
  const clerk = session.clerk(onlyNode(context, session));
  const outcome = await clerk.batch(full, { timeoutMs, signal, ...maxAge(stale) });
  const result = await doneOrThrow(context, session, { outcome, at: full.at });
  return { result, ...outcome.type === "done" ? ageOf(outcome) : {} };
}

/** The age of a flag, as an option of a read. */
export function maxAge(stale: number | null | undefined): { readonly stale?: number } {
  return stale === null || stale === undefined ? {} : { stale };
}

/** The age that an answer states, if it does. */
export function ageOf({ ageMs }: { readonly ageMs?: number }): { readonly ageMs?: number } {
  return ageMs === undefined ? {} : { ageMs };
}

/** An age in words, behind what else is said. */
export function ageText({ ageMs }: { readonly ageMs?: number }): string {
  return ageMs === undefined ? "" : `, at most ${formatDuration(ageMs)} old`;
}

/** The outcome of a batch that was executed; throws if it was not. */
export async function doneOrThrow(
  context: KeysContext,
  session: Session,
  { outcome, at }: { readonly outcome: BatchOutcome; readonly at: number },
): Promise<BatchResult> {
  if (outcome.type === "done") return outcome.result;
  const { aborted } = context.signal;
  switch (outcome.type) {
    case "unavailable":
      if (aborted) throw new CommandError("interrupted", "Interrupted: nothing was changed.");
      throw new CommandError("unavailable", await silence(context, session));
    case "maybe":
      throw new CommandError(
        aborted ? "interrupted" : "unknownOutcome",
        `${aborted ? "Interrupted" : "No answer"}: it may or may not have happened. ` +
          "Read the keys to find out.",
      );
    case "compacted":
      throw new CommandError(
        "failure",
        `Revision ${at} is gone; the oldest that is there is ${outcome.oldest}`,
      );
    case "future":
      throw new CommandError(
        "failure",
        `Revision ${at} is not there yet; the newest is ${outcome.newest}`,
      );
    case "invalid":
      throw new CommandError("failure", `${outcome.reason}; nothing was changed`);
    case "full":
      throw new CommandError(
        "failure",
        "The store or the disk of its leader is full; nothing was changed",
      );
    case "refused":
      throw new CommandError("failure", "The node does not understand the request");
    default:
      return outcome satisfies never;
  }
}

/** Reads a page of a range for a list or a count. */
export function readPage(context: KeysContext, session: Session): ReadPage {
  return async (operation, at) => {
    return { type: "done", ...await executeAged(context, session, { then: [operation], at }) };
  };
}

/** How reading ended that could not go on. */
export function readFailure(error: unknown): unknown {
  return error instanceof StoreReadError ? new CommandError("failure", error.message) : error;
}

/** Says how a command ended that changed or found nothing. */
export function tell(
  { output }: Pick<KeysContext, "output">,
  reason: ExitReason,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): ExitReason {
  if (output.isJson) output.json({ outcome: reason, message, ...more });
  else output.note(message);
  return reason;
}

/** The reason why no server answered, as a sentence. */
export async function silence(context: KeysContext, session: Session): Promise<string> {
  const time = formatDuration(context.options.timeout);
  const only = onlyNode(context, session);
  if (only !== undefined) {
    const trouble = troubleText(session.nodes.filter(({ id }) => id === only));
    const reason = trouble === "" ? "it may have no majority" : trouble;
    return `No answer from ${nodeName(only)} within ${time}: ${reason}.`;
  }
  const reports = await untilInterrupted(context, session.reports());
  for (const report of reports) {
    const leader = report?.status.leader ?? null;
    if (leader === null || session.ids.includes(leader)) continue;
    return `No answer within ${time}: ${nodeName(leader)}, which leads, is not among --endpoints.`;
  }
  const reason = silenceText(session.nodes, reports);
  return `No answer from a majority of the cluster within ${time}. ${reason}`.trimEnd();
}

/** The node that --node names. */
export function onlyNode({ options }: KeysContext, session: Session): number | undefined {
  return options.node === null ? undefined : parseNodeName(options.node, session);
}
