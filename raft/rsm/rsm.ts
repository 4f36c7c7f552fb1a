/**
 * The replicated state machine, between a log and a deterministic machine: it brings commands into
 * the log, applies committed ones to the machine, returns results to callers, and takes snapshots.
 *
 * It is not a session layer: a command that is submitted twice is applied twice.
 *
 * Only so many commands are in the log at a time; more of them wait in front of it, in order. A
 * command whose caller cannot wait long enough is refused when it comes, and one whose caller has
 * stopped waiting never enters the log. So a server with more work than it can do goes on doing as
 * much as it can (X9).
 *
 * Invariants:
 * - A result goes only to the submit with the same index and term in this run of the server: an index
 *   alone names different commands before and after a change of leader.
 * - All submits in the log are of one term, in the order of their indices.
 * - "lost", "notLeader" and "overloaded" mean that the command can never be applied.
 *
 * @module
 */

import {
  type Application,
  type Entry,
  entryBytes,
  type Images,
  type Index,
  invariant,
  type NodeId,
  type Snapshot,
  type StateMachine,
  type Status,
  type Steps,
  type Term,
} from "../core/mod.ts";
import { Leadership } from "./leadership.ts";
import { Pace } from "./pace.ts";
import { Queue } from "./queue.ts";
import { type Outcome, type ReplicatedLog, RSM_LIMITS, type RsmOptions } from "./rsm_options.ts";
import { SnapshotTrigger } from "./snapshot_trigger.ts";
import { TurnTime } from "./turn_time.ts";
import type { Asked, Submitted } from "./waiting.ts";

/**
 * A submit is accepted if its wait, as far as it can be estimated, takes at most this share of the
 * time that its caller has: the request has waited unread before, and the reply takes time too.
 */
const PATIENCE_SHARE = 0.5;

/**
 * A machine that every server of a cluster runs through the same commands. It is the application of
 * a {@linkcode Node}.
 *
 * @example
 * ```ts
 * import { Rsm, type StateMachine, SystemClock } from "@kontiki/kontiki";
 *
 * let count = 0;
 * const counter: StateMachine = {
 *   apply: () => Uint8Array.of(count += 1),
 *   query: () => Uint8Array.of(count),
 *   snapshot: () => Uint8Array.of(count),
 *   restore: ([first = 0]) => void (count = first),
 * };
 * const clock = new SystemClock();
 * const rsm = new Rsm({ machine: counter, logBytesMax: 1 << 20, clock });
 * rsm.submit(Uint8Array.of(1), (outcome) => {
 *   console.assert(outcome.kind === "notLeader", "no node drives it yet");
 * });
 * rsm.stop();
 * ```
 */
export class Rsm implements Application {
  readonly images?: Images;
  readonly #machine: StateMachine;
  readonly #trigger: SnapshotTrigger;
  readonly #options: typeof RSM_LIMITS;
  readonly #time: TurnTime;
  /** Set by {@linkcode Rsm.attach}, cleared for ever by {@linkcode Rsm.stop}. */
  #log: ReplicatedLog | null = null;
  readonly #inLog = new Queue<Submitted>();
  /** The term of everything in `#inLog`. */
  #term: Term = 0;
  #inLogBytes = 0;
  /** What waits in front of the log. */
  readonly #queued = new Queue<Submitted>();
  readonly #pace = new Pace();
  readonly #asked = new Map<number, Asked>();
  #context = 0;
  /** Size of everything in `#inLog`, `#queued` and `#asked`. */
  #waitingBytes = 0;
  /** Keeps calls that come while leadership changes (M10). */
  readonly #leadership: Leadership;
  /** The last entry that the machine has executed, or its image covers. */
  #applied: Index = 0;

  /** Serves nothing before it is attached to a log. */
  constructor(options: RsmOptions) {
    const { machine, logBytesMax, clock } = options;
    const { waitingMax, waitingBytesMax, inLogMax, inLogBytesMax } = { ...RSM_LIMITS, ...options };
    const limits = { waitingMax, waitingBytesMax, inLogMax, inLogBytesMax };
    for (const [name, value] of Object.entries({ ...limits, logBytesMax })) {
      if (value === null || value >= 0) continue;
      throw new RangeError(`Cannot use ${name}: wanted a number from 0 up, got ${value}`);
    }
    this.#machine = machine;
    if (options.images !== undefined) this.images = options.images;
    this.#trigger = new SnapshotTrigger(logBytesMax ?? Infinity, options.random ?? (() => 0));
    this.#options = limits;
    this.#time = new TurnTime(clock);
    this.#leadership = new Leadership(clock);
  }

  /** Names the log that drives this machine. Until then every submit is refused. */
  attach(log: ReplicatedLog): void {
    this.#log = log;
  }

  /** The number of submits and reads that wait. */
  get waiting(): number {
    return this.#inLog.length + this.#queued.length + this.#asked.size +
      this.#leadership.waiting;
  }

  /**
   * Replicates a command. `done` is called exactly once, perhaps before this call returns. The bytes
   * are kept and must not change any more. `withinMs` is how long the caller can use the outcome:
   * what cannot be done by then is "overloaded".
   *
   * @throws {RangeError} If the command is longer than the log takes; then `done` is not called.
   */
  submit(command: Uint8Array, done: (outcome: Outcome) => void, withinMs = Infinity): void {
    if (this.#isFull(command.length)) return done({ kind: "overloaded" });
    if (this.#queued.length === 0 && this.#hasRoom(command.length)) {
      return this.#propose({ command, deadline: Infinity, done, index: 0 });
    }
    const waitMs = this.#pace.estimateMs(this.#inLog.length + this.#queued.length);
    if (waitMs > PATIENCE_SHARE * withinMs) return done({ kind: "overloaded" });
    const now = this.#time.now();
    this.#pace.begin(now);
    this.#waitingBytes += command.length;
    this.#queued.push({ command, deadline: now + withinMs, done, index: 0 });
  }

  /**
   * Asks the machine, at a moment between this call and the answer at which it was current. `withinMs`
   * is as in {@linkcode Rsm.submit}.
   */
  ask(request: Uint8Array, done: (outcome: Outcome) => void, withinMs = Infinity): void {
    if (this.#isFull(request.length)) return done({ kind: "overloaded" });
    const context = ++this.#context;
    // Registered first: the log may decide at once.
    this.#asked.set(context, { request, deadline: this.#time.now() + withinMs, done });
    this.#waitingBytes += request.length;
    if (!(this.#log?.read(context) ?? false)) this.read(context, false);
  }

  /** How many milliseconds ago the machine's state was certainly still the newest; `null`: unknown. */
  get ageMs(): number | null {
    return this.#log?.ageMs?.(this.#applied) ?? null;
  }

  /** Asks the machine as it is now, which may not be current: see {@linkcode Rsm.ageMs}. */
  peek(request: Uint8Array): Uint8Array {
    return this.#machine.query(request);
  }

  /** Ends every wait, and refuses everything from now on. */
  stop(): void {
    this.#leadership.stop();
    this.#log = null;
    this.#release("unknown");
    this.#refill();
    for (const context of [...this.#asked.keys()]) this.read(context, false);
    invariant(this.waiting === 0 && this.#waitingBytes === 0, "nothing waits after a stop");
  }

  readonly accepts = (image: Uint8Array): boolean => this.#machine.accepts?.(image) ?? true;

  apply(entries: readonly Entry[]): void {
    const before = this.#inLog.length;
    for (const entry of entries) this.#applyOne(entry);
    this.images?.advance(entries);
    if (this.#queued.length > 0) this.#pace.add(before - this.#inLog.length, this.#time.now());
    this.#refill();
    // While an earlier image is being drawn the log grows on, and the next turn asks again.
    if (this.#trigger.isDue) this.snapshot();
  }

  /** Lets an image of the state now stand in for the log; false: an earlier one is not saved yet. */
  snapshot(): boolean {
    if ((this.images?.durable ?? null) !== null) {
      this.images?.flush();
      this.#trigger.restored(0);
      return true;
    }
    const image = () => {
      this.#trigger.begun();
      return this.#machine.snapshot();
    };
    return this.#log?.draw(this.#applied, image, (bytes) => this.#trigger.ended(bytes)) ?? false;
  }

  *restore(snapshot: Snapshot): Steps {
    const steps = this.#machine.restore(snapshot.data);
    if (steps !== undefined) yield* steps;
    this.#trigger.restored(snapshot.data.length);
    this.#applied = snapshot.last.index;
    // Commands that the snapshot covers may have been applied or not.
    for (let head = this.#inLog.peek(); head !== undefined; head = this.#inLog.peek()) {
      if (head.index > snapshot.last.index) break;
      this.#takeHead().done({ kind: "unknown", leader: this.#leader });
    }
    this.#refill();
  }

  read(context: number, confirmed: boolean): void {
    const asked = this.#asked.get(context);
    if (asked === undefined) return;
    this.#asked.delete(context);
    this.#waitingBytes -= asked.request.length;
    if (!confirmed) return this.#leadership.refuse(asked.done);
    if (asked.deadline < this.#time.now()) return asked.done({ kind: "overloaded" });
    asked.done({ kind: "done", reply: this.#machine.query(asked.request) });
  }

  changed(status: Status): void {
    this.#leadership.changed(status);
    if (status.role !== "leader" || status.term !== this.#term) this.#release("unknown");
    this.#refill();
  }

  get #leader(): NodeId | null {
    return this.#leadership.leader;
  }

  #applyOne(entry: Entry): void {
    this.#trigger.applied(entryBytes(entry));
    this.#applied = entry.index;
    const { index, times: { steady, wall } } = entry;
    const reply = entry.kind === "command"
      ? this.#machine.apply(entry.data, { index, steady, wall })
      : null;
    // Terms never go down along a log: nothing of an older term can follow this entry.
    if (entry.term > this.#term) return this.#release("lost");
    const head = this.#inLog.peek();
    if (head === undefined || head.index > entry.index) return;
    invariant(head.index === entry.index, `a result at ${entry.index} passes over ${head.index}`);
    const { done } = this.#takeHead();
    done(
      reply !== null && entry.term === this.#term
        ? { kind: "done", reply }
        : { kind: "lost", leader: this.#leader },
    );
  }

  #isFull(bytes: number): boolean {
    const { waitingMax, waitingBytesMax } = this.#options;
    return this.waiting >= waitingMax || this.#waitingBytes + bytes > waitingBytesMax;
  }

  /** Whether the log may take another command. */
  #hasRoom(bytes: number): boolean {
    const { inLogMax, inLogBytesMax } = this.#options;
    if (this.#inLog.length === 0) return true;
    return this.#inLog.length < inLogMax && this.#inLogBytes + bytes <= inLogBytesMax;
  }

  #propose(submitted: Submitted): void {
    const { command, done } = submitted;
    if (this.#log?.hasRoom === false) return done({ kind: "full" });
    const position = this.#log?.propose(command) ?? null;
    if (position === null) return this.#leadership.refuse(done);
    const earlier = position.term === this.#term ? [] : this.#drainLog();
    this.#term = position.term;
    submitted.index = position.index;
    this.#waitingBytes += command.length;
    this.#inLogBytes += command.length;
    this.#inLog.push(submitted);
    // Notified last: a callback may submit again, and its command is behind this one in the log.
    this.#notify(earlier, "unknown");
  }

  /** Moves commands into the log as far as there is room, but none whose caller has given up. */
  #refill(): void {
    for (let head = this.#queued.peek(); head !== undefined; head = this.#queued.peek()) {
      const { command, deadline, done } = head;
      if (this.#log !== null && !this.#hasRoom(command.length)) return;
      this.#queued.shift();
      this.#waitingBytes -= command.length;
      if (deadline < this.#time.now()) done({ kind: "overloaded" });
      else this.#propose(head);
    }
    this.#pace.pause();
  }

  #takeHead(): Submitted {
    const head = this.#inLog.shift();
    invariant(head !== undefined, "a submit in the log is taken once");
    this.#forget(head);
    return head;
  }

  #forget({ command }: Submitted): void {
    this.#inLogBytes -= command.length;
    this.#waitingBytes -= command.length;
    invariant(this.#inLogBytes >= 0 && this.#waitingBytes >= this.#inLogBytes, "bytes add up");
  }

  #release(kind: "lost" | "unknown"): void {
    this.#notify(this.#drainLog(), kind);
  }

  #drainLog(): readonly Submitted[] {
    if (this.#inLog.length === 0) return [];
    const drained = this.#inLog.drain();
    for (const submitted of drained) this.#forget(submitted);
    return drained;
  }

  /** Called when the queues are in order again, because a callback may submit. */
  #notify(released: readonly Submitted[], kind: "lost" | "unknown"): void {
    for (const { done } of released) done({ kind, leader: this.#leader });
  }
}
