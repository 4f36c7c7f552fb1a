/**
 * Constructors of flags and arguments, and the flags that several commands share.
 *
 * @module
 */

import type { ArgumentRow, FlagRow, FlagType } from "../table/mod.ts";

/** All that may be said of a flag besides its name, type and help. */
type Details = Omit<FlagRow, "name" | "type" | "help">;

interface FlagOf<Type extends FlagType> {
  <const Name extends string, const More extends Details = Record<never, never>>(
    name: Name,
    help: string,
    more?: More,
  ): { readonly name: Name; readonly type: Type; readonly help: string } & More;
}

function flagOf<Type extends FlagType>(type: Type, standard: Details = {}): FlagOf<Type> {
  return <Name extends string, More extends Details>(name: Name, help: string, more?: More) => ({
    ...{ ...standard, name, type, help },
    // Without details `More` is the empty record.
    ...more as More,
  });
}

/** A flag that is there or not. */
export const toggle = flagOf("boolean");
/** A flag that takes any text. */
export const text = flagOf("text");
/** A flag that takes texts, separated by commas. */
export const list = flagOf("list");
/** A flag that takes a whole number. */
export const integer = flagOf("integer", { value: "N" });
/** A flag that takes milliseconds, written as a duration. */
export const duration = flagOf("duration", { value: "TIME" });
/** A flag that takes a number of bytes, written as a size. */
export const size = flagOf("bytes", { value: "SIZE" });

/** A flag that takes a number from 0 to 1. */
export const probability = flagOf("number", { value: "P", min: 0, max: 1 });

/** All that may be said of an argument besides its name and help. */
type ArgumentDetails = Omit<ArgumentRow, "name" | "required" | "help">;

interface ArgumentOf<Required extends boolean> {
  <const Name extends string, const More extends ArgumentDetails = Record<never, never>>(
    name: Name,
    help: string,
    more?: More,
  ): { readonly name: Name; readonly required: Required; readonly help: string } & More;
}

function argumentOf<Required extends boolean>(required: Required): ArgumentOf<Required> {
  return <Name extends string, More extends ArgumentDetails>(
    name: Name,
    help: string,
    more?: More,
  ) => ({ name, required, help, ...more as More });
}

/** An argument that must be there. */
export const argument = argumentOf(true);
/** An argument that may be left out. */
export const optional = argumentOf(false);

/** Results as JSON. */
export const json = toggle("json", "print JSON, one value a line, for programs", { shared: true });

/** The folder of a local cluster. */
export const data = text("data", "the folder of a local cluster that `kontiki up` made", {
  value: "DIR",
  default: "kontiki-data",
  shared: true,
});

/** The addresses of a cluster. */
export const endpoints = list(
  "endpoints",
  "client addresses of the nodes; left out: the cluster in --data",
  { value: "HOST:PORT,…", shared: true, short: "e", excludes: ["data"] },
);

/** The token of the HTTP port. */
export const httpToken = text(
  "http-token",
  "the token that every request over HTTP must bring; best given by the environment, which other " +
    "users of the machine cannot read",
  { value: "TOKEN", shared: true },
);

/** The tokens of single databases. */
export const databaseTokens = text(
  "database-tokens",
  "a file of lines `NAME TOKEN`: each token opens that database of KV Connect alone. Needs --http-token",
  { value: "FILE", shared: true },
);

/** The limit of a command's time. */
export const timeout = duration("timeout", "give up after this time", {
  default: "5s",
  min: 1,
  shared: true,
});

/** How long older values stay readable. */
export const historyTime = duration(
  "history",
  "how long older values stay readable; left out: within --history-bytes",
  { min: 1 },
);

/** How much of them stays. */
export const historyBytes = size(
  "history-bytes",
  "what older values may take on the disk, and events for watches in memory",
  { default: "32MiB", min: 1, max: 1024 ** 3 },
);

/** The least urgent messages of a node's log. */
export const logLevel = text(
  "log-level",
  "the least urgent messages to log: debug, info, warn or error",
  {
    value: "LEVEL",
    default: "info",
    choices: ["debug", "info", "warn", "error"],
    shared: true,
  },
);

/** The flags of every command on a cluster. */
export const clusterFlags = [endpoints, data, timeout, json] as const;

/** The key in a form that any byte fits. */
export const keyHex = toggle(
  "key-hex",
  "KEY is hexadecimal, two digits for each byte of its UTF-8; for keys that cannot be typed",
);

/** One node instead of all. */
export const onlyNode = text("node", "ask this node only, such as n2; the others are not tried", {
  value: "NAME",
});

/** The revision to read. */
export const revision = integer("revision", "read the state at this revision", { min: 1 });

/** How old the state that is read may be. */
export const stale = duration(
  "stale",
  "answer from any node whose state is at most so old, also while it is cut off",
  { min: 1, excludes: ["revision"] },
);

/** The size of a cluster in the simulator. */
export const simulatedNodes = integer("nodes", "overrules the seed's number of nodes", {
  min: 1,
  max: 99,
});

/** More changes of members than a seed has, for the simulator. */
export const simulatedMembers = toggle("members", "the members change, and more often", {
  excludes: ["nodes"],
});

/** The number of processes that share the work. */
export const jobs = integer("jobs", "how many processes to use", { min: 1, max: 256 });
