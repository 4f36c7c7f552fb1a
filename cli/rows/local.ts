/**
 * Rows of the commands on a local cluster: running it, and the faults of its network.
 *
 * @module
 */

import type { CommandRow } from "../table/mod.ts";
import {
  argument,
  data,
  databaseTokens,
  duration,
  historyBytes,
  historyTime,
  httpToken,
  integer,
  json,
  logLevel,
  probability,
  text,
  timeout,
  toggle,
} from "./flags.ts";

/** `kontiki up`. */
export const up = {
  name: "up",
  summary: "Run a local cluster to play with, and a shell on it.",
  description: [
    "Each node is a process of its own with its own folder below --data. Leaving the shell or " +
    "Ctrl-C stops them all and keeps the data; a second `kontiki up` continues with it. Faults can " +
    "be injected: see partition, heal, faults, kill and start in the shell.",
  ],
  arguments: [],
  flags: [
    integer("nodes", "how many nodes; left out: as many as the folder has, or 3 in a new one", {
      min: 1,
      max: 9,
    }),
    { ...data, help: "the folder of the cluster; made if it does not exist" },
    integer("port", "the first port to use, each node takes two; 0: any free ones", {
      default: "0",
      min: 0,
      max: 65000,
    }),
    text(
      "http",
      "where to listen for HTTP: keys, health, metrics and a page to look at and play with; left " +
        "out: at a free port of this machine. Beyond it only with --http-token",
      { value: "HOST:PORT" },
    ),
    httpToken,
    databaseTokens,
    text("exec", "run these shell commands, separated by `;`, then stop", { value: "COMMANDS" }),
    toggle("serve", "no shell: serve until Ctrl-C or SIGTERM"),
    historyTime,
    historyBytes,
    timeout,
    json,
    logLevel,
  ],
  examples: [
    { line: "kontiki up", help: "three nodes in ./kontiki-data, and the shell" },
    { line: 'kontiki up --exec "put colour blue; get colour"', help: "try something and stop" },
  ],
} as const satisfies CommandRow;

/** `kontiki partition`. */
export const partition = {
  name: "partition",
  inShell: true,
  summary: "Split the network of a local cluster into groups.",
  description: [
    "Nodes of different groups no longer hear each other; clients still reach every node. `leader` " +
    "stands for the node that leads now, `rest` for all nodes that are not named; without it they " +
    "form the last group. Needs nodes with a control socket, as `kontiki up` starts them.",
  ],
  arguments: [
    argument("GROUP", "nodes joined by commas, or separated by `|`; `leader`, `rest`", {
      many: true,
      completes: "group",
    }),
  ],
  flags: [data, json],
  examples: [
    { line: "kontiki partition n1,n2 n3", help: "n3 alone on one side" },
    { line: 'kontiki partition n1 n2 "|" n3', help: "the same" },
    { line: "kontiki partition leader rest", help: "the leader alone" },
  ],
} as const satisfies CommandRow;

/** `kontiki heal`. */
export const heal = {
  name: "heal",
  inShell: true,
  summary: "End all faults of a local cluster's network.",
  arguments: [],
  flags: [data, json],
  examples: [{ line: "kontiki heal", help: "after a partition" }],
} as const satisfies CommandRow;

/** `kontiki faults`. */
export const faults = {
  name: "faults",
  inShell: true,
  summary: "Show the network faults of a local cluster, or set some.",
  description: [
    "Without flags the faults in force are shown. The flags replace all but partitions.",
  ],
  arguments: [],
  flags: [
    probability("drop", "how likely a message is lost"),
    probability("duplicate", "how likely a message arrives twice"),
    probability("reorder", "how likely a message is held back, so that later ones overtake it"),
    duration("delay", "the longest extra wait of a message"),
    data,
    json,
  ],
  examples: [
    { line: "kontiki faults --drop 0.1 --delay 20ms", help: "a bad network" },
    { line: "kontiki faults", help: "what is in force" },
  ],
} as const satisfies CommandRow;
