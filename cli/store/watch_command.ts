/**
 * `kontiki watch`: prints changes as they happen, or runs a program for each group of them, until
 * Ctrl-C. It outlives nodes and leaders.
 *
 * @module
 */

import {
  binaryKey,
  endOfPrefix,
  jsonOfKey,
  type KeyRange,
  rangeOfKey,
  type SeenChange,
  type SeenEntry,
  type SeenGroup,
  textOfKey,
  toKey,
  type Watcher,
  type WatchNext,
  type WatchQuery,
} from "../../kv/mod.ts";
import { watchFailureText } from "../../net/store/mod.ts";
import type { Row } from "../rows/mod.ts";
import {
  CommandError,
  displayBytes,
  type ExitReason,
  formatDuration,
  jsonBytes,
  type Session,
  type SessionContext,
  untilInterrupted,
  UsageError,
} from "../table/mod.ts";
import { onCluster, runProgram, silenceText } from "../cluster/mod.ts";

type WatchContext = SessionContext<Row<"watch">>;

/** `kontiki watch`. */
export const watch = onCluster<Row<"watch">>(runWatch);

async function runWatch(context: WatchContext, session: Session): Promise<ExitReason> {
  const { options, signal } = context;
  const query: WatchQuery = {
    ranges: [rangeOf(context)],
    from: options.from,
    previous: options.previous,
    keysOnly: options.keysOnly,
  };
  const watcher = session.watcher(query);
  const close = (): void => watcher.close();
  signal.addEventListener("abort", close);
  try {
    let next = await first(watcher, { context, session });
    let left = options.limit ?? Infinity;
    while (left > 0) {
      // Ctrl-C is the usual end of this command.
      if (next.type === "closed" || signal.aborted) return "interrupted";
      if (next.type === "failed") {
        throw new CommandError("failure", watchFailureText(next.failure));
      }
      if (next.group.changes.length > 0) {
        await show(next.group, context);
        left--;
      } else if (options.progress) showMark(next.group.revision, context);
      if (left > 0) next = await watcher.next();
    }
    return "ok";
  } finally {
    signal.removeEventListener("abort", close);
    watcher.close();
  }
}

/** A watch begins with a sign of its node; without one in time the cluster is out of reach. */
async function first(
  watcher: Watcher,
  { context, session }: { readonly context: WatchContext; readonly session: Session },
): Promise<WatchNext> {
  const { timeout } = context.options;
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), timeout);
  try {
    const next = await Promise.race([watcher.next(), late.promise]);
    if (next !== null) return next;
  } finally {
    clearTimeout(timer);
  }
  const reports = await untilInterrupted(context, session.reports());
  const reason = silenceText(session.nodes, reports);
  throw new CommandError(
    "unavailable",
    `No node that serves watches answered within ${formatDuration(timeout)}. ${reason}`.trimEnd(),
  );
}

function rangeOf({ args, options }: WatchContext): KeyRange {
  const { prefix, start, end } = options;
  const given = [args.key, prefix, start ?? end].filter((each) => each !== null);
  if (given.length > 1) {
    throw new UsageError(
      "Cannot watch: wanted KEY, --prefix, or --start and --end, got more than one of them",
      "watch",
    );
  }
  try {
    if (args.key !== null) return rangeOfKey(toKey(args.key));
    if (prefix !== null) return { start: binaryKey(prefix), end: endOfPrefix(binaryKey(prefix)) };
    return {
      start: start === null ? "" : binaryKey(start),
      end: end === null ? null : binaryKey(end),
    };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, "watch");
    throw error;
  }
}

async function show(group: SeenGroup, context: WatchContext): Promise<void> {
  const { options, output, rest } = context;
  if (rest.length > 0) return await run(group, context);
  if (output.isJson) return output.json(jsonGroup(group, options));
  for (const change of group.changes) {
    const { kind, key, value, previous } = change;
    const words = [`${group.revision}`, kind === "leaseEnd" ? "lease end" : kind, shownKey(key)];
    if (kind === "put" && !options.keysOnly) words.push(displayBytes(value));
    if (previous !== null && !options.keysOnly) words.push(`(was ${displayBytes(previous.value)})`);
    output.line(words.join(" "));
  }
}

function showMark(revision: number, { output }: WatchContext): void {
  if (output.isJson) output.json({ revision, changes: [] });
  else output.line(`${revision} up to here nothing is missing`);
}

/** One group after the other: the program gets each as environment variables. */
async function run(group: SeenGroup, { options, rest, signal }: WatchContext): Promise<void> {
  const { promise: stop, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  signal.addEventListener("abort", end);
  const env = {
    KONTIKI_REVISION: `${group.revision}`,
    KONTIKI_CHANGES: JSON.stringify(jsonGroup(group, options).changes),
  };
  const { code } = await runProgram(rest, { env, stop })
    .finally(() => signal.removeEventListener("abort", end));
  if (code === 0 || signal.aborted) return;
  throw new CommandError(
    "failure",
    `The program ended with exit code ${code} for revision ${group.revision}; ` +
      `"--from ${group.revision - 1}" begins with that revision again`,
  );
}

type WatchOptions = WatchContext["options"];

function jsonGroup(
  { revision, changes }: SeenGroup,
  options: WatchOptions,
): { readonly revision: number; readonly changes: readonly unknown[] } {
  return { revision, changes: changes.map((change) => jsonChange(change, options)) };
}

function jsonChange({ kind, previous, ...entry }: SeenChange, options: WatchOptions): unknown {
  const { key, version, created, expires, lease } = entry;
  return {
    kind,
    key: jsonOfKey(key),
    ...kind === "put" && !options.keysOnly ? { value: jsonBytes(entry.value) } : {},
    version,
    created,
    ...expires === undefined ? {} : { expiresAt: expires },
    ...lease === undefined ? {} : { lease },
    ...options.previous
      ? { previous: previous === null ? null : jsonEntry(previous, options) }
      : {},
  };
}

function jsonEntry(
  { value, version, created, revision, expires, lease }: SeenEntry,
  options: WatchOptions,
): unknown {
  return {
    ...options.keysOnly ? {} : { value: jsonBytes(value) },
    ...{ version, created, revision },
    ...expires === undefined ? {} : { expiresAt: expires },
    ...lease === undefined ? {} : { lease },
  };
}

function shownKey(key: string): string {
  const text = textOfKey(key);
  return displayBytes(
    text === null
      ? Uint8Array.from(key, (letter) => letter.charCodeAt(0))
      : new TextEncoder().encode(text),
  );
}
