/**
 * The replicated state machine: what sits between a log and a deterministic machine. It hands
 * committed commands to the machine, results to those who submitted them, and takes snapshots.
 *
 * It is not a session layer: a command that is submitted twice is applied twice.
 *
 * Invariants:
 * - A result goes to the submit whose index and term it has, in this life of the server, or to
 *   nobody: an index alone names different commands before and after a change of leader.
 * - All waiting submits are of one term, in the order of their indices.
 * - "lost" and "notLeader" are said only when the command can never be applied.
 *
 * @module
 */

import {
  type Application,
  type Entry,
  entryBytes,
  type Image,
  type Index,
  type NodeId,
  type Position,
  type Snapshot,
  type StateMachine,
  type Status,
  type Term,
} from "./core/mod.ts";

/** What {@linkcode Rsm} needs of a {@linkcode Node}. */
export interface Log {
  /** Appends a command; `null` if this server does not lead. */
  propose(command: Uint8Array): Position | null;
  /** Asks for a read to be confirmed; `false` if this server does not lead. */
  read(context: number): boolean;
  /** Lets an image stand in for the log up to the index; `false`: none is needed now. */
  draw(index: Index, snapshot: () => Uint8Array | Image): boolean;
}

/** What became of a submitted command, or of a read. */
export type Outcome =
  /** Applied; the reply is the machine's. */
  | { readonly kind: "done"; readonly reply: Uint8Array }
  /** Never entered this server's log, or was a read: safe to send again. */
  | { readonly kind: "notLeader"; readonly leader: NodeId | null }
  /** Another entry took its place: it will never be applied, safe to send again. */
  | { readonly kind: "lost"; readonly leader: NodeId | null }
  /** Too much is waiting already; never entered the log. */
  | { readonly kind: "overloaded" }
  /** In some log, may still be applied or not. */
  | { readonly kind: "unknown"; readonly leader: NodeId | null };

/** What an {@linkcode Rsm} is made of. */
export interface RsmOptions {
  /** What the commands are applied to. */
  readonly machine: StateMachine;
  /** Takes a snapshot when the applied entries of the log exceed this; `null`: never. */
  readonly logBytesMax: number | null;
  /** How many submits and reads may wait at a time. */
  readonly waitingMax?: number;
  /** How many bytes of commands and questions may wait at a time. */
  readonly waitingBytesMax?: number;
}

const DEFAULTS = { waitingMax: 65_536, waitingBytesMax: 64 * 1024 * 1024 };

interface Submitted {
  readonly index: Index;
  readonly bytes: number;
  readonly done: (outcome: Outcome) => void;
}

interface Asked {
  readonly request: Uint8Array;
  readonly done: (outcome: Outcome) => void;
}

/**
 * A machine that every server of a cluster runs through the same commands. It is the application of
 * a {@linkcode Node}.
 *
 * @example
 * ```ts
 * import { Rsm, type StateMachine } from "@kontiki/kontiki";
 *
 * let count = 0;
 * const counter: StateMachine = {
 *   apply: () => Uint8Array.of(count += 1),
 *   query: () => Uint8Array.of(count),
 *   snapshot: () => Uint8Array.of(count),
 *   restore: ([first = 0]) => count = first,
 * };
 * const rsm = new Rsm({ machine: counter, logBytesMax: 1 << 20 });
 * rsm.submit(Uint8Array.of(1), (outcome) => {
 *   console.assert(outcome.kind === "notLeader", "no node drives it yet");
 * });
 * rsm.stop();
 * ```
 */
export class Rsm implements Application {
  readonly #machine: StateMachine;
  readonly #logBytesMax: number | null;
  readonly #waitingMax: number;
  readonly #waitingBytesMax: number;
  /** Set by {@linkcode Rsm.attach}, cleared for ever by {@linkcode Rsm.stop}. */
  #log: Log | null = null;
  /** From `#first` on: submits that wait. The places before are used up. */
  #submitted: (Submitted | undefined)[] = [];
  #first = 0;
  /** The term of everything in `#submitted`. */
  #term: Term = 0;
  readonly #asked = new Map<number, Asked>();
  #context = 0;
  #waitingBytes = 0;
  /** Size of the entries applied since the last snapshot, counted alike on every server. */
  #logBytes = 0;
  #leader: NodeId | null = null;

  /** Serves nothing before it is attached to a log. */
  constructor(options: RsmOptions) {
    const { waitingMax, waitingBytesMax, logBytesMax } = { ...DEFAULTS, ...options };
    for (const [name, value] of Object.entries({ waitingMax, waitingBytesMax, logBytesMax })) {
      if (value === null || value >= 0) continue;
      throw new RangeError(`Cannot use ${name}: wanted a number from 0 up, got ${value}`);
    }
    this.#machine = options.machine;
    this.#logBytesMax = options.logBytesMax;
    this.#waitingMax = waitingMax;
    this.#waitingBytesMax = waitingBytesMax;
  }

  /** Names the log that drives this machine. Until then every submit is refused. */
  attach(log: Log): void {
    this.#log = log;
  }

  /** How many submits and reads wait. */
  get waiting(): number {
    return this.#submitted.length - this.#first + this.#asked.size;
  }

  /**
   * Replicates a command. `done` is called exactly once, perhaps before this call returns. The bytes
   * are kept and must not change any more.
   *
   * @throws {RangeError} If the command is longer than the log takes; then `done` is not called.
   */
  submit(command: Uint8Array, done: (outcome: Outcome) => void): void {
    if (this.#isFull(command.length)) return done({ kind: "overloaded" });
    const position = this.#log?.propose(command) ?? null;
    if (position === null) return done({ kind: "notLeader", leader: this.#leader });
    const earlier = position.term === this.#term ? [] : this.#empty();
    this.#term = position.term;
    this.#waitingBytes += command.length;
    this.#submitted.push({ index: position.index, bytes: command.length, done });
    // Told last: whoever is told may submit again, and stands behind this one in the log.
    this.#tell(earlier, "unknown");
  }

  /** Asks the machine, at a moment between this call and the answer at which it was current. */
  ask(request: Uint8Array, done: (outcome: Outcome) => void): void {
    if (this.#isFull(request.length)) return done({ kind: "overloaded" });
    const context = ++this.#context;
    // Registered first: the log may decide at once.
    this.#asked.set(context, { request, done });
    this.#waitingBytes += request.length;
    if (!(this.#log?.read(context) ?? false)) this.read(context, false);
  }

  /** Ends every wait, and refuses everything from now on. */
  stop(): void {
    this.#log = null;
    this.#releaseSubmitted("unknown");
    for (const context of [...this.#asked.keys()]) this.read(context, false);
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) this.#applyOne(entry);
    if (this.#logBytesMax !== null && this.#logBytes > this.#logBytesMax && this.#log !== null) {
      const last = entries[entries.length - 1];
      if (last === undefined) return;
      // While an earlier image is being drawn the log grows on, and the next turn asks again.
      if (this.#log.draw(last.index, () => this.#machine.snapshot())) this.#logBytes = 0;
    }
  }

  restore(snapshot: Snapshot): void {
    this.#logBytes = 0;
    this.#machine.restore(snapshot.data);
    // What stood at the skipped places is not told: they may have been applied or not.
    for (let head = this.#head(); head !== undefined; head = this.#head()) {
      if (head.index > snapshot.last.index) break;
      this.#take(head).done({ kind: "unknown", leader: this.#leader });
    }
  }

  read(context: number, confirmed: boolean): void {
    const asked = this.#asked.get(context);
    if (asked === undefined) return;
    this.#asked.delete(context);
    this.#waitingBytes -= asked.request.length;
    asked.done(
      confirmed
        ? { kind: "done", reply: this.#machine.query(asked.request) }
        : { kind: "notLeader", leader: this.#leader },
    );
  }

  changed(status: Status): void {
    this.#leader = status.leader;
    if (status.role !== "leader" || status.term !== this.#term) this.#releaseSubmitted("unknown");
  }

  #applyOne(entry: Entry): void {
    this.#logBytes += entryBytes(entry);
    const reply = entry.command === null ? null : this.#machine.apply(entry.command);
    // Terms never go down along a log: nothing of an older term can follow this entry.
    if (entry.term > this.#term) return this.#releaseSubmitted("lost");
    const head = this.#head();
    if (head === undefined || head.index > entry.index) return;
    const { done } = this.#take(head);
    done(
      reply !== null && entry.term === this.#term
        ? { kind: "done", reply }
        : { kind: "lost", leader: this.#leader },
    );
  }

  #isFull(bytes: number): boolean {
    return this.waiting >= this.#waitingMax || this.#waitingBytes + bytes > this.#waitingBytesMax;
  }

  #head(): Submitted | undefined {
    return this.#submitted[this.#first];
  }

  #take(head: Submitted): Submitted {
    this.#submitted[this.#first++] = undefined;
    this.#waitingBytes -= head.bytes;
    // Shortened seldom, so that taking costs the same however many wait.
    if (this.#first === this.#submitted.length || this.#first >= 16_384) {
      this.#submitted = this.#submitted.slice(this.#first);
      this.#first = 0;
    }
    return head;
  }

  #releaseSubmitted(kind: "lost" | "unknown"): void {
    this.#tell(this.#empty(), kind);
  }

  /** Nobody waits any more; who did is returned. */
  #empty(): readonly (Submitted | undefined)[] {
    if (this.#submitted.length === 0) return [];
    const released = this.#submitted.slice(this.#first);
    this.#submitted = [];
    this.#first = 0;
    for (const submitted of released) this.#waitingBytes -= submitted?.bytes ?? 0;
    return released;
  }

  /** To be called when the queue is in order again: whoever is told may submit. */
  #tell(released: readonly (Submitted | undefined)[], kind: "lost" | "unknown"): void {
    for (const submitted of released) submitted?.done({ kind, leader: this.#leader });
  }
}

/**
 * {@linkcode Rsm.submit} as a promise, for callers that do not count every microsecond.
 *
 * @example
 * ```ts
 * import { type Outcome, type Rsm, submit } from "@kontiki/kontiki";
 *
 * async function add(rsm: Rsm, amount: number): Promise<"yes" | "no" | "unknown"> {
 *   const outcome: Outcome = await submit(rsm, Uint8Array.of(amount));
 *   if (outcome.kind === "done") return "yes";
 *   return outcome.kind === "unknown" ? "unknown" : "no";
 * }
 * console.log(add.name, "is safe to call again only after no");
 * ```
 */
export function submit(rsm: Rsm, command: Uint8Array): Promise<Outcome> {
  return new Promise((resolve) => rsm.submit(command, resolve));
}

/**
 * {@linkcode Rsm.ask} as a promise.
 *
 * @example
 * ```ts
 * import { ask, type Rsm } from "@kontiki/kontiki";
 *
 * async function sum(rsm: Rsm): Promise<number | null> {
 *   const outcome = await ask(rsm, new Uint8Array());
 *   return outcome.kind === "done" ? outcome.reply[0]! : null;
 * }
 * console.log(sum.name, "may be called again after any outcome");
 * ```
 */
export function ask(rsm: Rsm, request: Uint8Array): Promise<Outcome> {
  return new Promise((resolve) => rsm.ask(request, resolve));
}
