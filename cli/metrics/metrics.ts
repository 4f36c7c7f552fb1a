/**
 * The table of all metrics. `docs/metrics.md` shows it to people; a test compares the two.
 *
 * @module
 */

import type { MetricTable } from "../../net/http/mod.ts";

const gauge = (help: string) => ({ type: "gauge", help }) as const;
const counter = (help: string) => ({ type: "counter", help }) as const;
const histogram = (help: string) => ({ type: "histogram", help }) as const;

/** Every metric, in the order of the page. All but `kontiki_http_…` have the label `node`. */
export const METRICS = {
  kontiki_up: gauge("Whether the node answered when it was asked for its metrics."),
  kontiki_uptime_seconds: gauge("The time since the start of the process."),
  kontiki_cpu_seconds_total: counter("Processor time of the process."),
  kontiki_memory_bytes: gauge("Memory of the process that is resident."),
  kontiki_event_loop_pause_seconds: gauge(
    "The longest time for which something held the event loop, in the last one to two minutes.",
  ),
  kontiki_is_leader: gauge("Whether the node leads."),
  kontiki_has_leader: gauge("Whether the node knows a leader."),
  kontiki_role: gauge("1 for the role that the node has, 0 for the others."),
  kontiki_term: gauge("The term of the node; every election begins a new one."),
  kontiki_leader_changes_total: counter(
    "How often the node has come to know another leader than the last one.",
  ),
  kontiki_voters: gauge("The number of voters in the configuration that is in force."),
  kontiki_is_member: gauge("0 when the node was removed from the cluster."),
  kontiki_log_first_index: gauge("The first entry that the log still has."),
  kontiki_log_last_index: gauge("The last entry of the log."),
  kontiki_durable_index: gauge("The log is durable up to this entry."),
  kontiki_commit_index: gauge("The last entry that the node knows to be committed."),
  kontiki_applied_index: gauge("The last entry that the node has applied."),
  kontiki_log_bytes: gauge("Size of the log in memory."),
  kontiki_disk_bytes: gauge("Size of the files of the node."),
  kontiki_saves_total: counter("Writes of the log to the disk that were made durable."),
  kontiki_save_seconds: histogram("How long the saves took until they were durable."),
  kontiki_requests_total: counter("Requests of clients that were handled."),
  kontiki_request_seconds: histogram(
    "The time from a request of a client to its reply, by kind: read or write.",
  ),
  kontiki_requests_in_flight: gauge("Requests of clients that are under way."),
  kontiki_clients: gauge("Connections of clients."),
  kontiki_watches: gauge("Watches and other streams of clients that are open."),
  kontiki_leases: gauge("Leases that have not ended, as far as the node has applied the log."),
  kontiki_unfinished_request_bytes: gauge("Bytes of requests that have arrived in part."),
  kontiki_refusals_total: counter(
    "What the node refused, by port (clients, peers) and reason.",
  ),
  kontiki_peer_match_index: gauge(
    "The last entry that a peer is known to have. Only a leader has this, and the next three.",
  ),
  kontiki_peer_lag_entries: gauge("How many entries a peer is behind the leader's log."),
  kontiki_peer_active: gauge("Whether a peer answered within the last election timeout."),
  kontiki_peer_in_snapshot: gauge("Whether a peer is being sent a snapshot."),
  kontiki_peer_connected: gauge("Whether both lines to a peer are connected."),
  kontiki_peer_connects_total: counter("Connections made to a peer."),
  kontiki_peer_sent_total: counter("Messages given to the lines to a peer."),
  kontiki_peer_dropped_total: counter(
    "Messages for a peer that were dropped: no connection, or a full queue.",
  ),
  kontiki_peer_queued_bytes: gauge("Bytes of messages for a peer that wait to leave."),
  kontiki_tables_bytes: gauge("Size of all table files."),
  kontiki_tables_files: gauge("Number of table files, by level."),
  kontiki_tables_memory_bytes: gauge("About how much memory the newest entries take."),
  kontiki_tables_cache_bytes: gauge("Size of the blocks of tables that are cached."),
  kontiki_tables_added_bytes_total: counter("Size of the entries that were added to the tables."),
  kontiki_tables_written_bytes_total: counter("Size of the table files that were written."),
  kontiki_tables_write_amplification: gauge(
    "Bytes of table files written for each byte that was added, since the start.",
  ),
  kontiki_tables_pressure: gauge(
    "From 0, no hurry, to 1: writes wait until tables are written and merged.",
  ),
  kontiki_tables_not_removed: gauge("Files that are not needed and could not be removed."),
  kontiki_http_connections: gauge("Connections of the HTTP port."),
  kontiki_http_requests_in_flight: gauge("Requests over HTTP that are under way."),
  kontiki_http_streams: gauge("Streams over HTTP that are open."),
  kontiki_http_body_bytes: gauge("Bytes of bodies that the HTTP port holds."),
  kontiki_http_requests_total: counter("Requests over HTTP, by status code."),
  kontiki_http_refusals_total: counter("Connections that the HTTP port refused, by reason."),
} as const satisfies MetricTable;

/** The name of a metric. */
export type MetricName = keyof typeof METRICS;
