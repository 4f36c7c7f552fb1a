/**
 * Rows of the commands that only a shell can have.
 *
 * @module
 */

import type { CommandRow } from "../table/mod.ts";
import { argument, json, optional, timeout } from "./flags.ts";

/** `unlock` in the shell. */
export const unlock = {
  name: "unlock",
  summary: "Give back a lock that this shell holds.",
  arguments: [argument("NAME", "the lock")],
  flags: [timeout, json],
  examples: [{ line: "unlock backup", help: "" }],
} as const satisfies CommandRow;

/** `begin` in the shell. */
export const begin = {
  name: "begin",
  summary: "Put a batch together, line by line, until commit or rollback.",
  description: [
    "Lines are `check KEY absent`, `check KEY version 3`, `check lock NAME TOKEN`, and operations " +
    "with their fields in order, such as `put KEY VALUE`, `delete KEY`, `add KEY 5`, `get KEY` or " +
    "`range FROM TO 10`. What follows `else` is done when a check fails.",
  ],
  arguments: [],
  flags: [],
  examples: [{ line: "begin; check a absent; put a 1; put b 2; commit", help: "both or none" }],
} as const satisfies CommandRow;

/** `commit` in the shell. */
export const commit = {
  name: "commit",
  summary: "Execute the batch that was begun, at one revision.",
  arguments: [],
  flags: [timeout, json],
  examples: [{ line: "commit", help: "" }],
} as const satisfies CommandRow;

/** `rollback` in the shell. */
export const rollback = {
  name: "rollback",
  summary: "Drop the batch that was begun; nothing of it was sent.",
  arguments: [],
  flags: [],
  examples: [{ line: "rollback", help: "" }],
} as const satisfies CommandRow;

/** `kill` in the shell. */
export const kill = {
  name: "kill",
  summary: "Kill a node of this cluster at once, as `kill -9` does.",
  arguments: [argument("NODE", "which node, such as n2, or `leader`", { completes: "node" })],
  flags: [],
  examples: [{ line: "kill n1", help: "" }, {
    line: "kill leader",
    help: "the present leader",
  }],
} as const satisfies CommandRow;

/** `start` in the shell. */
export const start = {
  name: "start",
  summary: "Start a node of this cluster again.",
  arguments: [argument("NODE", "which node, such as n2", { completes: "node" })],
  flags: [],
  examples: [{ line: "start n1", help: "" }],
} as const satisfies CommandRow;

/** `sleep` in the shell. */
export const sleep = {
  name: "sleep",
  summary: "Wait, for scripts.",
  arguments: [argument("TIME", "such as 500ms or 2s", { type: "duration" })],
  flags: [],
  examples: [{ line: "sleep 1s", help: "" }],
} as const satisfies CommandRow;

/** `help` in the shell, which the parser answers. */
export const help = {
  name: "help",
  summary: "Print this, or more on one command.",
  arguments: [optional("COMMAND", "the command", { completes: "command" })],
  flags: [],
  examples: [{ line: "help put", help: "" }],
} as const satisfies CommandRow;

/** `exit` in the shell. */
export const exit = {
  name: "exit",
  summary: "Leave; so do Ctrl-D and, pressed twice, Ctrl-C on an empty line.",
  description: [
    "Without CODE a script ends with the exit code of its first command that failed.",
  ],
  arguments: [
    optional("CODE", "the exit code of the shell", { type: "integer", min: 0, max: 255 }),
  ],
  flags: [],
  examples: [{ line: "exit 3", help: "" }],
} as const satisfies CommandRow;
