/**
 * Changes of a cluster's members, one step after the other until the plan has nothing left to do.
 *
 * Every step is planned on the members that the leader reports, and refused by it when they have
 * changed since. It has succeeded when the leader reports the new members as committed. So a change
 * that was interrupted goes on when it is asked for again.
 *
 * @module
 */

import { encodeMembers, type Member, type Members, type TargetMembers } from "../../raft/mod.ts";
import {
  CommandError,
  leaderOf,
  MEMBERS_REQUEST,
  type NodeReport,
  type Session,
  untilInterrupted,
} from "../table/mod.ts";

/** How often a leader is asked how far a change is. */
const POLL_MS = 50;

/** The answers of a leader after which it is asked again. */
const PASSING: readonly unknown[] = [
  null,
  "notLeader",
  "busy",
  "tooEarly",
  "notCaughtUp",
  "changed",
];

/** The next step on the way from these members; `null`: nothing is left to do. */
export type Plan = (now: Members) => TargetMembers | null;

/** A change of members. */
export interface MemberChange {
  readonly session: Session;
  readonly plan: Plan;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Whether a step is taken after which no majority of the voters would answer. */
  readonly isForced: boolean;
}

/** Takes all steps of the plan; resolves to the members when they are committed. */
export async function changeMembers(change: MemberChange): Promise<Members> {
  const { session, plan, timeoutMs, isForced } = change;
  const end = performance.now() + timeoutMs;
  let members: Members | null = null;
  while (performance.now() < end) {
    const report = await findLeader(change, end);
    ({ members } = report.status);
    const { membersIndex, commit } = report.status;
    if (membersIndex <= commit && members.outgoing.length === 0) {
      const target = plan(members);
      if (target === null) return members;
      checkHealth(target, { report, isForced });
      const bytes = encodeMembers({ ...target, outgoing: [] });
      const answer = await session.ask(report.id, [MEMBERS_REQUEST, membersIndex, bytes]);
      const isPassing = Array.isArray(answer) || PASSING.includes(answer);
      if (!isPassing) throw new CommandError("failure", String(answer));
    }
    await pause(change);
  }
  throw new CommandError(
    "unknownOutcome",
    "The change was not committed in time; kontiki member list shows how far it is",
  );
}

/** The members when all steps are taken, without taking any. */
export function membersAfter(now: Members, plan: Plan): Members {
  const target = plan(now);
  return target === null ? now : membersAfter({ ...target, outgoing: [] }, plan);
}

/** Adds a server as a learner and, unless that is all, makes it a voter. */
export function added(
  now: Members,
  member: Member,
  isLearner: boolean,
): TargetMembers | null {
  const { voters, learners } = now;
  const { id } = member;
  if (voters.some((each) => each.id === id)) return null;
  const isKnown = learners.some((each) => each.id === id);
  if (!isKnown) return { voters, learners: [...learners, member] };
  return isLearner ? null : promoted(now, id);
}

/** Makes a learner a voter. */
export function promoted({ voters, learners }: TargetMembers, id: number): TargetMembers {
  const chosen = learners.filter((each) => each.id === id);
  return { voters: [...voters, ...chosen], learners: learners.filter((each) => each.id !== id) };
}

/** Without one member. */
export function without({ voters, learners }: Members, id: number): TargetMembers {
  const others = (members: readonly Member[]) => members.filter((each) => each.id !== id);
  return { voters: others(voters), learners: others(learners) };
}

/**
 * A fresh folder takes the place of a member. Under another number it learns first, and then votes in
 * the same step in which the other leaves; under the same number the old folder leaves first (M13).
 */
export function replaced(now: Members, old: number, fresh: Member): TargetMembers | null {
  const isFresh = (each: Member): boolean =>
    each.id === fresh.id && each.incarnation === fresh.incarnation;
  const has = (id: number) => [...now.voters, ...now.learners].some((each) => each.id === id);
  if (old === fresh.id) {
    const isOldThere = has(old) && ![...now.voters, ...now.learners].some(isFresh);
    return isOldThere ? without(now, old) : added(now, fresh, false);
  }
  if (now.voters.some(isFresh)) return has(old) ? without(now, old) : null;
  if (!now.learners.some(isFresh)) return added(now, fresh, true);
  return promoted(without(now, old), fresh.id);
}

/** Refuses a set of voters if no majority of it answers the leader. */
export function checkHealth(
  { voters }: TargetMembers,
  { report, isForced }: { readonly report: NodeReport; readonly isForced: boolean },
): void {
  const { peers } = report.status;
  const isHealthy = ({ id }: Member): boolean =>
    id === report.id || peers.some((peer) => peer.id === id && peer.active);
  const healthy = voters.filter(isHealthy).length;
  if (isForced || 2 * healthy > voters.length) return;
  throw new CommandError(
    "failure",
    `Of the ${voters.length} voters only ${healthy} would answer, which is no majority: nothing ` +
      "could be written. --force does it nevertheless",
  );
}

/** The report of the node that leads, as soon as one does. */
export async function findLeader(
  { session, signal }: Pick<MemberChange, "session" | "signal">,
  end: number,
): Promise<NodeReport> {
  do {
    const report = leaderOf(await untilInterrupted({ signal }, session.reports()));
    if (report !== null) return report;
    await pause({ signal });
  } while (performance.now() < end);
  throw new CommandError("unavailable", "Cannot find the leader: no node leads now");
}

/** Waits a moment before the cluster is asked again. */
export async function pause({ signal }: Pick<MemberChange, "signal">): Promise<void> {
  await untilInterrupted({ signal }, new Promise((resolve) => setTimeout(resolve, POLL_MS)));
}
