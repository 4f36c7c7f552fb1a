/**
 * What makes a node or a cluster ready to serve. Pure.
 *
 * @module
 */

import type { Health, HealthCheck } from "../../net/http/mod.ts";
import { formatDuration, leaderOf, nodeName, type NodeReport } from "../table/mod.ts";

/** A node that is so many entries behind what it knows to be committed does not serve reads soon. */
const BEHIND_MAX = 10_000;
/** A pause after which clients and peers have given up waiting. */
const PAUSE_MS_MAX = 5_000;

/** The health of one node. */
export function nodeHealth(report: () => NodeReport): Health {
  return {
    live: () => [eventLoop(report())],
    ready: () => {
      const now = report();
      return [eventLoop(now), member(now), leader(now), applied(now)];
    },
  };
}

/** The health of a cluster: live is this program, ready are a leader and a majority of the voters. */
export function clusterHealth(
  reports: () => Promise<readonly (NodeReport | null)[]>,
): Health {
  return {
    live: () => [{ name: "program", ok: true, found: "it answers" }],
    ready: async () => {
      const all = await reports();
      const found = leaderOf(all);
      if (found === null) return [{ name: "leader", ok: false, found: "no node leads" }];
      return [
        { name: "leader", ok: true, found: `${nodeName(found.id)} in term ${found.status.term}` },
        majority(found, all),
      ];
    },
  };
}

function majority(leader: NodeReport, all: readonly (NodeReport | null)[]): HealthCheck {
  const { voters } = leader.status.members;
  const serving = voters.filter(({ id }) => all.some((report) => report?.id === id)).length;
  return {
    name: "majority",
    ok: serving > voters.length / 2,
    found: `${serving} of ${voters.length} voters answer`,
  };
}

function eventLoop({ loopLagMs }: NodeReport): HealthCheck {
  const found = `the longest pause of the last minutes took ${formatDuration(loopLagMs)}`;
  return { name: "eventLoop", ok: loopLagMs < PAUSE_MS_MAX, found };
}

function member({ status }: NodeReport): HealthCheck {
  const found = status.removed ? "this node was removed from the cluster" : "it was not removed";
  return { name: "member", ok: !status.removed, found };
}

function leader({ status: { leader, term } }: NodeReport): HealthCheck {
  const found = leader === null
    ? `no leader is known in term ${term}`
    : `${nodeName(leader)} in term ${term}`;
  return { name: "leader", ok: leader !== null, found };
}

function applied({ status }: NodeReport): HealthCheck {
  const behind = status.commit - status.applied;
  const found = `${behind} committed entries are not applied yet`;
  return { name: "applied", ok: behind < BEHIND_MAX, found };
}
