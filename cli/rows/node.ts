/**
 * Rows of the commands that work on the folder of one node, and of `version`.
 *
 * @module
 */

import type { CommandRow } from "../table/mod.ts";
import { argument, httpToken, integer, json, list, logLevel, size, text, toggle } from "./flags.ts";
import { MACHINES } from "./machine_names.ts";

/** `kontiki node`. */
export const node = {
  name: "node",
  summary: "Run one node of a cluster until Ctrl-C or SIGTERM.",
  description: [
    "Every node gets the same --peers, and an --id out of it. It listens for its peers at its own " +
    "address in --peers, and for clients at --clients. Its folder belongs to this node of this " +
    "cluster for ever; another node's folder is refused.",
  ],
  arguments: [],
  flags: [
    integer("id", "which of the peers this node is", { min: 1, max: 65535, required: true }),
    list(
      "peers",
      "every node of the cluster, this one included, with its address for the others; an " +
        "address that is left out comes over the control socket",
      { value: "N=HOST:PORT,…", required: true },
    ),
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
    text("data", "the folder that keeps what this node must not forget", {
      value: "DIR",
      required: true,
    }),
    toggle(
      "existing",
      "refuse an empty folder: for every start but a node's first, so that one which lost " +
        "its disk does not come back without its votes",
    ),
    toggle(
      "join",
      "this node is added to a cluster that runs: it waits until `kontiki member add` names it. " +
        "--peers has the others, and this one",
    ),
    text("cluster", "the name of the cluster; nodes of other clusters are refused", {
      value: "NAME",
      default: "kontiki",
    }),
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
      default: "64MiB",
      min: 1,
    }),
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
    line: "kontiki node --id 1 --peers 1=10.0.0.1:7400,2=10.0.0.2:7400,3=10.0.0.3:7400 " +
      "--clients 10.0.0.1:7401 --data /var/lib/kontiki",
    help: "the first of three nodes",
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

/** `kontiki version`. */
export const version = {
  name: "version",
  summary: "Print the version.",
  arguments: [],
  flags: [json],
  examples: [{ line: "kontiki version", help: "" }],
} as const satisfies CommandRow;
