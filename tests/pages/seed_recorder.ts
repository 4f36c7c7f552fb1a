/**
 * Gathers the events of a run for its page.
 *
 * Invariant: it keeps the last {@linkcode MESSAGES_MAX} to twice as many messages, however long the
 * run is, and whole states and faults for their time.
 *
 * @module
 */

import type { Envelope, NodeId } from "../../raft/mod.ts";
import { formatEnvelope, type TraceEvent } from "../sim/mod.ts";
import type { SeedBand, SeedCut, SeedData, SeedMessage, SeedState } from "./seed_data.ts";

/** More messages than that are more than anybody looks at. */
export const MESSAGES_MAX = 20_000;

interface Message {
  readonly sentAt: number;
  readonly envelope: Envelope;
  endedAt: number | null;
  isLost: boolean;
}

/** Takes the events of one run. */
export class SeedRecorder {
  readonly #ids = new Set<NodeId>();
  #messages: Message[] = [];
  #underWay = new Map<Envelope, Message>();
  readonly #states = new Map<NodeId, SeedState[]>();
  readonly #notes: { readonly at: number; readonly node: NodeId; readonly text: string }[] = [];
  #last = 0;
  #leftOut = 0;

  /** Takes one event, at its time in milliseconds. */
  record(at: number, event: TraceEvent): void {
    this.#last = Math.max(this.#last, at);
    switch (event.kind) {
      case "send":
        return this.#sent(at, event.envelope);
      case "deliver":
      case "lose":
        return this.#ended(at, event.envelope, event.kind === "lose");
      case "state": {
        const { id, role, term, base, last, commit, applied } = event.status;
        this.#ids.add(id);
        const state = { t: at, role, term, base: base.index, last: last.index, commit, applied };
        const states = this.#states.get(id);
        if (states === undefined) this.#states.set(id, [state]);
        else states.push(state);
        return;
      }
      case "note":
        if (event.node !== 0) this.#ids.add(event.node);
        this.#notes.push({ at, node: event.node, text: event.text });
        return;
      default:
        return event satisfies never;
    }
  }

  /** Everything as the page needs it. */
  data(): SeedData {
    const ids = [...this.#ids].sort((one, other) => one - other);
    const column = new Map(ids.map((id, at) => [id, at]));
    const kinds = [...new Set(this.#messages.map(({ envelope }) => envelope.message.type))].sort();
    const shown = this.#messages.filter(({ envelope: { from, to } }) =>
      column.has(from) && column.has(to)
    );
    const from = this.#leftOut === 0 ? 0 : this.#messages[0]?.sentAt ?? 0;
    const failure = this.#notes.find(({ node, text }) => node === 0 && text.startsWith("FAILS"));
    const to = Math.max(from + 1, this.#last);
    return {
      nodes: ids.map((id) => `n${id}`),
      kinds,
      messages: shown.map(({ sentAt, endedAt, isLost, envelope }): SeedMessage => ({
        s: sentAt,
        e: endedAt ?? to,
        a: column.get(envelope.from)!,
        b: column.get(envelope.to)!,
        k: kinds.indexOf(envelope.message.type),
        x: endedAt === null ? 2 : isLost ? 1 : 0,
        l: formatEnvelope(envelope),
      })),
      states: ids.map((id) => this.#states.get(id) ?? []),
      bands: bandsOf(this.#notes, { column, to }),
      cuts: cutsOf(this.#notes, { column, to }),
      from,
      to,
      failedAt: failure?.at ?? null,
      leftOut: this.#leftOut,
    };
  }

  #sent(at: number, envelope: Envelope): void {
    const message = { sentAt: at, envelope, endedAt: null, isLost: false };
    this.#messages.push(message);
    this.#underWay.set(envelope, message);
    if (this.#messages.length < 2 * MESSAGES_MAX) return;
    const gone = this.#messages.slice(0, MESSAGES_MAX);
    for (const { envelope } of gone) this.#underWay.delete(envelope);
    this.#leftOut += gone.length;
    this.#messages = this.#messages.slice(MESSAGES_MAX);
  }

  /** A message that arrives twice is drawn to its first arrival. */
  #ended(at: number, envelope: Envelope, isLost: boolean): void {
    const message = this.#underWay.get(envelope);
    if (message === undefined) return;
    this.#underWay.delete(envelope);
    message.endedAt = at;
    message.isLost = isLost;
  }
}

interface Note {
  readonly at: number;
  readonly node: NodeId;
  readonly text: string;
}

interface Place {
  readonly column: ReadonlyMap<NodeId, number>;
  readonly to: number;
}

/** What ends a band of each kind. */
const ENDS: Readonly<Record<string, readonly ["crash" | "pause", RegExp]>> = {
  crashes: ["crash", /^starts$/],
  pauses: ["pause", /^(?:resumes|crashes|starts)$/],
};

function bandsOf(notes: readonly Note[], { column, to }: Place): SeedBand[] {
  return notes.flatMap(({ at, node, text }, place): SeedBand[] => {
    const [kind, end] = ENDS[text] ?? (text.startsWith("dies") ? ENDS["crashes"]! : []);
    const where = column.get(node) ?? -1;
    if (text.startsWith("blocked") || text.startsWith("FAILS")) return [];
    if (kind === undefined) return [{ kind: "note", node: where, s: at, e: at, text }];
    const next = notes.slice(place + 1).find((each) => each.node === node && end!.test(each.text));
    return [{ kind, node: where, s: at, e: next?.at ?? to, text }];
  });
}

/** `blocked 1→2 2→1` holds until the next such note. */
function cutsOf(notes: readonly Note[], { column, to }: Place): SeedCut[] {
  const blocked = notes.filter(({ node, text }) => node === 0 && text.startsWith("blocked "));
  return blocked.flatMap(({ at, text }, place): SeedCut[] => {
    const links = [...text.matchAll(/(\d+)→(\d+)/g)].flatMap(([, from, other]) => {
      const [a, b] = [column.get(Number(from)), column.get(Number(other))];
      return a === undefined || b === undefined ? [] : [[a, b] as const];
    });
    return links.length === 0 ? [] : [{ s: at, e: blocked[place + 1]?.at ?? to, links }];
  });
}
