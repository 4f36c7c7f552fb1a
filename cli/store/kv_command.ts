/**
 * `kontiki get` and `kontiki put`: one operation, with its outcome as text or JSON and as exit code.
 *
 * @module
 */

import {
  type CallOptions,
  type Clerk,
  type GetResult,
  type PutResult,
  toKey,
  VALUE_BYTES_MAX,
} from "../../kv/mod.ts";
import {
  attempt,
  CommandError,
  decodeText,
  displayBytes,
  type ExitReason,
  formatDuration,
  jsonBytes,
  parseHex,
  type Session,
  type SessionContext,
  untilInterrupted,
  UsageError,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { checkRequest, onCluster } from "../cluster/mod.ts";
import { ageOf, ageText, execute, maxAge, onlyNode, silence } from "./keys_access.ts";

/** The context of `get` and `put`. */
type KvContext = SessionContext<Row<"get">> | SessionContext<Row<"put">>;

/** `kontiki get`. */
export const get = onCluster<Row<"get">>(runGet);

/** `kontiki put`. */
export const put = onCluster<Row<"put">>(runPut);

async function runGet(context: SessionContext<Row<"get">>, session: Session): Promise<ExitReason> {
  const { options, output } = context;
  const key = keyOf(context, "get");
  checkRequest(() => ({ type: "get", key: toKey(key) }), "get");
  const only = onlyNode(context, session);
  const begin = performance.now();
  const { timeout: timeoutMs, revision, stale } = options;
  const reading = revision === null
    ? session.clerk(only).get(key, { timeoutMs, ...maxAge(stale) })
    : getAt(context, session, { key, at: revision });
  const result = await untilInterrupted(context, reading);
  const ms = performance.now() - begin;
  switch (result.type) {
    case "value": {
      const { value, version } = result;
      const age = ageOf(result);
      if (output.isJson) {
        output.json({ outcome: "ok", key, value: jsonBytes(value), version, ...age, ms });
      } else if (output.isTerminal) {
        const text = `(version ${version}, ${formatDuration(ms)}${ageText(age)})`;
        const detail = output.paint("dim", text);
        output.line(`${displayBytes(value)}  ${detail}`);
      } else {
        output.raw(value);
        if (session.isShell) output.line();
      }
      return "ok";
    }
    case "noKey":
      return tell(context, "notFound", "The key does not exist.", ageOf(result));
    case "unavailable":
      return tell(context, "unavailable", await silence(context, session));
    case "refused":
      throw new CommandError("failure", "Cannot get: the node does not understand the request");
  }
}

/** Reads a key as it was at a revision. */
async function getAt(
  context: SessionContext<Row<"get">>,
  session: Session,
  { key, at }: { readonly key: string; readonly at: number },
): Promise<GetResult> {
  const then = [{ op: "get", key: toKey(key) }] as const;
  const { results: [found] } = await execute(context, session, { then, at });
  const entry = found?.op === "get" ? found.entry : null;
  if (entry === null || entry.value === null) return { type: "noKey" };
  return { type: "value", value: entry.value, version: entry.version };
}

async function runPut(context: SessionContext<Row<"put">>, session: Session): Promise<ExitReason> {
  const { options, output } = context;
  const key = keyOf(context, "put");
  const value = await untilInterrupted(context, valueBytes(context, session)).catch((error) => {
    throw context.signal.aborted ? interrupted("unavailable") : error;
  });
  const wanted = options.version ?? 0;
  checkRequest(() => ({ type: "put", key: toKey(key), value, version: wanted }), "put");
  const begin = performance.now();
  const { reason, version, found } = await putValue(context, { session, key, value });
  const ms = performance.now() - begin;
  const isOpen = reason === "unknownOutcome" || reason === "unavailable";
  if (context.signal.aborted && isOpen) throw interrupted(reason);
  switch (reason) {
    case "ok":
      if (output.isJson) output.json({ outcome: "ok", key, version, ms });
      else if (output.isTerminal) {
        const detail = output.paint("dim", `(version ${version}, ${formatDuration(ms)})`);
        output.line(`${output.paint("green", "ok")}  ${detail}`);
      } else if (session.isShell) output.line(`version ${version}`);
      return "ok";
    case "versionConflict":
      return tell(
        context,
        reason,
        `The key has version ${found}, not ${version}; nothing was changed.`,
        { version: found },
      );
    case "notFound":
      return tell(context, reason, "The key does not exist; nothing was changed.");
    case "unknownOutcome":
      return tell(
        context,
        reason,
        "No answer: the value may or may not have been written. Read the key to find out.",
      );
    case "unavailable": {
      const text = await silence(context, session);
      return tell(context, reason, `${text} Nothing was changed.`);
    }
  }
}

/** Reports a put that Ctrl-C interrupted. */
function interrupted(reason: "unknownOutcome" | "unavailable"): CommandError {
  return new CommandError(
    "interrupted",
    reason === "unavailable"
      ? "Interrupted: nothing was changed."
      : "Interrupted: the value may or may not have been written. Read the key to find out.",
  );
}

interface PutEnding {
  readonly reason: "ok" | "versionConflict" | "notFound" | "unknownOutcome" | "unavailable";
  /** The version written, or the one that was wanted. */
  readonly version: number;
  /** The version that the key has, after a conflict. */
  readonly found?: number;
}

/** With a version the lab's Put; without one the value is written over any version. */
async function putValue(
  context: SessionContext<Row<"put">>,
  what: { session: Session; key: string; value: Uint8Array },
): Promise<PutEnding> {
  const { options: { timeout: timeoutMs, version, expiresIn, lease }, signal } = context;
  const { session, key, value } = what;
  const clerk = session.clerk(onlyNode(context, session));
  const ending = {
    ...expiresIn === null ? {} : { expires: Math.ceil(session.clock.wall() + expiresIn) },
    ...lease === null ? {} : { lease },
  };
  const isEnding = expiresIn !== null || lease !== null;
  const result = version === null || isEnding
    ? await putByBatch(clerk, { ...what, version, ending }, { timeoutMs, signal })
    : await clerk.put(key, value, { version, timeoutMs, signal });
  switch (result.type) {
    case "stored":
      return { reason: "ok", version: result.version };
    case "maybe":
      return { reason: "unknownOutcome", version: version ?? 0 };
    case "unavailable":
      return { reason: "unavailable", version: version ?? 0 };
    case "noKey":
      return { reason: "notFound", version: version ?? 0 };
    case "wrongVersion":
      return { reason: "versionConflict", version: version ?? 0, found: result.version };
    case "full":
      throw new CommandError(
        "failure",
        "The store or the disk of its leader is full; nothing was changed",
      );
    case "refused":
      throw new CommandError("failure", "Cannot put: the node does not understand the request");
    default:
      return result satisfies never;
  }
}

/** A put over any version, or one whose key ends by itself. */
async function putByBatch(
  clerk: Clerk,
  { key, value, version, ending }: {
    readonly key: string;
    readonly value: Uint8Array;
    readonly version: number | null;
    readonly ending: { readonly expires?: number; readonly lease?: number };
  },
  limits: CallOptions & { readonly timeoutMs: number },
): Promise<PutResult> {
  const deadline = performance.now() + limits.timeoutMs;
  // A read finds the present leader, and may be repeated; the outcome of a write would be unknown if
  // it went to a leader that was cut off.
  const seen = await clerk.get(key, limits);
  if (seen.type === "unavailable" || seen.type === "refused") return seen;
  const name = toKey(key);
  const checks = version === null ? [] : [{ key: name, version }];
  const then = [{ op: "put", key: name, value, ...ending }] as const;
  const otherwise = [{ op: "get", key: name }] as const;
  const rest = { ...limits, timeoutMs: deadline - performance.now() };
  const outcome = await clerk.batch({ checks, then, otherwise, at: 0 }, rest);
  switch (outcome.type) {
    case "done": {
      const [done] = outcome.result.results;
      if (done?.op === "put") return { type: "stored", version: done.version };
      const found = done?.op === "get" ? done.entry : null;
      return found === null ? { type: "noKey" } : { type: "wrongVersion", version: found.version };
    }
    case "full":
    case "maybe":
    case "unavailable":
    case "refused":
      return outcome;
    case "invalid":
      throw new CommandError("failure", `${outcome.reason}; nothing was changed`);
    case "compacted":
    case "future":
      return { type: "refused" };
    default:
      return outcome satisfies never;
  }
}

function tell(
  { args: { key }, output }: KvContext,
  reason: ExitReason,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): ExitReason {
  if (output.isJson) output.json({ outcome: reason, key, message, ...more });
  else output.note(message);
  return reason;
}

/** The key as bytes in UTF-8. */
function keyOf({ args: { key }, options }: KvContext, command: "get" | "put"): string {
  if (!options.keyHex) return key;
  const bytes = parseHex(key);
  const text = bytes === null ? null : decodeText(bytes);
  if (text !== null) return text;
  throw new UsageError(
    `Cannot read KEY: wanted two hexadecimal digits for each byte of UTF-8, got "${key}"`,
    command,
  );
}

async function valueBytes(
  { args: { value: text }, options }: SessionContext<Row<"put">>,
  session: Session,
): Promise<Uint8Array> {
  if (options.valueHex) {
    const bytes = parseHex(text);
    if (bytes !== null) return bytes;
    throw new UsageError(
      `Cannot read VALUE: wanted two hexadecimal digits for each byte, got "${text}"`,
      "put",
    );
  }
  if (text !== "-" || session.isShell) return new TextEncoder().encode(text);
  return await attempt("read standard input", readInput);
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of Deno.stdin.readable) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= VALUE_BYTES_MAX) continue;
    // The input is not read to its end, which may never come.
    throw new UsageError(
      `Cannot put a value: wanted at most ${VALUE_BYTES_MAX} bytes, got more from standard input`,
      "put",
    );
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
