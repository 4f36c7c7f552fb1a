/**
 * Explains in sentences why nodes do not answer. Pure.
 *
 * @module
 */

import type { ConnectFailureKind } from "../../net/mod.ts";
import {
  leaderOf,
  type LevelFigures,
  nodeName,
  type NodeReport,
  type SessionNode,
} from "../table/mod.ts";

/** The sentence for each kind of failure, given the addresses of the nodes concerned. */
const sentences: Readonly<Record<ConnectFailureKind, (places: string) => string>> = {
  refused: (places) => `nothing listens at ${places}`,
  unknownHost: (places) => `there is no such host: ${places}`,
  unreachable: (places) => `there is no way to ${places}`,
  timeout: (places) => `no answer from ${places}`,
  wrongPort: (places) => `for peers, not for clients: ${places}`,
  wrongCluster: (places) => `of another cluster: ${places}`,
  wrongVersion: (places) => `of another version: ${places}`,
  tooMany: (places) => `no room for another client at ${places}`,
  notKontiki: (places) => `no Kontiki node, but something else at ${places}`,
  closed: (places) => `closed: ${places}`,
};

/** Kinds of failures whose message is shown beside the sentence. */
const told: readonly ConnectFailureKind[] = ["unreachable", "wrongCluster", "wrongVersion"];

/** Why there is no connection to some of the nodes, or "". */
export function troubleText(nodes: readonly SessionNode[]): string {
  const places = new Map<string, { kind: ConnectFailureKind; endpoints: string[] }>();
  for (const { failure, endpoint } of nodes) {
    if (failure === null || failure.kind === "closed") continue;
    const { kind, message } = failure;
    const group = told.includes(kind) ? `${kind} ${message}` : kind;
    const place = places.get(group) ?? { kind, endpoints: [] };
    places.set(group, place);
    place.endpoints.push(told.includes(kind) ? `${endpoint} (${message})` : endpoint);
  }
  return [...places.values()]
    .map(({ kind, endpoints }) => sentences[kind](endpoints.join(", ")))
    .join("; ");
}

/** From this pressure on people should know of it: half of what makes entries wait. */
const PRESSURE_TOLD = 0.5;

/** Explains which nodes write and merge tables more slowly than entries come; "": none does. */
export function pressureText(reports: readonly (NodeReport | null)[]): string {
  const slow = reports.flatMap((report) => {
    const pressure = report?.tables?.pressure ?? 0;
    if (report === null || pressure < PRESSURE_TOLD) return [];
    return [`${nodeName(report.id)} (${Math.round(100 * pressure)} %)`];
  });
  if (slow.length === 0) return "";
  return `Tables are written and merged more slowly than entries come: ${slow.join(", ")}. ` +
    "At 100 % writes wait, and none is refused.";
}

/** Explains which nodes keep the cluster from what a newer program brings; "": none does. */
export function levelText(reports: readonly (NodeReport | null)[]): string {
  const levels = reports.flatMap((report) => {
    if (report === null || report.level === null) return [];
    // A node of a release before the first level says nothing of it.
    const { value = 0, known = 0 } = report.level as LevelFigures | undefined ?? {};
    return [{ id: report.id, value, known }];
  });
  const value = Math.max(...levels.map((level) => level.value));
  const known = Math.max(...levels.map((level) => level.known));
  const behind = levels.filter((level) => level.known < known).map(({ id }) => nodeName(id));
  if (behind.length === 0) return "";
  const names = `${behind.join(", ")} ${behind.length === 1 ? "is" : "are"}`;
  return `The cluster is at feature level ${value} of ${known}: ` +
    `what is new can be used when ${names} upgraded too.`;
}

/** Explains why a majority does not serve, in one sentence; "" where nothing is known. */
export function silenceText(
  nodes: readonly SessionNode[],
  reports: readonly (NodeReport | null)[],
): string {
  const trouble = troubleText(nodes);
  const answering = reports.flatMap((report) => report === null ? [] : [nodeName(report.id)]);
  const parts = trouble === "" ? [] : [trouble];
  const leader = leaderOf(reports);
  if (leader !== null) parts.push(`the leader ${nodeName(leader.id)} did not answer in time`);
  else if (answering.length > 0) parts.push(`no leader is known to ${answering.join(", ")}`);
  const text = parts.join("; ");
  return text === "" ? "" : `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
