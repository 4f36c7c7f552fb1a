/**
 * Rows of the commands that only a shell can have.
 *
 * @module
 */

import type { CommandRow } from "../table/mod.ts";
import { argument, json, timeout } from "./flags.ts";

/** `unlock` in the shell. */
export const unlock = {
  name: "unlock",
  summary: "Give back a lock that this shell holds.",
  arguments: [argument("NAME", "the lock")],
  flags: [timeout, json],
  examples: [{ line: "unlock backup", help: "" }],
} as const satisfies CommandRow;

const nodeArgument = argument("NODE", "which node, such as n2");

/** `kill` in the shell. */
export const kill = {
  name: "kill",
  summary: "Kill a node of this cluster at once, as `kill -9` does.",
  arguments: [nodeArgument],
  flags: [],
  examples: [{ line: "kill n1", help: "" }],
} as const satisfies CommandRow;

/** `start` in the shell. */
export const start = {
  name: "start",
  summary: "Start a node of this cluster again.",
  arguments: [nodeArgument],
  flags: [],
  examples: [{ line: "start n1", help: "" }],
} as const satisfies CommandRow;

/** `sleep` in the shell. */
export const sleep = {
  name: "sleep",
  summary: "Wait, for scripts.",
  arguments: [argument("TIME", "such as 500ms or 2s")],
  flags: [],
  examples: [{ line: "sleep 1s", help: "" }],
} as const satisfies CommandRow;
