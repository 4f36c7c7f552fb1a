/**
 * `kontiki delete`: one key, or all keys with a prefix.
 *
 * @module
 */

import type { Key } from "../../kv/mod.ts";
import { deletePrefix } from "../../net/store/mod.ts";
import { onCluster } from "../cluster/mod.ts";
import type { Row } from "../rows/mod.ts";
import { countText, type ExitReason, type Session, type SessionContext } from "../table/mod.ts";
import { doneOrThrow, execute, keyOfText, onlyNode, tell } from "./keys_access.ts";

/** `kontiki delete`. */
export const { run, runIn } = onCluster<Row<"delete">>(runDelete);

async function runDelete(
  context: SessionContext<Row<"delete">>,
  session: Session,
): Promise<ExitReason> {
  const { args, options } = context;
  const key = keyOfText(args.key, { isHex: options.keyHex, command: "delete" });
  if (options.prefix) return await deleteAll(context, session, key);
  const { version } = options;
  const { held, results } = await execute(context, session, {
    checks: version === null ? [] : [{ key, version }],
    then: [{ op: "delete", key }],
    otherwise: [{ op: "get", key }],
  });
  const [result] = results;
  if (!held) {
    const found = result?.op === "get" ? result.entry?.version ?? null : null;
    if (found === null) {
      return tell(context, "notFound", "The key does not exist; nothing was changed.");
    }
    const message = `The key has version ${found}, not ${version}; nothing was changed.`;
    return tell(context, "versionConflict", message, { version: found });
  }
  if (result?.op !== "delete" || !result.existed) {
    return tell(context, "notFound", "The key does not exist.");
  }
  done(context, { key: args.key, deleted: 1 });
  return "ok";
}

async function deleteAll(
  context: SessionContext<Row<"delete">>,
  session: Session,
  prefix: Key,
): Promise<ExitReason> {
  const { options: { timeout: timeoutMs }, output, signal } = context;
  const clerk = session.clerk(onlyNode(context, session));
  const outcome = await deletePrefix(clerk, prefix, {
    ...{ timeoutMs, signal },
    deleted: (count) => output.progress(`${countText(count, "key")} deleted`),
  });
  await doneOrThrow(context, session, { outcome, at: 0 });
  const { count: deleted } = outcome;
  if (deleted === 0) return tell(context, "notFound", "No key begins so.");
  done(context, { prefix: context.args.key, deleted });
  return "ok";
}

function done(
  { output }: SessionContext<Row<"delete">>,
  what: { readonly deleted: number; readonly [name: string]: unknown },
): void {
  if (output.isJson) output.json({ outcome: "ok", ...what });
  else if (output.isTerminal || what.deleted > 1) {
    output.line(`${output.paint("green", "ok")}  ${countText(what.deleted, "key")} deleted`);
  }
}
