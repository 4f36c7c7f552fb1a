/**
 * `kontiki status`: a table of the nodes, once or again and again.
 *
 * @module
 */

import {
  type Column,
  cutText,
  displayWidth,
  type ExitReason,
  formatBytes,
  formatCount,
  formatDuration,
  formatTable,
  leaderOf,
  nodeName,
  type NodeReport,
  type Output,
  type Session,
  type SessionContext,
  type SessionNode,
  untilInterrupted,
} from "../table/mod.ts";
import { differing } from "../../kv/mod.ts";
import type { Members } from "../../raft/mod.ts";
import { faultsText } from "./faults_text.ts";
import type { Row } from "../rows/mod.ts";
import { onCluster } from "./open_session.ts";
import { TransferWatch } from "./transfers.ts";
import { levelText, pressureText, troubleText } from "./trouble.ts";

/** `kontiki status`. */
export const status = onCluster<Row<"status">>(runStatus);

/** How long after the first look the rate of a snapshot on its way is known. */
const SECOND_LOOK_MS = 500;

type StatusContext = SessionContext<Row<"status">>;

async function runStatus(context: StatusContext, session: Session): Promise<ExitReason> {
  const { options, output, signal } = context;
  const transfers = new TransferWatch();
  if (!options.watch) return await show(context, session, transfers);
  const { interval: pauseMs } = options;
  let ending: ExitReason = "interrupted";
  try {
    while (true) {
      ending = await show(context, session, transfers);
      await untilInterrupted(context, new Promise((resolve) => setTimeout(resolve, pauseMs)));
    }
  } catch (error) {
    // Ctrl-C is the usual end of this command.
    if (!signal.aborted) throw error;
  } finally {
    output.closeScreen();
  }
  return ending;
}

async function show(
  context: StatusContext,
  session: Session,
  transfers: TransferWatch,
): Promise<ExitReason> {
  const { options, output } = context;
  let reports = await untilInterrupted(context, session.reports());
  let arriving = transfers.lines(reports, performance.now());
  if (arriving.length > 0 && !options.watch && !output.isJson) {
    // A second look shows at which rate it arrives.
    await untilInterrupted(context, new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS)));
    reports = await untilInterrupted(context, session.reports());
    arriving = transfers.lines(reports, performance.now());
  }
  const isServed = leaderOf(reports) !== null;
  if (output.isJson) {
    output.json({
      cluster: session.cluster,
      leader: leaderOf(reports)?.id ?? null,
      differing: [...differingReports(reports)].map(({ id }) => id),
      nodes: session.nodes.map((node, at) => jsonNode(node, reports[at] ?? null)),
    });
  } else {
    const lines = [...statusLines(session, { reports, output }), ...arriving];
    if (options.watch && output.isTerminal) output.drawScreen(lines);
    else for (const line of lines) output.line(line);
    if (!options.watch) noteTrouble(session, output);
    if (!options.watch) noteDifference(reports, output);
    if (!options.watch) notePressure(reports, output);
    if (!options.watch) noteLevel(reports, output);
  }
  return isServed ? "ok" : "unavailable";
}

function jsonNode(
  { id, endpoint, failure, isWaiting }: SessionNode,
  report: NodeReport | null,
): Readonly<Record<string, unknown>> {
  if (report !== null) return { ...report, endpoint };
  if (isWaiting) return { id, endpoint, waits: true };
  return { id, endpoint, unreachable: true, reason: failure?.kind ?? null };
}

/** The reports of nodes whose state differs from that of the others. */
function differingReports(reports: readonly (NodeReport | null)[]): Set<NodeReport> {
  const answers = reports.filter((report) => report !== null);
  return differing(new Map(answers.map((report) => [report, report.tables?.checks ?? []])));
}

function noteDifference(reports: readonly (NodeReport | null)[], output: Output): void {
  const names = [...differingReports(reports)].map(({ id }) => nodeName(id));
  if (names.length === 0) return;
  output.note(
    `The state of ${
      names.join(" and ")
    } differs from that of the other nodes. Do not rely on what ` +
      "it answers; a fresh node in its place gets the state of the others.",
  );
}

function noteTrouble({ nodes }: Session, output: Output): void {
  const trouble = troubleText(nodes);
  if (trouble !== "") output.note(`${trouble[0]!.toUpperCase()}${trouble.slice(1)}.`);
}

function notePressure(reports: readonly (NodeReport | null)[], output: Output): void {
  const pressure = pressureText(reports);
  if (pressure !== "") output.note(pressure);
}

function noteLevel(reports: readonly (NodeReport | null)[], output: Output): void {
  const level = levelText(reports);
  if (level !== "") output.note(level);
}

/** A column with the addresses for clients, after the names of the nodes. */
const addressAt = 1;
const addressTitle = "clients at";

const columns: readonly Column[] = [
  { title: "node" },
  { title: addressTitle },
  { title: "role" },
  { title: "term", align: "right" },
  { title: "last", align: "right" },
  { title: "commit", align: "right" },
  { title: "applied", align: "right" },
  { title: "lag", align: "right" },
  { title: "log", align: "right" },
  { title: "disk", align: "right" },
  { title: "memory", align: "right" },
  { title: "save", align: "right" },
  { title: "pause", align: "right" },
  { title: "uptime", align: "right" },
  { title: "faults" },
];

/** The table, as lines. */
function statusLines(
  { nodes, ids }: Session,
  { reports, output }: { reports: readonly (NodeReport | null)[]; output: Output },
): string[] {
  const leader = leaderOf(reports);
  const differs = differingReports(reports);
  const rows = nodes.map(({ id, endpoint, isWaiting }, at) => {
    const report = reports[at] ?? null;
    const name = id === null ? "?" : nodeName(id);
    if (isWaiting) return [name, endpoint, output.paint("yellow", "waits to be added")];
    if (report === null) return [name, endpoint, output.paint("red", "no answer")];
    const [role = "", ...cells] = reportCells(report, { leader, ids, output });
    const mark = differs.has(report) ? output.paint("red", " (state differs)") : "";
    return [name, endpoint, role + mark, ...cells];
  });
  const hasNames = nodes.every(({ id }) => id !== null);
  const [heading = "", ...lines] = tableWithin(output.columns, { columns, rows, hasNames });
  return [output.paint("bold", heading), ...lines];
}

/**
 * A table that fits the terminal: the addresses are dropped first, then long faults are shortened.
 */
function tableWithin(
  width: number,
  { columns, rows, hasNames }: {
    columns: readonly Column[];
    rows: readonly string[][];
    hasNames: boolean;
  },
): string[] {
  const lines = formatTable(columns, rows);
  const over = Math.max(...lines.map(displayWidth)) - width;
  if (over <= 0) return lines;
  if (hasNames && columns[addressAt]?.title === addressTitle) {
    const rest = { columns: columns.toSpliced(addressAt, 1), hasNames };
    return tableWithin(width, { ...rest, rows: rows.map((row) => row.toSpliced(addressAt, 1)) });
  }
  const faultsAt = columns.length - 1;
  const widest = Math.max(...rows.map((row) => displayWidth(row[faultsAt] ?? "")));
  const room = Math.max(faultColumnsMin, widest - over);
  const cut = (row: readonly string[]) =>
    row.map((cell, at) => at === faultsAt ? cutText(cell, room) : cell);
  return formatTable(columns, rows.map(cut));
}

const faultColumnsMin = 4;

/** What a node is that does not lead, and of a learner how much of the log it has. */
function roleText({ id, status }: NodeReport, leader: NodeReport | null): string {
  const now = leader?.status ?? status;
  if (isVoter(id, now.members)) return status.role;
  if (!now.members.learners.some((each) => each.id === id)) return "no member";
  const progress = now.peers.find((peer) => peer.id === id);
  if (progress === undefined || now.last.index === 0) return "learner";
  return `learner, ${Math.floor(100 * progress.match / now.last.index)} %`;
}

function isVoter(id: number, { voters, outgoing }: Members): boolean {
  return [...voters, ...outgoing].some((each) => each.id === id);
}

function reportCells(
  report: NodeReport,
  { leader, ids, output }: {
    leader: NodeReport | null;
    ids: readonly number[];
    output: Output;
  },
): string[] {
  const { status } = report;
  const isOld = status.role === "leader" && report !== leader;
  const role = status.role === "leader"
    ? output.paint(isOld ? "yellow" : "green", isOld ? "leader (old)" : "leader")
    : roleText(report, leader);
  const lag = leader === null ? 0 : Math.max(0, leader.status.commit - status.applied);
  return [
    role,
    String(status.term),
    formatCount(status.last.index),
    formatCount(status.commit),
    formatCount(status.applied),
    lag === 0 ? "0" : output.paint("yellow", formatCount(lag)),
    formatBytes(status.logBytes),
    formatBytes(report.diskBytes),
    formatBytes(report.memoryBytes),
    formatDuration(report.saves.p99Ms),
    formatDuration(report.loopLagMs),
    formatDuration(report.uptimeMs),
    report.faults === null ? "-" : faultsText(report.faults, ids),
  ];
}
