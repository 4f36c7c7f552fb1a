/**
 * A node asks a cluster to be added: first as a learner, then, when it has caught up, as a voter.
 *
 * @module
 */

import {
  Configuration,
  type Folder,
  type Member,
  type Members,
  type Node,
  type TargetMembers,
} from "../../raft/mod.ts";
import { CommandError, nodeName } from "../table/mod.ts";
import { withRemoteSession } from "../cluster/mod.ts";
import { added, changeMembers } from "../members/mod.ts";
import type { NodeLog } from "./log/mod.ts";
import { clientOf } from "./member_requests.ts";
import type { NodeSettings } from "./node_settings.ts";

/** The pause after a try that did not succeed. */
const PAUSE_MS = 500;
/** The time of one try. */
const TRY_MS = 10_000;

/** What is asked of which cluster. */
export interface Joining {
  readonly cluster: string;
  readonly endpoints: readonly string[];
  readonly member: Member;
  /** Whether a learner is all that is asked for. */
  readonly isLearner: boolean;
  readonly log: NodeLog;
  readonly signal: AbortSignal;
}

/** Asks until the node is a member, or the signal is raised. */
export async function askToJoin(joining: Joining): Promise<void> {
  const { endpoints, cluster, log, signal } = joining;
  let said = "";
  while (!signal.aborted) {
    try {
      await withRemoteSession(endpoints, async (session) => {
        if (session.cluster !== cluster && session.cluster !== "?") {
          throw new CommandError("failure", `wanted cluster ${cluster}, got ${session.cluster}`);
        }
        const plan = (now: Members) => planned(now, joining);
        await changeMembers({ session, plan, timeoutMs: TRY_MS, signal, isForced: true });
      });
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CommandError)) throw error;
      if (error.message !== said) log.warn(`cannot join yet: ${error.message}`);
      said = error.message;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** Makes a node that asked to be added a voter, unless it is one or is to stay a learner. */
export async function untilVoter(
  node: Node,
  folder: Folder,
  { entry, stopping, log, id, cluster }: NodeSettings,
): Promise<void> {
  if (entry.kind !== "join" || entry.isLearner) return;
  const { identity: { incarnation }, peer } = folder;
  if (new Configuration(node.status().members).isVoter(id, incarnation)) return;
  log.info(`${nodeName(id)} is a learner and catches up`);
  await askToJoin({
    ...{ cluster, endpoints: entry.endpoints, isLearner: false, log },
    member: { id, incarnation, peer, client: clientOf(folder) },
    signal: stopping ?? new AbortController().signal,
  });
}

/** The next step; `null`: the node is what it asked for. */
function planned(now: Members, { member, isLearner }: Joining): TargetMembers | null {
  const { id, incarnation, client } = member;
  const known = [...now.voters, ...now.learners].find((each) => each.id === id);
  if (known === undefined || known.incarnation === incarnation) {
    return added(now, member, isLearner);
  }
  const name = nodeName(id);
  throw new CommandError(
    "failure",
    `${name} is a member with another folder. If that is lost, run "kontiki member replace ${name} ` +
      `--with ${client}"`,
  );
}
