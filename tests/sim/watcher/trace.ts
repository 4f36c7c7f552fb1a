/**
 * The events of a run in order: messages, state changes, faults. Every event is hashed as plain
 * numbers; text is made only on demand, since most runs are never read.
 *
 * Invariant: the hash depends only on the events, so two runs with the same hash did the same.
 *
 * @module
 */

import type { Envelope, Message, NodeId, Position, RoleName, Status } from "../../../raft/mod.ts";

/** One event of a run. */
export type TraceEvent =
  | { readonly kind: "send" | "deliver" | "lose"; readonly envelope: Envelope }
  | { readonly kind: "state"; readonly status: Status }
  | { readonly kind: "note"; readonly node: NodeId; readonly text: string };

/** Options of a {@linkcode Trace}. */
export interface TraceOptions {
  /** Receives the line of every event. */
  readonly print?: (line: string) => void;
  /** Receives every event. */
  readonly take?: (atMs: number, event: TraceEvent) => void;
  /** The number of latest events that are kept for {@linkcode Trace.lastLines}. @default {60} */
  readonly keep?: number;
}

const KINDS = ["send", "deliver", "lose", "state", "note"] as const;
const ROLES: readonly RoleName[] = ["follower", "pre-vote", "candidate", "leader"];

/** The events of one run. */
export class Trace {
  readonly #print: ((line: string) => void) | undefined;
  readonly #take: TraceOptions["take"];
  readonly #keep: number;
  readonly #last: TraceEvent[] = [];
  readonly #lastMs: number[] = [];
  #hash = 0x811c_9dc5;
  #count = 0;

  constructor(options: TraceOptions = {}) {
    this.#print = options.print;
    this.#take = options.take;
    this.#keep = options.keep ?? 60;
  }

  /** The hash of all events so far, as eight hexadecimal digits. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** The number of events that were recorded. */
  get count(): number {
    return this.#count;
  }

  record(atMs: number, event: TraceEvent): void {
    this.#digest(Math.round(atMs * 1000));
    this.#digest(KINDS.indexOf(event.kind));
    if (event.kind === "state") this.#digestStatus(event.status);
    else if (event.kind === "note") this.#digestText(event.text, event.node);
    else this.#digestEnvelope(event.envelope);
    const place = this.#count++ % this.#keep;
    this.#last[place] = event;
    this.#lastMs[place] = atMs;
    this.#print?.(formatEvent(atMs, event));
    this.#take?.(atMs, event);
  }

  /** The last events as text, oldest first. */
  lastLines(): string[] {
    const lines = this.#last.map((event, place) => formatEvent(this.#lastMs[place]!, event));
    const start = this.#count > this.#keep ? this.#count % this.#keep : 0;
    return [...lines.slice(start), ...lines.slice(0, start)];
  }

  #digestEnvelope({ from, to, term, message }: Envelope): void {
    this.#digest(from);
    this.#digest(to);
    this.#digest(term);
    this.#digest(message.type.length);
    switch (message.type) {
      case "requestVote":
        return this.#digest(message.last.index * 2 + Number(message.preVote));
      case "requestVoteReply":
        return this.#digest(Number(message.granted) * 2 + Number(message.preVote));
      case "appendEntries":
        this.#digest(message.previous.index);
        this.#digest(message.entries.length);
        return this.#digest(message.commit);
      case "appendEntriesReply":
        this.#digest(message.accepted ? message.match : -message.conflict.index);
        return this.#digest(message.round);
      case "installSnapshot":
        this.#digest(message.last.index);
        return this.#digest(message.offset);
      case "installSnapshotReply":
        return this.#digest(message.received);
      case "timeoutNow":
        return;
      case "readQuestion":
        return this.#digest(message.question);
      case "removed":
        return this.#digest(message.commit);
    }
  }

  #digestStatus(status: Status): void {
    this.#digest(status.id);
    this.#digest(status.term);
    this.#digest(ROLES.indexOf(status.role));
    this.#digest(status.last.index);
    this.#digest(status.last.term);
    this.#digest(status.base.index);
    this.#digest(status.commit);
    this.#digest(status.applied);
  }

  #digestText(text: string, node: NodeId): void {
    this.#digest(node);
    for (let place = 0; place < text.length; place++) this.#digest(text.charCodeAt(place));
  }

  /** Adds a number to the hash (FNV-1a). */
  #digest(value: number): void {
    const low = Math.imul(this.#hash ^ (value | 0), 0x0100_0193);
    this.#hash = value < 0x1_0000_0000
      ? low
      : Math.imul(low ^ (value / 0x1_0000_0000), 0x0100_0193);
  }
}

/** Formats one event as a line. */
function formatEvent(atMs: number, event: TraceEvent): string {
  return `${atMs.toFixed(3).padStart(12)} ${formatWords(event)}`;
}

function formatWords(event: TraceEvent): string {
  switch (event.kind) {
    case "send":
    case "lose":
    case "deliver": {
      const { from, to } = event.envelope;
      const arrow = { send: "→", deliver: "⇒", lose: "↛" }[event.kind];
      return `n${from} ${arrow} n${to} ${formatEnvelope(event.envelope)}`;
    }
    case "state":
      return formatStatus(event.status);
    case "note":
      return event.node === 0 ? `-- ${event.text}` : `n${event.node} ${event.text}`;
  }
}

/** Formats a message, such as `appendEntries term=2 previous=3@1 entries=4..5 commit=3`. */
export function formatEnvelope({ term, message }: Envelope): string {
  return `${message.type} term=${term} ${formatFields(message)}`.trimEnd();
}

/** `index@term`. */
export function formatPosition({ index, term }: Position): string {
  return `${index}@${term}`;
}

function formatFields(message: Message): string {
  switch (message.type) {
    case "requestVote":
      return `${message.preVote ? "pre-vote " : ""}${message.transfer ? "transfer " : ""}last=${
        formatPosition(message.last)
      }`;
    case "requestVoteReply":
      return `${message.preVote ? "pre-vote " : ""}granted=${message.granted}`;
    case "appendEntries": {
      const entries = message.entries.map(formatPosition).join(",");
      const carried = entries === "" ? "" : ` entries=${entries}`;
      const round = message.round === 0 ? "" : ` round=${message.round}`;
      return `previous=${
        formatPosition(message.previous)
      }${carried} commit=${message.commit}${round}`;
    }
    case "appendEntriesReply": {
      if (message.accepted) return `accepted match=${message.match}`;
      const { previous, conflict } = message;
      const held = conflict.term === null ? "" : `@${conflict.term}`;
      return `rejected previous=${previous} conflict=${conflict.index}${held}`;
    }
    case "installSnapshot": {
      const { last, offset, data, total } = message;
      return `last=${formatPosition(last)} bytes=${offset}+${data.length}/${total}`;
    }
    case "installSnapshotReply":
      return `last=${formatPosition(message.last)} received=${message.received}`;
    case "timeoutNow":
    case "readQuestion":
      return "";
    case "removed":
      return `commit=${message.commit}`;
  }
}

/** Formats a server's status, such as `n1 leader term=3 last=5@3 commit=4 applied=4`. */
export function formatStatus(status: Status): string {
  const base = status.base.index === 0 ? "" : ` base=${formatPosition(status.base)}`;
  const voted = status.votedFor === null ? "" : ` voted=n${status.votedFor}`;
  return `n${status.id} ${status.role} term=${status.term}${voted}${base} ` +
    `last=${formatPosition(status.last)} commit=${status.commit} applied=${status.applied}`;
}
