/**
 * Rows of the commands on many keys, on a key's past, and on several keys at once.
 *
 * @module
 */

import { operationNames } from "../../kv/command/mod.ts";
import type { CommandRow } from "../table/mod.ts";
import {
  argument,
  clusterFlags,
  integer,
  keyHex,
  onlyNode,
  optional,
  revision,
  stale,
  text,
  toggle,
} from "./flags.ts";

const prefix = optional("PREFIX", "what the keys begin with; left out: all keys", {
  completes: "key",
});

/** `kontiki delete`. */
export const remove = {
  name: "delete",
  inShell: true,
  summary: "Delete a key, or all keys with a prefix.",
  description: [
    "With --version the key is deleted only if it has exactly that version. A deleted key keeps its " +
    "version: when it comes back, it counts on.",
    "With --prefix all keys that begin with KEY are deleted, a thousand at a time; keys that are " +
    "written meanwhile may stay.",
  ],
  arguments: [argument("KEY", "the key to delete", { completes: "key" })],
  flags: [
    integer("version", "the version that the key must have", { min: 0, excludes: ["prefix"] }),
    toggle("prefix", "delete every key that begins with KEY"),
    keyHex,
    onlyNode,
    ...clusterFlags,
  ],
  examples: [
    { line: "kontiki delete colour", help: "one key" },
    { line: "kontiki delete colour --version 3", help: "only version 3" },
    { line: "kontiki delete users/ --prefix", help: "every key that begins with users/" },
  ],
} as const satisfies CommandRow;

/** `kontiki list`. */
export const list = {
  name: "list",
  inShell: true,
  summary: "List keys and values, in the order of the keys.",
  description: [
    "All keys are of one revision, whatever is written meanwhile. They are read and written page by " +
    "page, so a list of any length takes little memory.",
    "With --tree a key is shown up to the next `/` behind PREFIX, and what is behind it only once, " +
    "as in a listing of folders.",
  ],
  arguments: [prefix],
  flags: [
    integer("limit", "at most so many keys", { min: 1 }),
    toggle("keys-only", "only the keys, without their values"),
    toggle("reverse", "the last key first", { excludes: ["tree"] }),
    toggle("tree", "one line for all keys below a `/`"),
    revision,
    stale,
    onlyNode,
    ...clusterFlags,
  ],
  examples: [
    { line: "kontiki list", help: "everything" },
    { line: "kontiki list users/ --limit 10", help: "the first ten users" },
    { line: "kontiki list --tree", help: "what there is, like folders" },
    { line: "kontiki list users/ --keys-only --json", help: "for a program" },
  ],
} as const satisfies CommandRow;

/** `kontiki count`. */
export const count = {
  name: "count",
  inShell: true,
  summary: "Count keys.",
  description: ["All keys are counted at one revision, on the servers."],
  arguments: [prefix],
  flags: [revision, stale, onlyNode, ...clusterFlags],
  examples: [
    { line: "kontiki count", help: "all keys" },
    { line: "kontiki count users/", help: "those that begin with users/" },
  ],
} as const satisfies CommandRow;

/** `kontiki history`. */
export const history = {
  name: "history",
  inShell: true,
  summary: "Show what a key held before, newest first.",
  description: [
    "Old values are kept for a while: as far back as the servers remember, and no further. The last " +
    "line says where that is, unless the key was created later.",
  ],
  arguments: [argument("KEY", "the key to look at", { completes: "key" })],
  flags: [
    integer("limit", "at most so many values", { min: 1, default: "20" }),
    keyHex,
    onlyNode,
    ...clusterFlags,
  ],
  examples: [{ line: "kontiki history colour", help: "the last twenty values" }],
} as const satisfies CommandRow;

/** `kontiki batch`. */
export const batch = {
  name: "batch",
  inShell: true,
  summary: "Do several things at once, or none of them.",
  description: [
    "FILE holds JSON: `checks`, `then` (done if all checks hold) and `otherwise` (done if one fails). " +
    "Everything happens at one revision. An operation is an object with `op`, one of " +
    `${operationNames.join(", ")}, and ` +
    "its fields; docs/protocol.md lists them. A check has a `key` and one of absent, present, version, revision " +
    "and value.",
    "When a check fails the exit code is 4, also if `otherwise` was done.",
  ],
  arguments: [optional("FILE", "the file with the batch; `-` or left out: standard input")],
  flags: [onlyNode, ...clusterFlags],
  examples: [
    { line: "kontiki batch transfer.json", help: "from a file" },
    { line: "kontiki batch < transfer.json", help: "from standard input" },
  ],
} as const satisfies CommandRow;

/** `kontiki export`. */
export const dump = {
  name: "export",
  summary: "Write keys and values as lines of JSON.",
  description: [
    "All lines are of one revision. A line has `key`, `value`, `version`, `created` and `revision`; " +
    'bytes that are no text are `{"base64": …}`. `kontiki import` reads them again. An export that ' +
    "was cut off goes on behind the last key it wrote, with --after and --revision.",
  ],
  arguments: [prefix],
  flags: [
    text("after", "go on behind this key", { value: "KEY" }),
    revision,
    onlyNode,
    ...clusterFlags,
  ],
  examples: [
    { line: "kontiki export > all.jsonl", help: "everything" },
    { line: "kontiki export users/ > users.jsonl", help: "the keys that begin with users/" },
  ],
} as const satisfies CommandRow;

/** `kontiki import`. */
export const load = {
  name: "import",
  summary: "Store the keys and values that export wrote.",
  description: [
    "Reads lines of JSON with `key` and `value`; other fields are passed over. Keys that exist are " +
    "overwritten, other keys stay. When it cannot go on it says how many lines are certainly " +
    "stored; --skip goes on behind them. Storing a line twice does no harm.",
  ],
  arguments: [optional("FILE", "the file to read; `-` or left out: standard input")],
  flags: [
    integer("skip", "pass over so many lines", { min: 0, default: "0" }),
    onlyNode,
    ...clusterFlags,
  ],
  examples: [
    { line: "kontiki import all.jsonl", help: "from a file" },
    { line: "kontiki export -e 10.0.0.1:7411 | kontiki import", help: "from another cluster" },
  ],
} as const satisfies CommandRow;

/** `kontiki watch`. */
export const watch = {
  name: "watch",
  inShell: true,
  summary: "Print changes as they happen, or run a command for each.",
  description: [
    "Every change comes once, in order, with all changes of one batch together; a watch goes on " +
    "through changes of leader and lost nodes. Each line begins with the revision; --from with that " +
    "number goes on after it, at any time within the latest 32 MiB of changes.",
    "The command gets the revision as KONTIKI_REVISION and the changes as JSON in KONTIKI_CHANGES; one " +
    "runs at a time, and an exit code other than 0 ends the watch.",
  ],
  arguments: [optional("KEY", "the key to watch; without any choice: all", { completes: "key" })],
  flags: [
    text("prefix", "watch all keys that begin with this", { value: "PREFIX" }),
    text("start", "watch all keys from this one on", { value: "KEY" }),
    text("end", "watch all keys before this one", { value: "KEY" }),
    integer("from", "begin after this revision; left out: now", { min: 0 }),
    toggle("previous", "show what each key was before"),
    toggle("keys-only", "leave values out"),
    toggle("progress", "also say up to which revision nothing is missing"),
    integer("limit", "end after so many groups of changes", { min: 1 }),
    ...clusterFlags,
  ],
  rest: "COMMAND…",
  examples: [
    { line: "kontiki watch --prefix jobs/", help: "everything below jobs/, from now on" },
    { line: "kontiki watch colour --from 0 --json", help: "the history of a key, then what comes" },
    { line: "kontiki watch config -- ./reload.sh", help: "run a command for each change" },
  ],
} as const satisfies CommandRow;
