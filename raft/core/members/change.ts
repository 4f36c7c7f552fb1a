/**
 * The steps of a change of members (§6). If the voters change, a joint configuration comes first, in
 * which old and new voters decide together, and the target when that is committed. Learners and
 * addresses change in one step, because no quorum changes with them.
 *
 * @module
 */

import type { Member, Members, Target } from "./configuration.ts";

/** Every entry is sent to each member. */
const MEMBERS_MAX = 100;
/** A host name may have 253 characters; a port follows. */
const TEXT_MAX = 300;
const ID_MAX = 2 ** 32 - 1;

/** The members right after a change was asked for. */
export function entered(now: Members, { voters, learners }: Target): Members {
  return { voters, outgoing: isSameIds(now.voters, voters) ? [] : now.voters, learners };
}

/** The members when the joint configuration is committed. */
export function left({ voters, learners }: Members): Members {
  return { voters, outgoing: [], learners };
}

/** Throws a {@linkcode RangeError} for members that can be of no cluster. */
export function checkTarget({ voters, learners }: Target): void {
  const members = [...voters, ...learners];
  if (voters.length === 0) refuse("at least one voter", "none");
  if (members.length > MEMBERS_MAX) refuse(`up to ${MEMBERS_MAX}`, members.length);
  for (const member of members) checkMember(member);
  const ids = members.map(({ id }) => id);
  if (new Set(ids).size < ids.length) refuse("each id once", ids.join(", "));
}

function checkMember({ id, incarnation, peer, client }: Member): void {
  if (!Number.isSafeInteger(id) || id < 1 || id > ID_MAX) refuse(`ids from 1 to ${ID_MAX}`, id);
  for (const [name, text] of Object.entries({ incarnation, peer, client })) {
    if (text.length > TEXT_MAX) refuse(`${name} of up to ${TEXT_MAX} characters`, text.length);
  }
}

function isSameIds(ones: readonly Member[], others: readonly Member[]): boolean {
  return ones.length === others.length &&
    ones.every(({ id }) => others.some((other) => other.id === id));
}

function refuse(wanted: string, got: string | number): never {
  throw new RangeError(`Cannot use members: wanted ${wanted}, got ${got}`);
}
