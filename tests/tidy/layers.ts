/**
 * The order of the folders. This is the only place that says which folder may import which; the
 * picture in `docs/architecture.md` is drawn from the imports and compared.
 *
 * @module
 */

import type { Apart } from "./graph.ts";

/** The folders from the bottom up. A folder imports folders of lower rows only. */
export const LAYERS: readonly (readonly string[])[] = [
  ["raft/core/members"],
  ["raft/core/model"],
  ["raft/core/peers"],
  ["raft/core/server"],
  ["raft/core"],
  ["raft/storage/format"],
  ["raft/rsm", "raft/storage"],
  ["raft/restart"],
  ["raft"],
  ["kv/tables/files"],
  ["kv/tables/merges"],
  ["kv/tables/state"],
  ["kv/tables/folder"],
  ["kv/tables"],
  ["kv/command", "net/wire"],
  ["kv/levels", "kv/store/numbers"],
  ["kv/store"],
  ["kv/watch"],
  ["kv/client", "kv/server", "net/rpc", "net/peers"],
  ["kv", "net/faults"],
  ["net"],
  ["net/store", "net/http", "net/connect/protobuf"],
  ["net/connect", "net/http/json"],
  ["."],
  ["cli/table"],
  ["cli/rows"],
  ["cli/cluster/remote"],
  ["cli/cluster"],
  ["cli/metrics"],
  ["cli/door"],
  ["cli/members", "cli/node/log", "cli/node/recovery", "cli/shell", "cli/store"],
  ["tests/cluster"],
  ["cli/node"],
  ["tests/helpers", "tests/checker/search"],
  ["tests/sim/watcher"],
  ["tests/checker", "tests/sim"],
  ["tests/pages", "tests/scripts", "tests/storage"],
  ["tests/recorder"],
  ["tests/lab", "tests/swarm"],
  ["tests/seeds"],
  ["tests/scenarios", "tests/processes"],
  ["tests/counting"],
  ["cli/trials"],
  ["cli"],
  ["tests/canaries", "tests/std", "tests/tidy", "tests/commands", "tests/long"],
  ["tools/mutation"],
  ["tools"],
];

/** Rooms that know nothing of each other, whatever their rows, but for the folders that join them. */
export const APART: readonly Apart[] = [{
  rooms: ["kv", "net"],
  but: ["net/store", "net/connect"],
}];

/** What a node that serves must not load, and where its code begins. */
export const NODE = {
  starts: ["cli/main.ts", "cli/node/node_command.ts"],
  loadsNothingOf: "tests/",
} as const;
