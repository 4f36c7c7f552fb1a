/**
 * Reports the content of a storage folder, for people and for scripts, without changing or locking
 * anything. It goes on where a node would refuse, so that it shows all damage at once.
 *
 * A folder in use can be inspected; then the end of the newest segment may be half written.
 *
 * @module
 */

import {
  baseOf,
  decodeMembers,
  type Files,
  type Index,
  lastOf,
  type Member,
  type Members,
  type Persistent,
  type Position,
  type Vote,
} from "../core/mod.ts";
import {
  kindOfName,
  readHeader,
  readSegmentHeader,
  readSnapshot,
  readVote,
  scanSegment,
  type Trimmed,
} from "./file_reading.ts";
import { recover } from "./file_recovery.ts";
import { readFolder } from "./members_file.ts";
import { FORMAT_VERSION, type Identity } from "./format/mod.ts";
import { storageErrorOf } from "./storage_error.ts";

/** One file of a folder. */
export interface FileReport {
  /** Its name in the folder. */
  readonly name: string;
  /** The kind of file, by its name. */
  readonly kind: "vote" | "members" | "log" | "snapshot" | "temporary" | "unknown";
  /** Its length. */
  readonly bytes: number;
  /** Whether it is undamaged. Temporary and unknown files are not read. */
  readonly checks: boolean;
  /** Its content, or its damage. */
  readonly content: string;
}

/** The report on a folder. */
export interface FolderReport {
  /** The format that the files are written in. */
  readonly formatVersion: number;
  /** Whether a node would start with it. */
  readonly verdict: "sound" | "empty" | "refused";
  /** The reason why not. */
  readonly problem: string | null;
  /** The owner of the files. */
  readonly identity: Identity | null;
  /** The members by the latest entry, snapshot or file that names them. */
  readonly members: Members | null;
  /** The vote that would be loaded. */
  readonly vote: Vote | null;
  /** The last position that the snapshot covers. */
  readonly base: Position | null;
  /** The last entry, or what the snapshot covers. */
  readonly last: Position | null;
  /** Number of entries after the snapshot. */
  readonly entries: number;
  /** An unfinished save at the end that a start would trim. */
  readonly unfinished: Trimmed | null;
  /** Files that a start would remove. */
  readonly garbage: readonly string[];
  /** Every file of the folder. */
  readonly files: readonly FileReport[];
}

/**
 * Reports the content of a folder and changes nothing.
 *
 * @example
 * ```ts
 * import { DenoFiles } from "@kontiki/kontiki";
 * import { inspect } from "@kontiki/kontiki/inspect";
 *
 * const folder = await Deno.makeTempDir();
 * const report = await inspect(new DenoFiles(folder));
 * console.assert(report.verdict === "empty");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function inspect(files: Files): Promise<FolderReport> {
  const reports: FileReport[] = [];
  const names = (await files.list()).toSorted();
  // Nothing needs to be saved yet in the newest segment, so the one before it may be the one in use.
  const newest = names.filter((name) => kindOfName(name) === "log").slice(-2);
  for (const name of names) {
    const kind = kindOfName(name) ?? "unknown";
    const bytes = await files.size(name);
    const found = await contentOf(files, name, { mayBeTorn: newest.includes(name) });
    reports.push({ name, kind, bytes, ...found });
  }
  const report = {
    formatVersion: FORMAT_VERSION,
    problem: null,
    identity: null,
    members: null,
    vote: null,
    base: null,
    last: null,
    entries: 0,
    unfinished: null,
    garbage: [],
    files: reports,
  };
  try {
    const found = await recover(files, { identity: null });
    if (found === null) return { ...report, verdict: "empty" };
    const { persistent, identity, trimmed, garbage } = found;
    const folder = await readFolder(files, null);
    return {
      ...report,
      verdict: "sound",
      identity,
      members: membersOf(persistent) ?? folder?.founders ?? null,
      vote: { term: persistent.term, votedFor: persistent.votedFor },
      base: plain(baseOf(persistent)),
      last: plain(lastOf(persistent)),
      entries: persistent.entries.length,
      unfinished: trimmed,
      garbage,
    };
  } catch (error) {
    const problem = storageErrorOf(error).message;
    const vote = await readVote(files, null).catch(() => null);
    return {
      ...report,
      verdict: "refused",
      problem,
      vote: vote?.vote ?? null,
      identity: vote?.identity ?? null,
    };
  }
}

function membersOf({ entries, snapshot }: Persistent): Members | null {
  const entry = entries.findLast(({ kind }) => kind === "members");
  if (entry !== undefined) return decodeMembers(entry.data);
  return snapshot?.members ?? null;
}

/** A line for each member, as far as they are known. */
function memberLines({ voters, outgoing, learners }: Members): string[] {
  const line = ({ id, incarnation, peer, client }: Member, role: string): string =>
    `member    n${id} ${role}, folder ${incarnation || "any"}, peers at ${peer || "-"}, ` +
    `clients at ${client || "-"}`;
  return [
    ...voters.map((member) => line(member, "voter")),
    ...outgoing.map((member) => line(member, "leaves")),
    ...learners.map((member) => line(member, "learner")),
  ];
}

function atLeast(entries: number): string {
  return `at least ${entries} ${entries === 1 ? "entry" : "entries"}`;
}

function plain({ index, term }: Position): Position {
  return { index, term };
}

async function contentOf(
  files: Files,
  name: string,
  options: { readonly mayBeTorn: boolean },
): Promise<{ readonly checks: boolean; readonly content: string }> {
  try {
    switch (kindOfName(name)) {
      case "vote": {
        const { vote, sequence, snapshot } = await readVote(files, null);
        const content = `term ${vote.term}, voted for ${nodeName(vote.votedFor)}; needs log ` +
          `${sequence} and snapshot ${positionText(snapshot)} or newer`;
        return { checks: true, content };
      }
      case "members": {
        const folder = await readFolder(files, null);
        const members = folder?.founders?.voters.map(({ id }) => `n${id}`).join(", ");
        const content = members === undefined
          ? "belongs to no cluster yet"
          : `born with ${members}`;
        return { checks: true, content };
      }
      case "log":
        return { checks: true, content: await segmentText(files, name, options) };
      case "snapshot": {
        const [index, term] = (await readHeader(files, name, { letter: "S", identity: null }))
          .numbers;
        const last = { index, term };
        const { data } = await readSnapshot(files, { last, identity: null, report: () => {} });
        return {
          checks: true,
          content: `up to ${positionText(last)}, image of ${data.length} bytes`,
        };
      }
      case "temporary":
        return { checks: false, content: "never finished; a start removes it" };
      case null:
        return { checks: false, content: "not one of ours" };
    }
  } catch (error) {
    return { checks: false, content: problemOf(error) };
  }
}

/** The problem alone: the file is named beside it, the advice comes once for the folder. */
function problemOf(error: unknown): string {
  const failure = storageErrorOf(error);
  const where = failure.offset === null ? "" : ` at byte ${failure.offset}`;
  return `${failure.kind.toUpperCase()}${where}: ${failure.problem}`;
}

async function segmentText(
  files: Files,
  name: string,
  options: { readonly mayBeTorn: boolean },
): Promise<string> {
  const segment = await readSegmentHeader(files, name, null);
  let entries = 0;
  let saves = 0;
  let first: Index | null = null;
  let last: Index | null = null;
  const { base, trimmed } = await scanSegment(files, segment, {
    ...options,
    report: () => {},
    visit: (record) => {
      if (!record.continues && record.baseTerm === undefined) saves++;
      if (record.entries.length > 0) first = Math.min(first ?? record.from, record.from);
      entries += record.entries.length;
      last = record.entries.at(-1)?.index ?? record.from - 1;
    },
  });
  const end = trimmed === null
    ? ""
    : `; ${trimmed.bytes} bytes of an unfinished save at byte ${trimmed.offset}`;
  if (base === null) return `made ahead, nothing is saved in it yet${end}`;
  const range = first === null ? "no entries" : `entries ${first} to ${last}`;
  return `behind ${positionText(base)}: ${range} (${entries} in ${saves} saves)${end}`;
}

function nodeName(id: number | null): string {
  return id === null ? "nobody" : `n${id}`;
}

function positionText({ index, term }: Position): string {
  return `${index}@${term}`;
}

/**
 * The report as lines for people.
 *
 * @example
 * ```ts
 * import { DenoFiles } from "@kontiki/kontiki";
 * import { formatFolder, inspect } from "@kontiki/kontiki/inspect";
 *
 * const folder = await Deno.makeTempDir();
 * console.log(formatFolder(await inspect(new DenoFiles(folder))));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function formatFolder(report: FolderReport): string {
  const { identity, vote, base, last } = report;
  const head = report.verdict === "empty"
    ? "empty: no node has saved anything in this folder"
    : `${report.verdict} (format ${report.formatVersion})`;
  const lines = [head];
  if (identity !== null) {
    const { cluster, clusterId, incarnation, node } = identity;
    lines.push(`owner     n${node} of cluster "${cluster}", id ${clusterId || "none"}`);
    lines.push(`folder    incarnation ${incarnation}`);
  }
  if (report.members !== null) lines.push(...memberLines(report.members));
  if (vote !== null) lines.push(`vote      term ${vote.term} for ${nodeName(vote.votedFor)}`);
  if (base !== null && last !== null) {
    lines.push(
      `log       ${report.entries} entries, up to ${positionText(last)}, ` +
        `behind the snapshot at ${positionText(base)}`,
    );
  }
  if (report.unfinished !== null) {
    const { file, offset, bytes, entries } = report.unfinished;
    lines.push(
      `trim      ${bytes} bytes of an unfinished save of ${atLeast(entries)} ` +
        `(${file} at byte ${offset})`,
    );
  }
  for (const { name, bytes, checks, kind, content } of report.files) {
    const isRead = kind !== "temporary" && kind !== "unknown";
    const mark = !isRead ? "-" : checks ? "ok" : "BAD";
    lines.push(`${mark.padEnd(4)} ${name.padEnd(43)} ${String(bytes).padStart(11)}  ${content}`);
  }
  if (report.problem !== null) lines.push(report.problem);
  return lines.join("\n");
}
