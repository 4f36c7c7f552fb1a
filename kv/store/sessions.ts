/**
 * Sessions: which numbered requests were executed, and what they answered. They are part of the state,
 * under keys of the store's own, so every server remembers the same, across images and restarts.
 *
 * Invariants:
 * - A number is executed at most once: while its session is known its answer is kept, or its client
 *   has said that it needs it no more; a session that is unknown and may have been forgotten is
 *   refused (C3).
 * - What is kept is bounded, for each session and in all.
 *
 * @module
 */

import { type Key, Reader, type RequestNumber, SYSTEM_KEYS, Writer } from "../command/mod.ts";
import type { Entry, State } from "../tables/mod.ts";

/** What sessions may keep. */
export interface SessionLimits {
  /** The number of sessions; a further one replaces the session that was unused for longest. */
  readonly sessionsMax: number;
  /** Steady time without use after which a session is forgotten. */
  readonly keepMs: number;
  /** Answers of one session that its client does not have yet. */
  readonly answersMax: number;
  /** The longest answer that is kept. */
  readonly answerBytesMax: number;
  /** Bytes of all answers of one session; beyond, its requests wait for their client. */
  readonly answersBytesMax: number;
}

/** What every store keeps: part of what a log means, like its other limits. */
export const SESSION_LIMITS: SessionLimits = {
  sessionsMax: 50_000,
  keepMs: 60 * 60 * 1000,
  answersMax: 256,
  answerBytesMax: 16 * 1024,
  answersBytesMax: 128 * 1024,
};

/** The number of sessions that one command forgets at most. */
const FORGOTTEN_AT_ONCE = 16;

const SESSIONS = `${SYSTEM_KEYS}s/`;
const FLOOR = `${SYSTEM_KEYS}s`;

interface Session {
  readonly key: Key;
  answered: number;
  used: number;
  answers: Map<number, Uint8Array>;
  entry: Entry | null;
}

/** When a request is executed: its revision, and the steady time of the log. */
export interface Moment {
  readonly revision: number;
  readonly steady: number;
}

/** All sessions of a store. */
export class Sessions {
  readonly #limits: SessionLimits;
  readonly #state: State;
  /** In the order of their last use. */
  readonly #sessions = new Map<number, Session>();
  /** A session that was born by then may have been forgotten. */
  #floor = -1;
  #floorEntry: Entry | null = null;

  /** The sessions that a state holds. */
  constructor(state: State, limits: SessionLimits) {
    this.#state = state;
    this.#limits = limits;
    const found = [...state.scan({ from: FLOOR, to: `${SYSTEM_KEYS}t`, at: LATEST })];
    found.sort((one, other) => one.revision - other.revision);
    for (const entry of found) this.#load(entry);
  }

  /** The number of sessions that are remembered. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Executes a numbered request unless it was executed: then its answer is returned once more. `null`:
   * it is not executed, and never will be under this number.
   */
  execute(
    { born, session: id, number, answered }: RequestNumber,
    moment: Moment,
    run: () => Uint8Array,
  ): Uint8Array | "gone" | "full" {
    const isNew = !this.#sessions.has(id);
    // A late repetition pushes no session out.
    if (isNew && born <= this.#floor) return "gone";
    this.#forget(moment, isNew);
    let session = this.#sessions.get(id);
    if (session === undefined) {
      // This session may be one of those that were forgotten just now.
      if (!isNew) return "gone";
      const key = SESSIONS + id.toString(16).padStart(14, "0");
      session = { key, answered: 0, used: 0, answers: new Map(), entry: this.#state.get(key) };
    }
    if (number <= session.answered) return "gone";
    const kept = session.answers.get(number);
    if (kept !== undefined) return kept;
    session.answered = Math.max(session.answered, answered);
    for (const known of session.answers.keys()) {
      if (known <= session.answered) session.answers.delete(known);
    }
    if (this.#isFull(session)) return "full";
    const reply = run();
    session.answers.set(number, reply);
    session.used = moment.steady;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    session.entry = this.#store(session.entry, session.key, { moment, value: encode(session) });
    return reply;
  }

  #isFull({ answers }: Session): boolean {
    const { answersMax, answersBytesMax } = this.#limits;
    const bytes = answers.values().reduce((sum, { length }) => sum + length, 0);
    return answers.size >= answersMax || bytes >= answersBytesMax;
  }

  /** Forgets sessions that were not used for long, and one if there is no room for a new one. */
  #forget(moment: Moment, isNew: boolean): void {
    const { sessionsMax, keepMs } = this.#limits;
    let floor = this.#floor;
    let left = FORGOTTEN_AT_ONCE;
    for (const [id, { key, used, entry }] of this.#sessions) {
      const isOld = used + keepMs < moment.steady;
      const isTooMany = isNew && this.#sessions.size >= sessionsMax;
      if (left-- === 0 || !isOld && !isTooMany) break;
      this.#sessions.delete(id);
      this.#store(entry, key, { moment, value: null });
      floor = Math.max(floor, used);
    }
    if (floor === this.#floor) return;
    this.#floor = floor;
    const to = new Writer();
    to.u64(floor);
    this.#floorEntry = this.#store(this.#floorEntry, FLOOR, { moment, value: to.finish() });
  }

  #store(
    before: Entry | null,
    key: Key,
    { moment: { revision }, value }: { readonly moment: Moment; readonly value: Uint8Array | null },
  ): Entry {
    const version = (before?.version ?? 0) + 1;
    const created = before?.value ? before.created : revision;
    const entry = { key, value, version, created, revision, lease: 0, expires: 0 };
    this.#state.add(entry);
    return entry;
  }

  #load(entry: Entry): void {
    const { key, value } = entry;
    if (value === null) return;
    const from = new Reader(value);
    if (key === FLOOR) {
      this.#floor = from.u64();
      this.#floorEntry = entry;
      return;
    }
    const [answered, used] = [from.u64(), from.u64()];
    const answers = new Map<number, Uint8Array>();
    while (from.left > 0) answers.set(from.u64(), from.bytes(from.u32()));
    const id = Number.parseInt(key.slice(SESSIONS.length), 16);
    this.#sessions.set(id, { key, answered, used, answers, entry });
  }
}

/** Later than every revision. */
const LATEST = Number.MAX_SAFE_INTEGER;

function encode({ answered, used, answers }: Session): Uint8Array {
  const to = new Writer();
  to.u64(answered);
  to.u64(used);
  for (const [number, reply] of answers) {
    to.u64(number);
    to.u32(reply.length);
    to.bytes(reply);
  }
  return to.finish().slice();
}
