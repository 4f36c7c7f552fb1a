/**
 * Feature levels: which requests a server must know before they may enter the log. Every operation
 * says since which level it is there. A cluster has the highest level that all of its members have
 * announced.
 *
 * @module
 */

import { type Batch, type Operation, OPERATIONS, type Request } from "../command/mod.ts";

/** The levels that a program knows. */
export interface Levels {
  /** Every cluster has it: programs that know less are not made any more. */
  readonly first: number;
  /** The highest level whose operations this program knows. */
  readonly last: number;
}

/** Since when entries may raise the level of the cluster. */
const RAISED_SINCE = 4;

/** What this program knows: all operations of its table. */
export const LEVELS: Levels = {
  first: 3,
  last: Object.values(OPERATIONS).reduce(
    (last, { since, later }) => Math.max(last, since, later?.since ?? 0),
    RAISED_SINCE,
  ),
};

/** The lowest level of a cluster whose log may hold the request. */
export function levelOf(request: Request): number {
  switch (request.type) {
    case "get":
    case "put":
    case "time":
      return 1;
    case "end":
      return 3;
    case "level":
      return request.level;
    case "batch":
      return levelOfBatch(request.batch);
    case "numbered":
      return Math.max(2, levelOf(request.request));
    default:
      return request satisfies never;
  }
}

function levelOfBatch({ then, otherwise }: Batch): number {
  const levels = [...then, ...otherwise].map((operation) => levelOfOperation(operation));
  return levels.reduce((highest, level) => Math.max(highest, level), 2);
}

function levelOfOperation(operation: Operation): number {
  const { since, later } = OPERATIONS[operation.op];
  if (later === undefined) return since;
  const given = operation as Readonly<Record<string, unknown>>;
  const isLater = Object.keys(later.fields).some((name) => (given[name] ?? 0) !== 0);
  return isLater ? later.since : since;
}

/** The features that a node announces to its peers: a bit for each level behind the first. */
export function featuresOf({ first, last }: Levels): number {
  return 2 ** (last - first) - 1;
}

/** The level of a node that announces these features; bits that stand behind a gap are others'. */
export function levelOfFeatures(features: number, { first }: Levels = LEVELS): number {
  let level = first;
  while ((features >>> level - first & 1) === 1) level++;
  return level;
}
