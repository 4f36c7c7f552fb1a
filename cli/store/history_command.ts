/**
 * `kontiki history`: what a key held before, read back revision by revision.
 *
 * @module
 */

import type { FoundEntry } from "../../kv/mod.ts";
import { onCluster } from "../cluster/mod.ts";
import type { Row } from "../rows/mod.ts";
import {
  CommandError,
  displayBytes,
  type ExitReason,
  jsonBytes,
  type Session,
  type SessionContext,
} from "../table/mod.ts";
import { execute, keyOfText, tell } from "./keys_access.ts";

/** `kontiki history`. */
export const { run, runIn } = onCluster<Row<"history">>(runHistory);

async function runHistory(
  context: SessionContext<Row<"history">>,
  session: Session,
): Promise<ExitReason> {
  const { args, options, output } = context;
  const key = keyOfText(args.key, { isHex: options.keyHex, command: "history" });
  let shown = 0;
  let at = 0;
  while (shown < options.limit) {
    const found = await entryAt(at);
    if (found === null || found === "forgotten") {
      if (found === "forgotten") output.note("What was before is forgotten.");
      break;
    }
    show(context, found);
    shown++;
    // Revisions begin at 1, and 0 would mean the newest.
    if (found.revision <= 1 || found.revision === found.created) break;
    at = found.revision - 1;
  }
  return shown > 0 ? "ok" : tell(context, "notFound", "The key does not exist.");

  async function entryAt(at: number): Promise<FoundEntry | "forgotten" | null> {
    try {
      const { results: [result] } = await execute(context, session, {
        then: [{ op: "get", key }],
        at,
      });
      return result?.op === "get" ? result.entry : null;
    } catch (error) {
      const isGone = error instanceof CommandError && error.message.includes("is gone");
      if (isGone && shown > 0) return "forgotten";
      throw error;
    }
  }
}

function show({ output }: SessionContext<Row<"history">>, entry: FoundEntry): void {
  const { version, revision } = entry;
  const value = entry.value ?? new Uint8Array(0);
  if (output.isJson) return output.json({ version, revision, value: jsonBytes(value) });
  const head = `version ${version}  revision ${revision}`;
  output.line(`${output.paint("dim", head)}  ${displayBytes(value)}`);
}
