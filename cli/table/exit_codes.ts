/**
 * The exit codes of the executable, each with its meaning, written down once: `--help`, the
 * reference page and every command take them from here. Scripts rely on the numbers: a number is
 * never given a new meaning.
 *
 * @module
 */

/** Every exit code, by what it tells. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  versionConflict: 4,
  unknownOutcome: 5,
  unavailable: 6,
  damaged: 7,
  wrong: 20,
  stuck: 21,
  crashed: 22,
  interrupted: 130,
} as const;

/** The reason a command ended. */
export type ExitReason = keyof typeof exitCodes;

/** What each exit code means, for people. */
export const exitMeanings: Readonly<Record<ExitReason, string>> = {
  ok: "done",
  failure: "the command failed, or a test or a check found a fault",
  usage: "the command line is wrong; nothing was done",
  notFound: "the key does not exist",
  versionConflict: "the key has another version than the one given; nothing was changed",
  unknownOutcome:
    "the change may or may not have happened: read the key; or a check ran out of time",
  unavailable: "no answer from a majority of the cluster within the time limit",
  damaged: "data on disk is damaged or belongs to somebody else; nothing was changed",
  wrong: "the simulator found a broken promise",
  stuck: "the simulator found a cluster that makes no progress though it should",
  crashed: "the simulator found a node that broke one of its own rules",
  interrupted: "ended by Ctrl-C or SIGTERM before the outcome was known",
};
