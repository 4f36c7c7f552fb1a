/**
 * The samples of a node and of an HTTP port, out of what they count. Pure.
 *
 * @module
 */

import type { DoorLoad, Sample, TimeBuckets } from "../../net/http/mod.ts";
import type { PeerTraffic, ServerLoad } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { nodeName, type NodeReport } from "../table/mod.ts";
import type { MetricName } from "./metrics.ts";

/** What a client sends to get the samples of a node. */
export const METRICS_REQUEST = "metrics";

/** What a node counts, besides what is in its report. */
export interface NodeCounters {
  /** The load of the port for clients; `null`: it has none. */
  readonly load: ServerLoad | null;
  readonly peerRefusals: Readonly<Record<string, number>>;
  readonly clientRefusals: Readonly<Record<string, number>>;
  readonly traffic: ReadonlyMap<NodeId, PeerTraffic>;
  readonly saves: TimeBuckets;
  /** How often the node has come to know another leader. */
  readonly leaderChanges: number;
  /** The number of leases; `null`: the node has no store. */
  readonly leases: number | null;
  /** The times of requests, by kind. */
  readonly requests: Readonly<Record<string, TimeBuckets>>;
}

type Labels = Readonly<Record<string, string>>;

/** A sample whose metric is in the table. */
function sample(name: MetricName, labels: Labels, value: number | boolean): Sample {
  return [name, labels, Number(value)];
}

/** Everything that one node says of itself. */
export function nodeSamples(report: NodeReport, counters: NodeCounters): Sample[] {
  const node = nodeName(report.id);
  return [
    ...processSamples(node, report),
    ...raftSamples(node, report),
    sample("kontiki_leader_changes_total", { node }, counters.leaderChanges),
    ...counters.leases === null ? [] : [sample("kontiki_leases", { node }, counters.leases)],
    ...clientSamples(node, counters),
    ...peerSamples(node, report, counters),
    ...tableSamples(node, report),
  ];
}

function processSamples(node: string, report: NodeReport): Sample[] {
  return [
    sample("kontiki_up", { node }, true),
    sample("kontiki_uptime_seconds", { node }, report.uptimeMs / 1000),
    sample("kontiki_cpu_seconds_total", { node }, report.cpuMs / 1000),
    sample("kontiki_memory_bytes", { node }, report.memoryBytes),
    sample("kontiki_event_loop_pause_seconds", { node }, report.loopLagMs / 1000),
    sample("kontiki_disk_bytes", { node }, report.diskBytes),
    sample("kontiki_saves_total", { node }, report.saves.count),
  ];
}

const ROLES = ["follower", "pre-vote", "candidate", "leader"] as const;

function raftSamples(node: string, { status }: NodeReport): Sample[] {
  return [
    sample("kontiki_is_leader", { node }, status.role === "leader"),
    sample("kontiki_has_leader", { node }, status.leader !== null),
    ...ROLES.map((role) => sample("kontiki_role", { node, role }, status.role === role)),
    sample("kontiki_term", { node }, status.term),
    sample("kontiki_voters", { node }, status.members.voters.length),
    sample("kontiki_is_member", { node }, !status.removed),
    sample("kontiki_log_first_index", { node }, status.base.index + 1),
    sample("kontiki_log_last_index", { node }, status.last.index),
    sample("kontiki_durable_index", { node }, status.durable),
    sample("kontiki_commit_index", { node }, status.commit),
    sample("kontiki_applied_index", { node }, status.applied),
    sample("kontiki_log_bytes", { node }, status.logBytes),
  ];
}

function clientSamples(node: string, counters: NodeCounters): Sample[] {
  const { load, saves, requests, peerRefusals, clientRefusals } = counters;
  const refusals = (port: string, counts: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(counts).map(([reason, count]) =>
      sample("kontiki_refusals_total", { node, port, reason }, count)
    );
  return [
    ...saves.samples("kontiki_save_seconds" satisfies MetricName, { node }),
    ...Object.entries(requests).flatMap(([kind, times]) =>
      times.samples("kontiki_request_seconds" satisfies MetricName, { node, kind })
    ),
    ...load === null ? [] : [
      sample("kontiki_requests_total", { node }, load.handled),
      sample("kontiki_requests_in_flight", { node }, load.inFlight),
      sample("kontiki_clients", { node }, load.clients),
      sample("kontiki_watches", { node }, load.streams),
      sample("kontiki_unfinished_request_bytes", { node }, load.unfinishedBytes),
    ],
    ...refusals("peers", peerRefusals),
    ...refusals("clients", clientRefusals),
  ];
}

function peerSamples(node: string, { status }: NodeReport, { traffic }: NodeCounters): Sample[] {
  const progress = status.peers.flatMap(({ id, match, active, mode }) => {
    const labels = { node, peer: nodeName(id) };
    return [
      sample("kontiki_peer_match_index", labels, match),
      sample("kontiki_peer_lag_entries", labels, status.last.index - match),
      sample("kontiki_peer_active", labels, active),
      sample("kontiki_peer_in_snapshot", labels, mode === "snapshot"),
    ];
  });
  const lines = [...traffic].flatMap(
    ([id, { sent, dropped, connects, queuedBytes, isConnected }]) => {
      const labels = { node, peer: nodeName(id) };
      return [
        sample("kontiki_peer_connected", labels, isConnected),
        sample("kontiki_peer_connects_total", labels, connects),
        sample("kontiki_peer_sent_total", labels, sent),
        sample("kontiki_peer_dropped_total", labels, dropped),
        sample("kontiki_peer_queued_bytes", labels, queuedBytes),
      ];
    },
  );
  return [...progress, ...lines];
}

function tableSamples(node: string, { tables }: NodeReport): Sample[] {
  if (tables === null) return [];
  const { bytes, addedBytes, writtenBytes } = tables;
  return [
    sample("kontiki_tables_bytes", { node }, bytes),
    ...tables.tables.map((count, level) =>
      sample("kontiki_tables_files", { node, level: `${level}` }, count)
    ),
    sample("kontiki_tables_memory_bytes", { node }, tables.memoryBytes),
    sample("kontiki_tables_cache_bytes", { node }, tables.cacheBytes),
    sample("kontiki_tables_added_bytes_total", { node }, addedBytes),
    sample("kontiki_tables_written_bytes_total", { node }, writtenBytes),
    sample(
      "kontiki_tables_write_amplification",
      { node },
      addedBytes === 0 ? 0 : writtenBytes / addedBytes,
    ),
    sample("kontiki_tables_pressure", { node }, tables.pressure),
    sample("kontiki_tables_not_removed", { node }, tables.notRemoved),
  ];
}

/** What an HTTP port says of itself. */
export function httpSamples(
  load: DoorLoad,
  refusals: Readonly<Record<string, number>>,
): Sample[] {
  return [
    sample("kontiki_http_connections", {}, load.connections),
    sample("kontiki_http_requests_in_flight", {}, load.calls),
    sample("kontiki_http_streams", {}, load.streams),
    sample("kontiki_http_body_bytes", {}, load.bodyBytes),
    ...Object.entries(load.answered).map(([code, count]) =>
      sample("kontiki_http_requests_total", { code }, count)
    ),
    ...Object.entries(refusals).map(([reason, count]) =>
      sample("kontiki_http_refusals_total", { reason }, count)
    ),
  ];
}

/** The samples in what a node has sent; a node that sent none is not up. */
export function samplesOf(value: unknown, node: string): readonly Sample[] {
  const isSample = (each: unknown): boolean =>
    Array.isArray(each) && each.length === 3 && typeof each[0] === "string" &&
    typeof each[1] === "object" && each[1] !== null && typeof each[2] === "number";
  if (Array.isArray(value) && value.every(isSample)) return value as readonly Sample[];
  return [sample("kontiki_up", { node }, false)];
}
