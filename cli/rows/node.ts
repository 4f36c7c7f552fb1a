/**
 * Rows of the commands that work on the folder of one node, and of `version`.
 *
 * @module
 */

import type { CommandRow } from "../table/mod.ts";
import {
  argument,
  databaseTokens,
  historyBytes,
  historyTime,
  httpToken,
  integer,
  json,
  list,
  logLevel,
  size,
  text,
  toggle,
} from "./flags.ts";
import { MACHINES } from "./machine_names.ts";

/** `kontiki node`. */
export const node = {
  name: "node",
  summary: "Run one node of a cluster until Ctrl-C or SIGTERM.",
  description: [
    "A new cluster begins when all nodes of --peers are started with --bootstrap and empty folders. " +
    "From then on each folder belongs to its node for ever, and knows the cluster and its members: " +
    "a later start needs only --data, and no flag overrules the folder.",
    "A node with an empty folder and without --bootstrap votes for nobody. It waits until its cluster " +
    "adds it: by itself with --join, or with `kontiki member add` or `kontiki member replace`.",
  ],
  arguments: [],
  flags: [
    integer("id", "the number of this node; needed while its folder is empty", {
      min: 1,
      max: 65535,
    }),
    list(
      "peers",
      "with --bootstrap: every node of the new cluster, this one included, with its address for the " +
        "others. Later: addresses to try beside those that the members know",
      { value: "N=HOST:PORT,…" },
    ),
    text("peer", "where this node listens for the others; left out: its address in --peers", {
      value: "HOST:PORT",
    }),
    list(
      "clients",
      "where to listen for clients; left out: nowhere. With the addresses of all nodes, as in " +
        "--peers, this node tells its clients where the others are",
      { value: "HOST:PORT" },
    ),
    text(
      "http",
      "where to listen for HTTP: keys, health, metrics and a page; left out: nowhere. Beyond this " +
        "machine only with --http-token",
      { value: "HOST:PORT" },
    ),
    httpToken,
    databaseTokens,
    text("data", "the folder that keeps what this node must not forget", {
      value: "DIR",
      required: true,
    }),
    toggle("bootstrap", "begin a new cluster together with all nodes of --peers; exactly once"),
    list(
      "join",
      "client addresses of a cluster that this node asks to add it; it serves when it has caught up",
      { value: "HOST:PORT,…", excludes: ["bootstrap"] },
    ),
    toggle("learner", "with --join: stay a learner, which holds the log and does not vote"),
    text(
      "cluster",
      "the name of the cluster; nodes of others are refused. Left out: the folder's, or kontiki",
      { value: "NAME" },
    ),
    toggle(
      "control",
      "open the control socket in the folder: faults can be injected, the node stopped",
    ),
    text("machine", "what runs above the log; all but kv are for tests, and need --control", {
      value: "NAME",
      default: "kv",
      choices: MACHINES,
    }),
    size("snapshot-after", "the size of the log at which a snapshot takes its place", {
      default: "32MiB",
      min: 1,
    }),
    historyTime,
    historyBytes,
    integer("tick-ms", "length of a tick, in which elections and heartbeats are counted", {
      default: "25",
      min: 1,
      max: 10000,
    }),
    toggle(
      "until-input-ends",
      "stop when standard input ends: the node does not outlive the program that started it",
    ),
    logLevel,
  ],
  examples: [{
    line: "kontiki node --bootstrap --id 1 --peers 1=10.0.0.1:7400,2=10.0.0.2:7400," +
      "3=10.0.0.3:7400 --clients 10.0.0.1:7401 --data /var/lib/kontiki",
    help: "the first of three nodes of a new cluster",
  }, {
    line: "kontiki node --data /var/lib/kontiki",
    help: "any later start of it",
  }, {
    line: "kontiki node --join 10.0.0.1:7401 --id 4 --peer 10.0.0.4:7400 --clients " +
      "10.0.0.4:7401 --data /var/lib/kontiki",
    help: "a fourth node",
  }],
} as const satisfies CommandRow;

/** `kontiki inspect`. */
export const inspect = {
  name: "inspect",
  summary: "Show what is in the folder of a node, and whether it is sound.",
  description: [
    "Changes nothing. `kontiki up` keeps each node in a folder such as kontiki-data/n1.",
  ],
  arguments: [argument("DIR", "the folder of one node")],
  flags: [json],
  examples: [{ line: "kontiki inspect kontiki-data/n1", help: "" }],
} as const satisfies CommandRow;

/** `kontiki recover`. */
export const recover = {
  name: "recover",
  summary: "Make a new cluster out of one folder, when a majority is lost for ever.",
  description: [
    "Only when the nodes of a majority will never return: what only they held is lost, although it " +
    "may have been acknowledged. The node of this folder becomes the only member of a new cluster, " +
    "with everything that the folder holds. Nodes of the old cluster are refused by it. The old " +
    "folder is kept beside it.",
  ],
  arguments: [],
  flags: [
    text("data", "the folder of the node that survived; the node must not run", {
      value: "DIR",
      required: true,
    }),
    toggle("dry-run", "say what the folder holds, and change nothing"),
    json,
  ],
  examples: [{
    line: "kontiki recover --data /var/lib/kontiki",
    help: "the folder with the latest entries, as `inspect` shows them",
  }],
} as const satisfies CommandRow;

/** `kontiki version`. */
export const version = {
  name: "version",
  summary: "Print the version.",
  arguments: [],
  flags: [json],
  examples: [{ line: "kontiki version", help: "" }],
} as const satisfies CommandRow;
