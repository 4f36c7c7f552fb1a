/**
 * The log of a server that goes on alone when a majority of its cluster is gone for ever.
 *
 * @module
 */

import {
  baseOf,
  encodeMembers,
  type Entry,
  type Member,
  type Persistent,
  type Save,
} from "../core/mod.ts";

/**
 * All that the server holds, and one entry more, in a higher term, after which it is the only member.
 * What it holds counts as committed from then on (I7).
 */
export function loneLog(persistent: Persistent, member: Member, wall: number): Save {
  const { snapshot, entries } = persistent;
  const { index, times } = entries.at(-1) ?? baseOf(persistent);
  const term = persistent.term + 1;
  const last: Entry = {
    ...{ index: index + 1, term, kind: "members" },
    data: encodeMembers({ voters: [member], outgoing: [], learners: [] }),
    times: { steady: times.steady, wall: Math.max(times.wall, wall) },
  };
  const from = baseOf(persistent).index + 1;
  return { vote: { term, votedFor: null }, snapshot, tail: { from, entries: [...entries, last] } };
}
