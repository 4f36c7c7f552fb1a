/**
 * Rows of the commands that test, check and measure.
 *
 * @module
 */

import type { CommandRow } from "../table/mod.ts";
import {
  argument,
  duration,
  endpoints,
  integer,
  jobs,
  json,
  optional,
  simulatedMembers,
  simulatedNodes,
  size,
  text,
  timeout,
  toggle,
} from "./flags.ts";

/** Where pages of runs that failed go. */
const pages = text("pages", "the folder for the pages of runs that failed; made when one does", {
  value: "FOLDER",
  default: "failed-seeds",
});

/** `kontiki test`. */
export const test = {
  name: "test",
  summary: "Run the scenarios of the labs, and print the labs' lines.",
  description: [
    "Scenarios are named by part (3A to 3D, 4A to 4C, 2), by name or by a piece of their title; " +
    "without names all are run.",
  ],
  arguments: [optional("SCENARIO", "what to run", { many: true })],
  flags: [
    integer("seed", "repeats a run exactly; left out: a new one, printed first", { min: 0 }),
    integer("seeds", "how many seeds, one after the other", { default: "1", min: 1 }),
    { ...jobs, default: "1" },
    toggle("fail-fast", "end with the first failure"),
    toggle("processes", "on real processes, sockets and disks instead of the simulator"),
    toggle("keep", "keep the folders and logs of processes that failed"),
    pages,
    json,
  ],
  examples: [
    { line: "kontiki test 3A 4B", help: "two parts" },
    { line: "kontiki test 3C --seeds 100 --jobs 4", help: "a part with many seeds" },
    { line: "kontiki test 3A --processes", help: "on real processes" },
  ],
} as const satisfies CommandRow;

/** `kontiki sim`. */
export const sim = {
  name: "sim",
  summary: "Run one seed in the simulator and print its trace.",
  description: [
    "A seed decides everything: the size of the cluster, its limits, faults and load. The same " +
    "seed prints the same trace anywhere; its hash is in the last line.",
  ],
  arguments: [optional("SEED", "left out: a new one", { type: "integer", min: 0 })],
  flags: [
    toggle("quiet", "only the summary, without the trace"),
    text("page", "write the run as a page to look at: messages, roles, terms, faults, logs", {
      value: "FILE",
    }),
    simulatedNodes,
    simulatedMembers,
  ],
  examples: [
    { line: "kontiki sim 42", help: "" },
    { line: "kontiki sim 42 --quiet --page seed.html", help: "a diagram for a browser" },
  ],
} as const satisfies CommandRow;

/** `kontiki fuzz`. */
export const fuzz = {
  name: "fuzz",
  summary: "Run seeds in the simulator until time is up.",
  arguments: [optional("MINUTES", "how long; left out: 1", { type: "number", min: 0.01 })],
  flags: [
    jobs,
    integer("first", "the first seed; left out: a new one", { value: "SEED", min: 0 }),
    integer("step", "from one seed to the next", { default: "1", min: 1 }),
    simulatedNodes,
    simulatedMembers,
    pages,
    json,
  ],
  examples: [{ line: "kontiki fuzz 10 --jobs 4", help: "ten minutes on four processes" }],
} as const satisfies CommandRow;

/** `kontiki check`. */
export const check = {
  name: "check",
  summary: "Judge whether a recorded history is linearizable.",
  description: [
    "FILE holds one operation a line, as JSON; docs/testing.md has the format. The verdict is ok, " +
    "illegal or unknown, the last when time runs out. It is printed before a page is written. " +
    "Histories of batches, with ranges, deletions and leases, have the model `store`.",
  ],
  arguments: [argument("FILE", "the history; `-` reads it from standard input")],
  flags: [
    { ...timeout, default: "60s" },
    text("timeline", "draw the history as a page for a browser", { value: "FILE" }),
    json,
  ],
  examples: [{ line: "kontiki check history.jsonl", help: "" }],
} as const satisfies CommandRow;

/** `kontiki bench`. */
export const bench = {
  name: "bench",
  summary: "Measure puts and linearizable gets, and check what was measured.",
  description: [
    "Runs against --endpoints, or starts three durable nodes in a folder of its own and removes it " +
    "afterwards. A sample of the operations is recorded, and must be linearizable.",
  ],
  arguments: [],
  flags: [
    integer("connections", "connections to the leader", { default: "100", min: 1, max: 10000 }),
    integer("clients", "clients, each with one request at a time, spread over the connections", {
      default: "1000",
      min: 1,
      max: 100000,
    }),
    size("value-bytes", "the size of a value", { default: "256", max: 1048576 }),
    duration("duration", "how long each of puts and gets is measured", {
      default: "10s",
      min: 100,
    }),
    integer("nodes", "how many nodes to start", { default: "3", min: 1, max: 9 }),
    {
      ...endpoints,
      help: "load and measure this cluster instead of one of its own",
      // The cluster that the environment names may be one in use.
      commandLineOnly: true,
      excludes: ["nodes"],
    },
    json,
  ],
  examples: [
    { line: "kontiki bench", help: "100 connections, 1000 clients, three nodes" },
    { line: "kontiki bench --connections 1 --clients 1", help: "the time of one operation" },
  ],
} as const satisfies CommandRow;
