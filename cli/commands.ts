/**
 * The table of all commands: the one place that says which commands, arguments, flags, defaults and
 * examples exist. The parser, `--help` and `docs/reference.md` are made from it. Data only; modules
 * behind the commands are loaded when they run.
 *
 * @module
 */

import type { CommandSpec, FlagSpec } from "./table/mod.ts";
import { MACHINES } from "./table/mod.ts";

const json: FlagSpec = {
  name: "json",
  type: "boolean",
  shared: true,
  help: "print JSON, one value a line, for programs",
};

const data: FlagSpec = {
  name: "data",
  type: "text",
  value: "DIR",
  default: "kontiki-data",
  shared: true,
  help: "the folder of a local cluster that `kontiki up` made",
};

const endpoints: FlagSpec = {
  name: "endpoints",
  type: "list",
  value: "HOST:PORT,…",
  shared: true,
  short: "e",
  help: "client addresses of the nodes; left out: the cluster in --data",
};

const timeout: FlagSpec = {
  name: "timeout",
  type: "duration",
  value: "TIME",
  default: "5s",
  min: 1,
  shared: true,
  help: "give up after this time",
};

const logLevel: FlagSpec = {
  name: "log-level",
  type: "text",
  value: "LEVEL",
  default: "info",
  choices: ["debug", "info", "warn", "error"],
  shared: true,
  help: "the least urgent messages to log: debug, info, warn or error",
};

const clusterFlags: readonly FlagSpec[] = [endpoints, data, timeout, json];

const onlyNode: FlagSpec = {
  name: "node",
  type: "text",
  value: "NAME",
  help: "ask this node only, such as n2; the others are not tried",
};

const node: CommandSpec = {
  name: "node",
  summary: "Run one node of a cluster until Ctrl-C or SIGTERM.",
  description: [
    "Every node gets the same --peers, and an --id out of it. It listens for its peers at its own " +
    "address in --peers, and for clients at --clients. Its folder belongs to this node of this " +
    "cluster for ever; another node's folder is refused.",
  ],
  arguments: [],
  flags: [
    {
      name: "id",
      type: "integer",
      value: "N",
      min: 1,
      max: 65535,
      required: true,
      help: "which of the peers this node is",
    },
    {
      name: "peers",
      type: "list",
      value: "N=HOST:PORT,…",
      required: true,
      help: "every node of the cluster, this one included, with its address for the others; an " +
        "address that is left out comes over the control socket",
    },
    {
      name: "clients",
      type: "text",
      value: "HOST:PORT",
      help: "where to listen for clients; left out: nowhere",
    },
    {
      name: "data",
      type: "text",
      value: "DIR",
      required: true,
      help: "the folder that keeps what this node must not forget",
    },
    {
      name: "existing",
      type: "boolean",
      help: "refuse an empty folder: for every start but a node's first, so that one which lost " +
        "its disk does not come back without its votes",
    },
    {
      name: "cluster",
      type: "text",
      value: "NAME",
      default: "kontiki",
      help: "the name of the cluster; nodes of other clusters are refused",
    },
    {
      name: "control",
      type: "boolean",
      help: "open the control socket in the folder: faults can be injected, the node stopped",
    },
    {
      name: "machine",
      type: "text",
      value: "NAME",
      default: "kv",
      choices: MACHINES,
      help: "what runs above the log; all but kv are for tests, and need --control",
    },
    {
      name: "snapshot-after",
      type: "bytes",
      value: "SIZE",
      default: "64MiB",
      min: 1,
      help: "the size of the log at which a snapshot takes its place",
    },
    {
      name: "tick-ms",
      type: "integer",
      value: "N",
      default: "25",
      min: 1,
      max: 10000,
      help: "length of a tick, in which elections and heartbeats are counted",
    },
    {
      name: "until-input-ends",
      type: "boolean",
      help: "stop when standard input ends: the node does not outlive the program that started it",
    },
    logLevel,
  ],
  examples: [{
    line: "kontiki node --id 1 --peers 1=10.0.0.1:7400,2=10.0.0.2:7400,3=10.0.0.3:7400 " +
      "--clients 10.0.0.1:7401 --data /var/lib/kontiki",
    help: "the first of three nodes",
  }],
  load: () => import("./node/node_command.ts"),
};

const up: CommandSpec = {
  name: "up",
  summary: "Run a local cluster to play with, and a shell on it.",
  description: [
    "Each node is a process of its own with its own folder below --data. Leaving the shell or " +
    "Ctrl-C stops them all and keeps the data; a second `kontiki up` continues with it. Faults can " +
    "be injected: see partition, heal, faults, kill and start in the shell.",
  ],
  arguments: [],
  flags: [
    {
      name: "nodes",
      type: "integer",
      value: "N",
      default: "3",
      min: 1,
      max: 9,
      help: "how many nodes; a folder that exists keeps its number",
    },
    { ...data, help: "the folder of the cluster; made if it does not exist" },
    {
      name: "port",
      type: "integer",
      value: "N",
      default: "0",
      min: 0,
      max: 65000,
      help: "the first port to use, each node takes two; 0: any free ones",
    },
    {
      name: "exec",
      type: "text",
      value: "COMMANDS",
      help: "run these shell commands, separated by `;`, then stop",
    },
    { name: "serve", type: "boolean", help: "no shell: serve until Ctrl-C or SIGTERM" },
    timeout,
    json,
    { ...logLevel, default: "warn" },
  ],
  examples: [
    { line: "kontiki up", help: "three nodes in ./kontiki-data, and the shell" },
    { line: 'kontiki up --exec "put colour blue; get colour"', help: "try something and stop" },
  ],
  load: () => import("./shell/up_command.ts"),
};

const get: CommandSpec = {
  name: "get",
  summary: "Print the value of a key.",
  description: [
    "The read is linearizable: it sees every write that was acknowledged before it began. On a " +
    "terminal the version is shown too; in a pipe only the bytes of the value are written.",
  ],
  arguments: [{ name: "KEY", required: true, help: "the key to read" }],
  flags: [onlyNode, ...clusterFlags],
  examples: [
    { line: "kontiki get colour", help: "from the local cluster" },
    { line: "kontiki get colour --endpoints 10.0.0.1:7401,10.0.0.2:7401", help: "from elsewhere" },
  ],
  load: () => import("./cluster/kv_command.ts"),
};

const put: CommandSpec = {
  name: "put",
  summary: "Set the value of a key.",
  description: [
    "Without --version the key is read and written on condition that nobody wrote in between, again " +
    "and again until that succeeds. With --version the write happens only if the key has exactly " +
    "that version; 0 means that the key must not exist yet. When the outcome is unknown, put says " +
    "so and does not try again.",
  ],
  arguments: [
    { name: "KEY", required: true, help: "the key to write" },
    { name: "VALUE", required: true, help: "the new value; `-` reads it from standard input" },
  ],
  flags: [
    {
      name: "version",
      type: "integer",
      value: "N",
      min: 0,
      help: "the version that the key must have",
    },
    onlyNode,
    ...clusterFlags,
  ],
  examples: [
    { line: "kontiki put colour blue", help: "whatever the key holds now" },
    { line: "kontiki put colour red --version 1", help: "only over version 1" },
    { line: "kontiki put picture - < picture.png", help: "the bytes of a file" },
  ],
  load: () => import("./cluster/kv_command.ts"),
};

const lock: CommandSpec = {
  name: "lock",
  summary: "Hold a lock while a program runs.",
  description: [
    "Waits until the lock NAME is free, takes it, runs the program after `--`, gives the lock back " +
    "and exits with the program's exit code. Without a program it holds the lock until Ctrl-C. The " +
    "lock is a key: `kontiki get NAME` shows who holds it. A holder that died keeps the lock; " +
    "--release takes it away from whoever holds it.",
  ],
  arguments: [{ name: "NAME", required: true, help: "the lock, a key of the store" }],
  flags: [
    { name: "release", type: "boolean", help: "free the lock, whoever holds it, and exit" },
    {
      name: "wait",
      type: "duration",
      value: "TIME",
      help: "how long to wait for the lock; left out: for ever",
    },
    ...clusterFlags,
  ],
  rest: "COMMAND…",
  examples: [{
    line: "kontiki lock backup -- tar cf backup.tar files",
    help: "one backup at a time",
  }],
  load: () => import("./cluster/lock_command.ts"),
};

const shell: CommandSpec = {
  name: "shell",
  summary: "Talk to a cluster, line by line.",
  description: [
    "On a terminal: history, completion with Tab, `help`. From a pipe: one command a line, `#` " +
    "starts a comment. The exit code is that of the first command that failed.",
  ],
  arguments: [],
  flags: [
    {
      name: "exec",
      type: "text",
      value: "COMMANDS",
      help: "run these commands, separated by `;`, and exit",
    },
    ...clusterFlags,
  ],
  examples: [
    { line: "kontiki shell", help: "on the local cluster" },
    { line: 'kontiki shell --exec "put colour blue; get colour"', help: "without a terminal" },
  ],
  load: () => import("./shell/shell_command.ts"),
};

const status: CommandSpec = {
  name: "status",
  summary: "Show every node: role, term, log, size, lag, faults.",
  arguments: [],
  flags: [
    { name: "watch", type: "boolean", short: "w", help: "draw again and again until Ctrl-C" },
    {
      name: "interval",
      type: "duration",
      value: "TIME",
      default: "1s",
      min: 50,
      help: "the pause between two drawings with --watch",
    },
    ...clusterFlags,
  ],
  examples: [{ line: "kontiki status --watch", help: "keep an eye on the local cluster" }],
  load: () => import("./cluster/status_command.ts"),
};

const partition: CommandSpec = {
  name: "partition",
  summary: "Split the network of a local cluster into groups.",
  description: [
    "Nodes of different groups no longer hear each other; clients still reach every node. Nodes " +
    "that are not named form a group of their own. Needs nodes with a control socket, as `kontiki " +
    "up` starts them.",
  ],
  arguments: [{
    name: "GROUP",
    required: true,
    many: true,
    help: "nodes joined by commas, or separated by `|`",
  }],
  flags: [data, json],
  examples: [
    { line: "kontiki partition n1,n2 n3", help: "n3 alone on one side" },
    { line: 'kontiki partition n1 n2 "|" n3', help: "the same" },
  ],
  load: () => import("./cluster/faults_command.ts"),
};

const heal: CommandSpec = {
  name: "heal",
  summary: "End all faults of a local cluster's network.",
  arguments: [],
  flags: [data, json],
  examples: [{ line: "kontiki heal", help: "after a partition" }],
  load: () => import("./cluster/faults_command.ts"),
};

function probability(name: string, help: string): FlagSpec {
  return { name, type: "number", value: "P", min: 0, max: 1, help };
}

const faults: CommandSpec = {
  name: "faults",
  summary: "Show the network faults of a local cluster, or set some.",
  description: [
    "Without flags the faults in force are shown. The flags replace all but partitions.",
  ],
  arguments: [],
  flags: [
    probability("drop", "how likely a message is lost"),
    probability("duplicate", "how likely a message arrives twice"),
    probability("reorder", "how likely a message is held back, so that later ones overtake it"),
    { name: "delay", type: "duration", value: "TIME", help: "the longest extra wait of a message" },
    data,
    json,
  ],
  examples: [
    { line: "kontiki faults --drop 0.1 --delay 20ms", help: "a bad network" },
    { line: "kontiki faults", help: "what is in force" },
  ],
  load: () => import("./cluster/faults_command.ts"),
};

const jobs: FlagSpec = {
  name: "jobs",
  type: "integer",
  value: "N",
  min: 1,
  max: 256,
  help: "how many processes to use",
};

const test: CommandSpec = {
  name: "test",
  summary: "Run the scenarios of the labs, and print the labs' lines.",
  description: [
    "Scenarios are named by part (3A to 3D, 4A to 4C, 2), by name or by a piece of their title; " +
    "without names all are run.",
  ],
  arguments: [{ name: "SCENARIO", required: false, many: true, help: "what to run" }],
  flags: [
    {
      name: "seed",
      type: "integer",
      value: "N",
      min: 0,
      help: "repeats a run exactly; left out: a new one, printed first",
    },
    {
      name: "seeds",
      type: "integer",
      value: "N",
      default: "1",
      min: 1,
      help: "how many seeds, one after the other",
    },
    { ...jobs, default: "1" },
    { name: "fail-fast", type: "boolean", help: "end with the first failure" },
    {
      name: "processes",
      type: "boolean",
      help: "on real processes, sockets and disks instead of the simulator",
    },
    { name: "keep", type: "boolean", help: "keep the folders and logs of processes that failed" },
    json,
  ],
  examples: [
    { line: "kontiki test 3A 4B", help: "two parts" },
    { line: "kontiki test 3C --seeds 100 --jobs 4", help: "a part with many seeds" },
    { line: "kontiki test 3A --processes", help: "on real processes" },
  ],
  load: () => import("./trials/test_command.ts"),
};

const simulatedNodes: FlagSpec = {
  name: "nodes",
  type: "integer",
  value: "N",
  min: 1,
  max: 99,
  help: "overrules the seed's number of nodes",
};

const sim: CommandSpec = {
  name: "sim",
  summary: "Run one seed in the simulator and print its trace.",
  description: [
    "A seed decides everything: the size of the cluster, its limits, faults and load. The same " +
    "seed prints the same trace anywhere; its hash is in the last line.",
  ],
  arguments: [{ name: "SEED", required: false, help: "left out: a new one" }],
  flags: [
    { name: "quiet", type: "boolean", help: "only the summary, without the trace" },
    simulatedNodes,
  ],
  examples: [{ line: "kontiki sim 42", help: "" }],
  load: () => import("./trials/sim_command.ts"),
};

const fuzz: CommandSpec = {
  name: "fuzz",
  summary: "Run seeds in the simulator until time is up.",
  arguments: [{ name: "MINUTES", required: false, help: "how long; left out: 1" }],
  flags: [
    jobs,
    {
      name: "first",
      type: "integer",
      value: "SEED",
      min: 0,
      help: "the first seed; left out: a new one",
    },
    {
      name: "step",
      type: "integer",
      value: "N",
      default: "1",
      min: 1,
      help: "from one seed to the next",
    },
    simulatedNodes,
    json,
  ],
  examples: [{ line: "kontiki fuzz 10 --jobs 4", help: "ten minutes on four processes" }],
  load: () => import("./trials/sim_command.ts"),
};

const check: CommandSpec = {
  name: "check",
  summary: "Judge whether a recorded history is linearizable.",
  description: [
    "FILE holds one operation a line, as JSON; docs/testing.md has the format. The verdict is ok, " +
    "illegal or unknown, the last when time runs out.",
  ],
  arguments: [{ name: "FILE", required: true, help: "the history" }],
  flags: [
    { ...timeout, default: "60s" },
    {
      name: "timeline",
      type: "text",
      value: "FILE",
      help: "draw the history as a page for a browser",
    },
    json,
  ],
  examples: [{ line: "kontiki check history.jsonl", help: "" }],
  load: () => import("./trials/check_command.ts"),
};

const bench: CommandSpec = {
  name: "bench",
  summary: "Measure puts and linearizable gets, and check what was measured.",
  description: [
    "Runs against --endpoints, or starts three durable nodes in a folder of its own and removes it " +
    "afterwards. A sample of the operations is recorded, and must be linearizable.",
  ],
  arguments: [],
  flags: [
    {
      name: "connections",
      type: "integer",
      value: "N",
      default: "100",
      min: 1,
      max: 10000,
      help: "connections to the leader",
    },
    {
      name: "clients",
      type: "integer",
      value: "N",
      default: "1000",
      min: 1,
      max: 100000,
      help: "clients, each with one request at a time, spread over the connections",
    },
    {
      name: "value-bytes",
      type: "bytes",
      value: "SIZE",
      default: "256",
      max: 1048576,
      help: "the size of a value",
    },
    {
      name: "duration",
      type: "duration",
      value: "TIME",
      default: "10s",
      min: 100,
      help: "how long each of puts and gets is measured",
    },
    {
      name: "nodes",
      type: "integer",
      value: "N",
      default: "3",
      min: 1,
      max: 9,
      help: "how many nodes to start",
    },
    { ...endpoints, help: "measure this cluster instead of one of its own" },
    json,
  ],
  examples: [
    { line: "kontiki bench", help: "100 connections, 1000 clients, three nodes" },
    { line: "kontiki bench --connections 1 --clients 1", help: "the time of one operation" },
  ],
  load: () => import("./trials/bench_command.ts"),
};

const inspect: CommandSpec = {
  name: "inspect",
  summary: "Show what is in the folder of a node, and whether it is sound.",
  description: [
    "Changes nothing. `kontiki up` keeps each node in a folder such as kontiki-data/n1.",
  ],
  arguments: [{ name: "DIR", required: true, help: "the folder of one node" }],
  flags: [json],
  examples: [{ line: "kontiki inspect kontiki-data/n1", help: "" }],
  load: () => import("./node/inspect_command.ts"),
};

const version: CommandSpec = {
  name: "version",
  summary: "Print the version.",
  arguments: [],
  flags: [json],
  examples: [{ line: "kontiki version", help: "" }],
  load: () => import("./version_command.ts"),
};

/** Every command, in the order of `--help`. */
export const commands: readonly CommandSpec[] = [
  node,
  up,
  get,
  put,
  lock,
  shell,
  status,
  partition,
  heal,
  faults,
  test,
  sim,
  fuzz,
  check,
  bench,
  inspect,
  version,
];
