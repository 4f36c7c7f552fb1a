/**
 * Logs how a node opens its folder: the progress once a second, and what it trims.
 *
 * @module
 */

import type { OpeningProgress, Trimmed } from "../../../raft/mod.ts";
import type { NodeLog } from "./node_log.ts";

/** The listeners of a storage that this logs for. */
export interface OpeningLog {
  readonly progress: OpeningProgress;
  readonly trimmed: (what: Trimmed) => void;
}

/** Listeners that write lines; `now` gives milliseconds. */
export function openingLog(log: NodeLog, now: () => number): OpeningLog {
  let loggedAt = now();
  return {
    progress: ({ doneBytes, totalBytes }) => {
      if (now() - loggedAt < 1000) return;
      loggedAt = now();
      const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
      log.info(`reads its folder: ${mega(doneBytes)} of ${mega(totalBytes)} MiB`);
    },
    trimmed: ({ file, offset, bytes, entries }) =>
      log.warn(
        `cut off ${bytes} bytes with at least ${entries} ${
          entries === 1 ? "entry" : "entries"
        } at ` +
          `the end of the log (${file} at byte ${offset}): a save that was not finished, or data ` +
          "that the disk lost",
      ),
  };
}
