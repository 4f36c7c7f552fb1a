/**
 * The files in which bugs of the core are planted, and the checks that may notice them. Scenarios
 * of the lab run the lab's profile; the swarm and the tests of the core cover the production
 * profile.
 *
 * @module
 */

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
