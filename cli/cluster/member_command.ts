/**
 * `kontiki member` and `kontiki transfer`: who belongs to a cluster, and which node leads it.
 *
 * Every change is planned on the members that the leader reports, and refused by it when they have
 * changed since. It has succeeded when the leader reports the new members as committed.
 *
 * @module
 */

import {
  encodeMembers,
  type Member,
  type Members,
  type NodeId,
  type Status,
  type TargetMembers,
} from "../../raft/mod.ts";
import {
  CommandError,
  type ExitReason,
  formatTable,
  leaderOf,
  MEMBERS_REQUEST,
  nodeName,
  type NodeReport,
  parseNodeName,
  type Session,
  type SessionContext,
  TRANSFER_REQUEST,
  untilInterrupted,
  UsageError,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { onCluster, parseEndpoint } from "./open_session.ts";

type MemberContext = SessionContext<Row<"member">>;

/** What waiting needs of any command's context. */
type Waiting = Pick<MemberContext, "signal"> & { readonly options: { readonly timeout: number } };

/** How often a leader is asked how far a change is. */
const pollMs = 50;

/** `kontiki transfer`. */
export const transfer = onCluster<Row<"transfer">>(runTransfer);

/** `kontiki member`. */
export const member = onCluster<Row<"member">>(runMember);

async function runTransfer(
  context: SessionContext<Row<"transfer">>,
  session: Session,
): Promise<ExitReason> {
  const { args, options } = context;
  const before = await leader(context, session);
  const ids = before.status.members.voters.map(({ id }) => id);
  const wanted = args.node === null ? 0 : parseNodeName(args.node, { ids, leader: before.id });
  if (wanted === before.id) return told(context, before.status);
  if (await session.ask(before.id, [TRANSFER_REQUEST, wanted]) !== true) {
    const to = wanted === 0 ? "another node" : nodeName(wanted);
    throw new CommandError(
      "failure",
      `Cannot hand over to ${to}: wanted a voter that answers ${nodeName(before.id)}`,
    );
  }
  const end = performance.now() + options.timeout;
  while (performance.now() < end) {
    // A leader without a known address is seen in the reports of the others.
    const reports = await untilInterrupted(context, session.reports());
    const after = reports.flatMap((report) => report ?? []).find(({ status }) =>
      status.term > before.status.term && status.leader !== null &&
      (wanted === 0 ? status.leader !== before.id : status.leader === wanted)
    );
    if (after !== undefined) return told(context, after.status);
    await pause(context);
  }
  throw new CommandError("failure", `${nodeName(before.id)} did not hand over in time`);
}

function told(
  { output }: SessionContext<Row<"transfer">>,
  { leader: id, term }: Pick<Status, "leader" | "term">,
): ExitReason {
  if (output.isJson) output.json({ outcome: "ok", leader: id, term });
  else output.line(`${nodeName(id!)} leads in term ${term}`);
  return "ok";
}

async function runMember(context: MemberContext, session: Session): Promise<ExitReason> {
  const { action } = context.args;
  const report = await leader(context, session);
  switch (action) {
    case "list":
      return list(context, report);
    case "add":
      return await add(context, { session, report });
    case "remove":
    case "promote":
    case "update":
      return await change(context, { session, plan: (now) => planned(context, now) });
    default:
      throw new UsageError(
        `Cannot run member: wanted list, add, remove, promote or update, got "${action}"`,
        "member",
      );
  }
}

function list(context: MemberContext, { id: leads, status }: NodeReport): ExitReason {
  const { output } = context;
  const { members, membersIndex, commit, peers, last } = status;
  const isCommitted = membersIndex <= commit;
  const all = new Map(
    [...members.outgoing, ...members.learners, ...members.voters].map((each) =>
      [each.id, each] as const
    ),
  );
  const rows = [...all.values()].sort((one, other) => one.id - other.id).map((each) => {
    const progress = peers.find(({ id }) => id === each.id);
    const behind = progress === undefined ? 0 : last.index - progress.match;
    const active = progress?.active ?? true;
    return { ...each, role: roleOf(each.id, members), leads: each.id === leads, behind, active };
  });
  if (output.isJson) {
    output.json({ outcome: "ok", committed: isCommitted, members: rows });
    return "ok";
  }
  const columns = ["node", "role", "peers at", "clients at", "behind", "answers"].map((title) => ({
    title,
  }));
  const lines = rows.map(({ id, role, leads, peer, client, behind, active }) => [
    nodeName(id),
    leads ? `${role}, leads` : role,
    peer || "-",
    client || "-",
    String(behind),
    active ? "yes" : "no",
  ]);
  for (const line of formatTable(columns, lines)) output.line(line);
  if (!isCommitted) output.note("A change of members is under way.");
  return "ok";
}

function roleOf(id: NodeId, { voters, outgoing, learners }: Members): string {
  const has = (members: readonly Member[]): boolean => members.some((each) => each.id === id);
  if (has(voters)) return has(outgoing) || outgoing.length === 0 ? "voter" : "joins";
  return has(outgoing) ? "leaves" : has(learners) ? "learner" : "none";
}

/** Adds a learner and, unless it is to stay one, makes it a voter when it has caught up. */
async function add(
  context: MemberContext,
  { session, report }: { readonly session: Session; readonly report: NodeReport },
): Promise<ExitReason> {
  const { args, options } = context;
  const id = numberOf(args.node);
  const { members } = report.status;
  if ([...members.voters, ...members.learners].some((each) => each.id === id)) {
    throw new CommandError("failure", `${nodeName(id)} is a member already`);
  }
  if (options.peer === null) {
    throw new UsageError("Cannot add a member: wanted --peer with its address", "member");
  }
  parseEndpoint(options.peer);
  const added = { id, incarnation: "", peer: options.peer, client: options.client ?? "" };
  await change(context, {
    session,
    plan: ({ voters, learners }) => ({ voters, learners: [...learners, added] }),
  });
  if (options.learner || options.dryRun) return "ok";
  return await change(context, { session, plan: (now) => promoted(now, id) });
}

/** The members after one step for a node of the cluster. */
function planned(context: MemberContext, now: Members): TargetMembers {
  const { args, options } = context;
  const id = numberOf(args.node);
  const { voters, learners } = now;
  if (![...voters, ...learners].some((each) => each.id === id)) {
    throw new CommandError("failure", `${nodeName(id)} is no member`);
  }
  const without = (members: readonly Member[]) => members.filter((each) => each.id !== id);
  if (args.action === "promote") return promoted(now, id);
  if (args.action === "remove") return { voters: without(voters), learners: without(learners) };
  for (const address of [options.peer, options.client]) {
    if (address !== null) parseEndpoint(address);
  }
  const moved = (members: readonly Member[]) =>
    members.map((each) =>
      each.id !== id ? each : {
        ...each,
        peer: options.peer ?? each.peer,
        client: options.client ?? each.client,
      }
    );
  return { voters: moved(voters), learners: moved(learners) };
}

function promoted({ voters, learners }: Members, id: NodeId): TargetMembers {
  const chosen = learners.filter((each) => each.id === id);
  return { voters: [...voters, ...chosen], learners: learners.filter((each) => each.id !== id) };
}

/** Asks the leader, as often as it takes, and waits until the change is committed. */
async function change(
  context: MemberContext,
  { session, plan }: {
    readonly session: Session;
    readonly plan: (now: Members) => TargetMembers;
  },
): Promise<ExitReason> {
  const { options, output } = context;
  const end = performance.now() + options.timeout;
  let target: TargetMembers | null = null;
  while (performance.now() < end) {
    const report = await leader(context, session);
    const { members, membersIndex, commit } = report.status;
    const isSettled = membersIndex <= commit && members.outgoing.length === 0;
    if (isSettled && target !== null && isSame(members, target)) {
      if (output.isJson) output.json({ outcome: "ok", ...target });
      else output.line(`members: ${textOf(target)}`);
      return "ok";
    }
    if (isSettled) {
      target = plan(members);
      checkHealth(target, { report, isForced: options.force });
      if (options.dryRun) {
        if (output.isJson) output.json({ outcome: "ok", dryRun: true, ...target });
        else output.line(`would be: ${textOf(target)}`);
        return "ok";
      }
      const bytes = encodeMembers({ ...target, outgoing: [] });
      const answer = await session.ask(report.id, [MEMBERS_REQUEST, membersIndex, bytes]);
      const isLater = answer === null || Array.isArray(answer) ||
        ["notLeader", "busy", "tooEarly", "notCaughtUp", "changed"].includes(String(answer));
      if (!isLater) throw new CommandError("failure", String(answer));
    }
    await pause(context);
  }
  throw new CommandError(
    "unknownOutcome",
    "The change was not committed in time; kontiki member list shows how far it is",
  );
}

/** Refuses a set of voters if no majority of it answers the leader. */
function checkHealth(
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

function isSame(members: Members, target: TargetMembers): boolean {
  const text = (each: TargetMembers) =>
    JSON.stringify(encodeMembers({ ...each, outgoing: [] }).toString());
  return text(members) === text(target);
}

function textOf({ voters, learners }: TargetMembers): string {
  const names = (members: readonly Member[]) => members.map(({ id }) => nodeName(id)).join(" ");
  return learners.length === 0 ? names(voters) : `${names(voters)}, learners ${names(learners)}`;
}

function numberOf(text: string | null): NodeId {
  const digits = /^n?(\d{1,9})$/.exec(text ?? "")?.[1];
  if (digits !== undefined && Number(digits) > 0) return Number(digits);
  throw new UsageError(
    `Cannot use the node: wanted a name such as n4, got "${text ?? ""}"`,
    "member",
  );
}

/** The report of the node that leads, as soon as one does. */
async function leader(context: Waiting, session: Session): Promise<NodeReport> {
  const end = performance.now() + context.options.timeout;
  do {
    const report = leaderOf(await untilInterrupted(context, session.reports()));
    if (report !== null) return report;
    await pause(context);
  } while (performance.now() < end);
  throw new CommandError("unavailable", "Cannot find the leader: no node leads now");
}

async function pause(context: Pick<Waiting, "signal">): Promise<void> {
  await untilInterrupted(context, new Promise((resolve) => setTimeout(resolve, pollMs)));
}
