/**
 * `kontiki member` and `kontiki transfer`: the members of a cluster, and which of them leads it.
 *
 * `member_change.ts` takes the steps of a change; this file knows which ones.
 *
 * @module
 */

import { RpcClient } from "../../net/mod.ts";
import type { Member, Members, NodeId, Status, TargetMembers } from "../../raft/mod.ts";
import {
  CommandError,
  type ExitReason,
  formatTable,
  IDENTITY_REQUEST,
  MEMBER_ACTIONS,
  nodeName,
  type NodeReport,
  parseNodeIdentity,
  parseNodeName,
  type Session,
  type SessionContext,
  TRANSFER_REQUEST,
  untilInterrupted,
  UsageError,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import {
  added,
  changeMembers,
  checkHealth,
  findLeader,
  membersAfter,
  pause,
  type Plan,
  promoted,
  replaced,
  without,
} from "./member_change.ts";
import { onCluster, parseEndpoint } from "../cluster/mod.ts";

type MemberContext = SessionContext<Row<"member">>;

/** `kontiki transfer`. */
export const transfer = onCluster<Row<"transfer">>(runTransfer);

/** `kontiki member`. */
export const member = onCluster<Row<"member">>(runMember);

async function runTransfer(
  context: SessionContext<Row<"transfer">>,
  session: Session,
): Promise<ExitReason> {
  const { args, options } = context;
  const { signal } = context;
  const before = await findLeader({ session, signal }, performance.now() + options.timeout);
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
    await pause({ signal });
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
  const { signal, options } = context;
  if (!isAction(action)) {
    throw new UsageError(
      `Cannot run member: wanted ${MEMBER_ACTIONS.join(", ")}, got "${action}"`,
      "member",
    );
  }
  const report = await findLeader({ session, signal }, performance.now() + options.timeout);
  if (action === "list") return list(context, report);
  const { members } = report.status;
  const plan = await planOf(context, { action, members, session });
  return await change(context, { session, plan, report });
}

function isAction(text: string): text is typeof MEMBER_ACTIONS[number] {
  return (MEMBER_ACTIONS as readonly string[]).includes(text);
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
  const titles = ["node", "role", "peers at", "clients at", "folder", "behind", "answers"];
  const columns = titles.map((title) => ({ title }));
  const lines = rows.map(({ id, role, leads, peer, client, incarnation, behind, active }) => [
    nodeName(id),
    leads ? `${role}, leads` : role,
    peer || "-",
    client || "-",
    // Enough of the incarnation to tell two folders apart.
    incarnation.slice(0, 8) || "-",
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

/** The steps of an action on one member. */
async function planOf(
  { args, options, signal }: MemberContext,
  { action, members, session }: {
    readonly action: Exclude<typeof MEMBER_ACTIONS[number], "list">;
    readonly members: Members;
    readonly session: Session;
  },
): Promise<Plan> {
  const id = numberOf(args.node);
  // The address of the node itself, which may have lost its folder.
  const own = session.nodes.find((each) => each.id === id)?.endpoint ?? null;
  const isMember = [...members.voters, ...members.learners].some((each) => each.id === id);
  if (action === "add") {
    if (isMember) throw new CommandError("failure", `${nodeName(id)} is a member already`);
    const fresh = await waitingAt(options.with, { options, signal });
    if (fresh.id !== id) {
      throw new CommandError("failure", `At ${options.with} is ${nodeName(fresh.id)}`);
    }
    return (now) => added(now, fresh, options.learner);
  }
  if (action === "replace") {
    const fresh = await waitingAt(options.with ?? own, { options, signal });
    const isUnderWay = members.voters.concat(members.learners).some((each) =>
      each.id === fresh.id && each.incarnation === fresh.incarnation
    );
    if (!isMember && !isUnderWay && fresh.id !== id) throw isNoMember(id);
    return (now) => replaced(now, id, fresh);
  }
  if (!isMember) throw isNoMember(id);
  if (action === "remove") return (now) => has(now, id) ? without(now, id) : null;
  if (action === "promote") {
    return (now) => now.voters.some((each) => each.id === id) ? null : promoted(now, id);
  }
  for (const address of [options.peer, options.client]) {
    if (address !== null) parseEndpoint(address);
  }
  const { peer, client } = options;
  return (now) => moved(now, { id, peer, client });
}

function isNoMember(id: NodeId): CommandError {
  return new CommandError("failure", `${nodeName(id)} is no member`);
}

function has({ voters, learners }: Members, id: NodeId): boolean {
  return [...voters, ...learners].some((each) => each.id === id);
}

/** The node that listens for clients at the address, as a member; it may have just been started. */
async function waitingAt(
  address: string | null,
  { options, signal }: Pick<MemberContext, "options" | "signal">,
): Promise<Member> {
  if (address === null) {
    throw new UsageError(
      "Cannot change the members: wanted --with, where the new node listens for clients",
      "member",
    );
  }
  const client = new RpcClient({ server: parseEndpoint(address) });
  const end = performance.now() + options.timeout;
  try {
    while (performance.now() < end) {
      const withinMs = end - performance.now();
      const outcome = await untilInterrupted(
        { signal },
        client.call(IDENTITY_REQUEST, { withinMs }),
      );
      const found = outcome.kind === "replied" ? parseNodeIdentity(outcome.payload) : null;
      if (found !== null) {
        const { id, incarnation, peer } = found;
        return { id, incarnation, peer, client: found.client || address };
      }
      await pause({ signal });
    }
  } finally {
    client.close();
  }
  throw new CommandError(
    "failure",
    `Cannot use --with: wanted a node that listens for clients at ${address}, got no answer`,
  );
}

function moved(
  now: Members,
  { id, peer, client }: {
    readonly id: NodeId;
    readonly peer: string | null;
    readonly client: string | null;
  },
): TargetMembers | null {
  const all = [...now.voters, ...now.learners];
  const isThere = ({ id: own, ...at }: Member): boolean =>
    own !== id || (at.peer === (peer ?? at.peer) && at.client === (client ?? at.client));
  if (all.every(isThere)) return null;
  const move = (members: readonly Member[]) =>
    members.map((each) =>
      each.id === id ? { ...each, peer: peer ?? each.peer, client: client ?? each.client } : each
    );
  return { voters: move(now.voters), learners: move(now.learners) };
}

/** Takes the steps of a plan, or says where they lead. */
async function change(
  { options, output, signal }: MemberContext,
  { session, plan, report }: {
    readonly session: Session;
    readonly plan: Plan;
    readonly report: NodeReport;
  },
): Promise<ExitReason> {
  const { timeout: timeoutMs, force: isForced, dryRun } = options;
  const steps = { session, plan, timeoutMs, signal, isForced };
  if (dryRun) {
    const { voters, learners } = membersAfter(report.status.members, plan);
    checkHealth({ voters, learners }, { report, isForced });
    if (output.isJson) output.json({ outcome: "ok", dryRun, voters, learners });
    else output.line(`would be: ${textOf({ voters, learners })}`);
    return "ok";
  }
  const { voters, learners } = await changeMembers(steps);
  if (output.isJson) output.json({ outcome: "ok", voters, learners });
  else output.line(`members: ${textOf({ voters, learners })}`);
  return "ok";
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
