/**
 * The exit codes of the executable, each with its meaning, written down once: `--help`, the
 * reference page and every command take them from here. Scripts rely on the numbers: a number is
 * never given a new meaning.
 *
 * @module
 */

/** Every reason to end, with its exit code and its meaning. */
const exits = {
  ok: [0, "done"],
  failure: [1, "the command failed, or a test or a check found a fault"],
  usage: [2, "the command line is wrong; nothing was done"],
  notFound: [3, "the key does not exist"],
  versionConflict: [
    4,
    "the key has another version than the one given; nothing was changed",
  ],
  unknownOutcome: [
    5,
    "the change may or may not have happened: read the key; or a check ran out of time",
  ],
  unavailable: [
    6,
    "no answer from a majority of the cluster, or a lock that was not free, within the time limit",
  ],
  damaged: [7, "data on disk is damaged or belongs to another node; nothing was changed"],
  lockLost: [8, "the lock was taken away while it was held; the program was ended"],
  removed: [
    9,
    "the node was removed from its cluster, or replaced: its folder is not needed any more",
  ],
  needsUpgrade: [
    10,
    "the cluster uses what this program does not know: start the node with a newer one",
  ],
  wrong: [20, "the simulator found a broken promise"],
  stuck: [21, "the simulator found a cluster that makes no progress though it should"],
  crashed: [22, "the simulator found a node that broke one of its own rules"],
  interrupted: [130, "ended by Ctrl-C or SIGTERM before the outcome was known"],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

/** The reason a command ended. */
export type ExitReason = keyof typeof exits;

/** Every reason, in the order of its code. */
export const exitReasons = Object.keys(exits) as readonly ExitReason[];

/** The exit code of each reason. */
export const exitCodes = Object.fromEntries(
  exitReasons.map((reason) => [reason, exits[reason][0]]),
) as { readonly [Reason in ExitReason]: (typeof exits)[Reason][0] };

/** What a reason means. */
export function exitMeaning(reason: ExitReason): string {
  return exits[reason][1];
}
