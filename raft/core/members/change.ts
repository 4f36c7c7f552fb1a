/**
 * The steps of a change of members (§6). If the voters change, a joint configuration comes first, in
 * which old and new voters decide together, and the target when that is committed. Learners and
 * addresses change in one step, because no quorum changes with them.
 *
 * @module
 */

import type { Member, Members, TargetMembers } from "./configuration.ts";

/** Every entry is sent to each member. */
const MEMBERS_MAX = 100;
/** A host name may have 253 characters; a port follows. */
const TEXT_MAX = 300;
const ID_MAX = 2 ** 32 - 1;

/**
 * The members right after a change was asked for.
 *
 * @throws {RangeError} If no cluster can have the target's members, or not after these.
 */
export function entered(now: Members, target: TargetMembers): Members {
  checkChange(now, target);
  const { voters, learners } = target;
  return { voters, outgoing: isSameIds(now.voters, voters) ? [] : now.voters, learners };
}

/** The members when the joint configuration is committed. */
export function left({ voters, learners }: Members): Members {
  return { voters, outgoing: [], learners };
}

/** Throws a {@linkcode RangeError} for members that no cluster can have after the present ones. */
export function checkChange(now: Members, { voters, learners }: TargetMembers): void {
  checkTarget({ voters, learners });
  for (const voter of now.voters) checkSame(voter, [...voters, ...learners]);
}

/** Throws a {@linkcode RangeError} for members that no cluster can have. */
export function checkTarget(target: TargetMembers): void {
  if (target.voters.length === 0) refuse("at least one voter", "none");
  checkMembers([...target.voters, ...target.learners]);
}

/** Throws a {@linkcode RangeError} for members that are no members or one twice. */
export function checkMembers(members: readonly Member[]): void {
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

/** A voter with another folder is another voter: the old one has to leave before. */
function checkSame({ id, incarnation }: Member, members: readonly Member[]): void {
  const after = members.find((member) => member.id === id)?.incarnation ?? incarnation;
  if (incarnation === "" || after === incarnation) return;
  refuse(`n${id} as ${incarnation} as long as it votes`, after);
}

function isSameIds(ones: readonly Member[], others: readonly Member[]): boolean {
  return ones.length === others.length &&
    ones.every(({ id }) => others.some((other) => other.id === id));
}

function refuse(wanted: string, got: string | number): never {
  throw new RangeError(`Cannot use members: wanted ${wanted}, got ${got}`);
}
