/**
 * `kontiki compact`: every node writes and merges all of its tables now.
 *
 * @module
 */

import {
  COMPACT_REQUEST,
  type ExitReason,
  formatBytes,
  nodeName,
  type NodeReport,
  type Session,
  type SessionContext,
  untilInterrupted,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { onCluster } from "./open_session.ts";

/** How often the nodes are asked how far they are. */
const LOOK_MS = 200;

type CompactContext = SessionContext<Row<"compact">>;

/** Asks every node, and waits until all that answered are done. */
export const compact = onCluster<Row<"compact">>(runCompact);

async function runCompact(context: CompactContext, session: Session): Promise<ExitReason> {
  const before = await untilInterrupted(context, session.reports());
  const asked = before.filter((report) => report !== null);
  const answers = await Promise.all(asked.map(({ id }) => session.ask(id, COMPACT_REQUEST)));
  const begun = asked.filter((_, at) => answers[at] === true);
  const after = await untilDone(context, { session, begun });
  show(context, { begun, after });
  const missing = session.nodes.filter((_, at) => before[at] === null);
  for (const { endpoint } of missing) context.output.note(`No answer from ${endpoint}`);
  return after.length === session.nodes.length ? "ok" : "unavailable";
}

async function untilDone(
  context: CompactContext,
  { session, begun }: { readonly session: Session; readonly begun: readonly NodeReport[] },
): Promise<readonly NodeReport[]> {
  const ids = new Set(begun.map(({ id }) => id));
  for (;;) {
    const all = await untilInterrupted(context, session.reports());
    const reports = all.filter((report) => report !== null).filter(({ id }) => ids.has(id));
    const busy = reports.filter(({ tables }) => tables?.isCompacting === true);
    if (busy.length === 0) return reports;
    context.output.progress(`${busy.map(({ id }) => nodeName(id)).join(", ")} …`);
    await untilInterrupted(context, new Promise((resolve) => setTimeout(resolve, LOOK_MS)));
  }
}

function show(
  { output }: CompactContext,
  { begun, after }: {
    readonly begun: readonly NodeReport[];
    readonly after: readonly NodeReport[];
  },
): void {
  output.clearProgress();
  const rows = after.map(({ id, tables }) => {
    const before = begun.find((report) => report.id === id)?.tables;
    return { id, bytesBefore: before?.bytes ?? 0, bytes: tables?.bytes ?? 0 };
  });
  if (output.isJson) return output.json({ nodes: rows });
  for (const { id, bytesBefore, bytes } of rows) {
    output.line(
      `${nodeName(id)}: tables of ${formatBytes(bytesBefore)}, now ${formatBytes(bytes)}`,
    );
  }
}
