/**
 * A canary is a planted bug: a small patch to the source, and the checks that must notice it. `deno
 * task canary` plants each in a copy of the tree; the product itself has no switch for any of them.
 *
 * @module
 */

/** One bug to plant. */
export interface Canary {
  /** The rule it breaks: a code of docs/rules.md (`L1`, `S3`, …), or a few words. */
  readonly rule: string;
  /** What the product does wrong with it. */
  readonly bug: string;
  /** Path of the file to change, relative to the root of the project. */
  readonly file: string;
  /** The text to replace, which occurs exactly once in the file. */
  readonly find: string;
  /** The replacement. */
  readonly replace: string;
  /**
   * The checks that can notice it, most promising first, each a command line: `lab 3B --seeds 20`
   * and `sim seeds 200` run scenarios and the swarm, everything else is passed to `deno test`.
   */
  readonly caughtBy: readonly string[];
}

/** Why the patch does not fit the text of its file; `null` if it fits. */
export function misfit({ rule, bug, file, find, replace }: Canary, text: string): string | null {
  const places = text.split(find).length - 1;
  if (places === 1 && find !== replace) return null;
  return `Cannot plant ${rule} (${bug}): wanted its text once in ${file}, got ${places}`;
}

/**
 * Whether a check failed on a violation. Code that does not load or fails with a type error has not
 * been noticed by a check.
 */
export function isViolation(
  { code, output }: { readonly code: number; readonly output: string },
): boolean {
  if (code === 0) return false;
  const broken = /\b(AssertionError|InvariantError|Violation)\b|^--- FAIL: /m;
  const stumbled = /\b(SyntaxError|ReferenceError|Module not found)\b/;
  const escaped = output.includes("(uncaught error)") && !/\bInvariantError\b/.test(output);
  const typeError = /^\s*(error: )?(Uncaught )?(\(in promise\) )?TypeError\b/m;
  return broken.test(output) && !stumbled.test(output) && !escaped && !typeError.test(output);
}

// Files in which bugs of the core are planted, and checks that may notice them. Scenarios of the lab run
// the lab's profile; the swarm and the tests of the core cover the production profile.

export const RAFT = "raft/core/raft.ts";
export const STEP = "raft/core/step.ts";
export const ELECTING = "raft/core/elections.ts";
export const REPLICATION = "raft/core/replication.ts";
export const SNAPSHOTTING = "raft/core/snapshots.ts";
export const READ_ROUNDS = "raft/core/read_rounds.ts";
export const MEMBER_CHANGES = "raft/core/member_changes.ts";
export const TRANSFER = "raft/core/transfer.ts";
export const SAVES = "raft/core/saves.ts";
export const SERVER = "raft/core/server/server.ts";
export const LOG = "raft/core/model/log.ts";
export const PROGRESS = "raft/core/peers/progress.ts";
export const TIMER = "raft/core/server/election_timer.ts";
export const READS = "raft/core/server/reads.ts";
export const IMAGES = "raft/core/peers/byte_images.ts";
export const OUTBOX = "raft/core/server/outbox.ts";
export const WINDOW = "raft/core/peers/window.ts";
export const CONFIGURATION = "raft/core/members/configuration.ts";
export const CONFIGURATIONS = "raft/core/members/configurations.ts";
export const CHANGE = "raft/core/members/change.ts";
export const MEMBERSHIP = "raft/core/server/membership.ts";
export const PEERS = "raft/core/peers/peers.ts";
export const NODE = "raft/node.ts";
export const TICKER = "raft/ticker.ts";

export const CORE_TESTS =
  "raft/core/raft_test.ts raft/core/model/log_test.ts raft/core/peers/progress_test.ts raft/check_test.ts";
export const TIMER_TESTS = "raft/core/server/election_timer_test.ts";
export const MEMBER_TESTS =
  "raft/core/members raft/core/server/membership_test.ts raft/core/peers/peers_test.ts";
export const PROMISES = "raft/core/promises_test.ts raft/core/server/outbox_test.ts";
export const SLOW_LINES = "tests/swarm/slow_line_test.ts";
export const EXTREMES = "raft/core/extremes_test.ts";
export const WALK = "tests/swarm/walk_test.ts";
export const READ_TESTS =
  "raft/core/server/reads_test.ts raft/core/raft_test.ts raft/rsm/rsm_test.ts";
export const NODE_TESTS = "raft/node_test.ts raft/ticker_test.ts";

export const SCRIPTS = "tests/scripts/script_test.ts";

export const ELECTIONS = "lab 3A --seeds 20";
export const AGREEMENT = "lab 3B --seeds 10";
export const CRASHES = "lab Persist13C Persist23C Persist33C Figure8 --seeds 10";
export const CHURN = "lab Churn3C Unreliable3C UnreliableAgree --seeds 5";
export const SNAPSHOTS = "lab 3D --seeds 10";
export const SWARM = "sim seeds 300";
export const UNRELIABLE = "lab Unreliable3C UnreliableAgree --seeds 5";
