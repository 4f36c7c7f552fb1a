/**
 * Snapshots that are on their way from the leader to followers, in words: how much has arrived, and
 * how long the rest will take at the rate seen so far.
 *
 * @module
 */

import { formatBytes, formatDuration, leaderOf, nodeName, type NodeReport } from "../table/mod.ts";

interface Seen {
  readonly received: number;
  readonly total: number;
  readonly atMs: number;
}

/** Follows transfers from one look at the cluster to the next. */
export class TransferWatch {
  /** By receiver: the first look at the transfer that is under way. */
  #first = new Map<number, Seen>();

  /** A line for each transfer. The time left is known from the second look on. */
  lines(reports: readonly (NodeReport | null)[], nowMs: number): string[] {
    const first = new Map<number, Seen>();
    const lines: string[] = [];
    for (const { id, transfer } of leaderOf(reports)?.status.peers ?? []) {
      if (transfer === null) continue;
      const now = { ...transfer, atMs: nowMs };
      const before = this.#first.get(id);
      const isSame = before !== undefined && before.total === now.total &&
        before.received <= now.received;
      first.set(id, isSame ? before : now);
      const left = isSame ? leftText(before, now) : "";
      const progress = `${formatBytes(now.received)} of ${formatBytes(now.total)}`;
      lines.push(`${nodeName(id)} receives a snapshot: ${progress}${left}`);
    }
    this.#first = first;
    return lines;
  }
}

function leftText(before: Seen, now: Seen): string {
  const [bytes, ms] = [now.received - before.received, now.atMs - before.atMs];
  if (ms <= 0) return "";
  if (bytes <= 0) return ", no progress";
  return `, about ${formatDuration((now.total - now.received) * ms / bytes)} left`;
}
