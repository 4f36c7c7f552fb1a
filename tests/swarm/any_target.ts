/**
 * Members to which a cluster is to change: any voters that can take part, any others as learners, and
 * some of them at another address.
 *
 * @module
 */

import type { Member, NodeId, Status, TargetMembers } from "../../raft/mod.ts";
import type { SeededRandom } from "../sim/mod.ts";

/** Draws a target; `null`: no server could vote. */
export function anyTarget(
  random: SeededRandom,
  { status: { members, membersIndex, peers }, ids }: {
    readonly status: Pick<Status, "members" | "membersIndex" | "peers">;
    /** Every server there is. */
    readonly ids: readonly NodeId[];
  },
): TargetMembers | null {
  const isReady = (id: NodeId): boolean =>
    members.voters.some((voter) => voter.id === id) ||
    peers.some((peer) => peer.id === id && peer.caughtUp);
  // Now and then one that the leader has to refuse.
  const able = random.chance(0.05) ? ids : ids.filter(isReady);
  if (able.length === 0) return null;
  const voters = random.shuffle(able).slice(0, random.between(1, able.length));
  const learners = ids.filter((id) => !voters.includes(id) && random.chance(0.5));
  const moves = random.fork(`addresses ${membersIndex}`);
  const known = [...members.learners, ...members.outgoing, ...members.voters];
  const memberOf = (id: NodeId): Member => {
    const peer = known.findLast((member) => member.id === id)?.peer ?? "";
    return {
      ...{ id, incarnation: "", client: "" },
      peer: moves.chance(0.2) ? `host${moves.below(5)}:7301` : peer,
    };
  };
  return { voters: voters.map(memberOf), learners: learners.map(memberOf) };
}
