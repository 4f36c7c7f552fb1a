/**
 * What a node says while it opens its folder: nothing if that is quick; else how far it is, once a
 * second; and always what it cut off.
 *
 * @module
 */

import type { Progress, Trimmed } from "../../raft/mod.ts";

/** The two listeners of a storage that opens. */
export interface OpeningLog {
  readonly progress: Progress;
  readonly trimmed: (what: Trimmed) => void;
}

/** Listeners that write lines; `now` gives milliseconds. */
export function openingLog(log: (line: string) => void, now: () => number): OpeningLog {
  let toldAt = now();
  return {
    progress: ({ doneBytes, totalBytes }) => {
      if (now() - toldAt < 1000) return;
      toldAt = now();
      const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
      log(`reads its folder: ${mega(doneBytes)} of ${mega(totalBytes)} MiB`);
    },
    trimmed: ({ file, offset, bytes }) =>
      log(
        `cut off ${bytes} bytes of a save that was never finished (${file} at byte ${offset}); ` +
          "nothing that was acknowledged is gone",
      ),
  };
}
