/**
 * The commands that the shell knows: those of the table that work on a cluster, without the flags
 * that name one, and a few that only a shell can have.
 *
 * @module
 */

import type { CommandSpec } from "./table/mod.ts";
import { commands } from "./commands.ts";

const sharedNames = ["get", "put", "lock", "status", "partition", "heal", "faults"];
const clusterFlags = ["endpoints", "data"];

const nodeArgument = [{ name: "NODE", required: true, help: "which node, such as n2" }];

const own: readonly CommandSpec[] = [
  {
    name: "unlock",
    summary: "Give back a lock that this shell holds.",
    arguments: [{ name: "NAME", required: true, help: "the lock" }],
    flags: commands.find((command) => command.name === "lock")!.flags
      .filter((flag) => flag.name === "timeout" || flag.name === "json"),
    examples: [{ line: "unlock backup", help: "" }],
    load: () => import("./cluster/lock_command.ts"),
  },
  {
    name: "kill",
    summary: "Kill a node of this cluster at once, as `kill -9` does.",
    arguments: nodeArgument,
    flags: [],
    examples: [{ line: "kill n1", help: "" }],
    load: () => import("./cluster/process_commands.ts"),
  },
  {
    name: "start",
    summary: "Start a node of this cluster again.",
    arguments: nodeArgument,
    flags: [],
    examples: [{ line: "start n1", help: "" }],
    load: () => import("./cluster/process_commands.ts"),
  },
  {
    name: "sleep",
    summary: "Wait, for scripts.",
    arguments: [{ name: "TIME", required: true, help: "such as 500ms or 2s" }],
    flags: [],
    examples: [{ line: "sleep 1s", help: "" }],
    load: () => import("./cluster/process_commands.ts"),
  },
];

/** Every command of the shell but `help` and `exit`. */
export const shellCommands: readonly CommandSpec[] = [
  ...commands.filter((command) => sharedNames.includes(command.name)).map((command) => ({
    ...command,
    flags: command.flags.filter((flag) => !clusterFlags.includes(flag.name)),
    examples: command.examples
      .filter((example) => !clusterFlags.some((flag) => example.line.includes(`--${flag}`)))
      .map((example) => ({ ...example, line: example.line.replace(/^kontiki /, "") })),
  })),
  ...own,
];
