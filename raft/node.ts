/**
 * The driver: two small loops around the core, which holds all rules of consensus.
 *
 * ```text
 * turn:  takeEffects → send → restore → apply → reads     whenever there is input
 * save:  takeSave → storage.save (await) → saved           beside the turns, one at a time
 * ```
 *
 * A turn never waits for a save: the core promises nothing that is not durable, so whatever it gives
 * may happen at once. Entries that arrive while a save is under way gather into the next one.
 *
 * @module
 */

import {
  type ChangeRefusal,
  checkChange,
  type Effects,
  type Envelope,
  type Image,
  type Index,
  type NodeId,
  type Position,
  Raft,
  type Save,
  type Status,
  type TargetMembers,
} from "./core/mod.ts";
import { alignedLog } from "./restart/mod.ts";
import { doubt } from "./doubt.ts";
import { type Drawing, drawn, Feeder, restoreNow } from "./feeder.ts";
import { checkOptions, NODE_DEFAULTS, type NodeOptions } from "./node_options.ts";
import { Ticker } from "./ticker.ts";

/**
 * After so many turns timers get the thread for certain: an application may keep it from them, by
 * submitting the next command whenever it hears of the last one.
 */
const TURNS_MAX = 1_000;

/**
 * One server of a cluster: a core, driven.
 *
 * @example A cluster of one server, which leads after its first election timeout.
 * ```ts
 * import { MemoryStorage, Node, Rsm, SystemClock, type StateMachine } from "@kontiki/kontiki";
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
 * const node = await Node.start({
 *   id: 1,
 *   peers: [1],
 *   storage: new MemoryStorage(),
 *   transport: { send: () => {}, waiting: () => 0 },
 *   clock,
 *   random: Math.random,
 *   application: rsm,
 *   failed: (error) => console.error(error),
 * });
 * rsm.attach(node);
 * while (node.status().role !== "leader") await new Promise((resolve) => setTimeout(resolve, 10));
 * console.log("leads term", node.status().term);
 * rsm.stop();
 * await node.stop();
 * ```
 */
export class Node {
  readonly #raft: Raft;
  readonly #options: NodeOptions & typeof NODE_DEFAULTS;
  readonly #ticker: Ticker;
  readonly #feeder: Feeder;
  /** A turn is under way or will begin soon. */
  #isAwake = false;
  /** Something arrived since the turn under way took its effects. */
  #hasInput = false;
  #isSaving = false;
  #turnsSinceYield = 0;
  #isStopped = false;
  /** It ended by itself. */
  #hasFailed = false;
  /** An image is being drawn or written; then it is the core's, and waits for the next save. */
  #image: "none" | "drawing" | "kept" = "none";
  #preparation: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;
  /** What the application last heard of. */
  #reported: Raft["standing"] | null = null;
  #isRemoved = false;

  private constructor(options: NodeOptions, raft: Raft) {
    this.#options = { ...NODE_DEFAULTS, ...options };
    this.#raft = raft;
    const failed = (error: unknown): void => this.#die(error);
    this.#feeder = new Feeder({ ...options, failed, isStopped: () => this.#isStopped });
    this.#ticker = new Ticker({
      clock: options.clock,
      tickMs: this.#options.tickMs,
      due: () => raft.ticksUntilDue,
      tick: () => this.#input(() => raft.tick()),
    });
  }

  /**
   * Loads what the storage holds, restores the application from the snapshot and starts to tick. If
   * it fails the storage is closed.
   *
   * @throws {RangeError} If an option is out of its range.
   */
  static async start(options: NodeOptions): Promise<Node> {
    checkOptions(options);
    const { storage } = options;
    const loaded = await storage.load();
    try {
      const { images } = options.application;
      await images?.open();
      const state = images?.durable ?? null;
      const persistent = await alignedLog(loaded, state, storage);
      const snapshot = state ?? persistent.snapshot;
      const { clock, random, observer, transport } = options;
      const waiting = (to: NodeId) => transport.waiting(to);
      const accepts = (image: Uint8Array) => options.application.accepts?.(image) ?? true;
      const environment = { clock, random, trace: observer?.traced, waiting, images, accepts };
      const raft = new Raft(options, persistent, environment);
      if (snapshot !== null && snapshot.last.index > 0) await restoreNow(snapshot, options);
      // The ticker starts after the restore: the time of a restore is not silence of the leader.
      const node = new Node(options, raft);
      const { configuration: { members }, asOf } = raft.known;
      transport.connect?.(members, asOf);
      options.observer?.turned?.(raft);
      node.#reportChanges();
      node.#ticker.arm();
      node.#attachImages();
      return node;
    } catch (error) {
      await options.application.images?.close(false);
      await storage.close();
      throw error;
    }
  }

  /** A message from a peer arrived. One that cannot be true has no effect; returns why it cannot. */
  receive(envelope: Envelope): string | null {
    this.#ticker.catchUp();
    const reason = doubt(envelope, this.#raft);
    if (reason === null) this.#input(() => this.#raft.step(envelope));
    return reason;
  }

  /** Bytes of a bulk message (`isBulk`) from a peer are arriving; the message itself comes later. */
  heard(from: NodeId): void {
    this.#ticker.catchUp();
    this.#input(() => {
      this.#raft.heard(from);
      // Only time is counted anew: there is nothing to do.
      return false;
    });
  }

  /**
   * The place the command will have if it commits; `null`: not the leader. The bytes are kept and
   * must not change any more.
   *
   * @throws {RangeError} If the command is longer than `commandBytesMax`.
   */
  propose(command: Uint8Array): Position | null {
    const { commandBytesMax } = this.#options;
    if (command.length > commandBytesMax) {
      throw new RangeError(
        `Cannot propose a command: wanted at most ${commandBytesMax} bytes, got ${command.length}`,
      );
    }
    return this.#input(() => this.#raft.propose(command)) ?? null;
  }

  /**
   * Begins a change of the cluster's members; returns the place of its entry, or why it does not begin.
   * It has succeeded when `status().members` are the target's and `commit` has reached that entry or,
   * if the voters change, the second one, which the leader appends by itself.
   *
   * @throws {RangeError} If no cluster can have these members, or not after the present ones.
   */
  changeMembers(target: TargetMembers): Position | ChangeRefusal {
    // A target that makes no sense is the caller's error, and no reason to die.
    checkChange(this.#raft.status().members, target);
    return this.#input(() => this.#raft.changeMembers(target)) ?? "notLeader";
  }

  /**
   * Hands leadership over to a voter, or to the one that can take over soonest. Commands are refused
   * until that has succeeded, or for an election timeout. False: not the leader, or no server can take over.
   */
  transfer(to: NodeId | null = null): boolean {
    return this.#input(() => this.#raft.transfer(to)) ?? false;
  }

  /**
   * Registers a linearizable read, decided later by `application.read`. False: this server neither leads
   * nor follows a leader that it can ask.
   */
  read(context: number): boolean {
    return this.#input(() => this.#raft.read(context)) ?? false;
  }

  /**
   * How many milliseconds ago the state up to an index was certainly still the newest; `null`: unknown.
   * Measured by the clock of this server alone.
   */
  ageMs(applied: Index): number | null {
    const at = this.#raft.freshAt(applied);
    return at === null ? null : this.#options.clock.now() - at;
  }

  /** The application has an image of everything up to and including `index`. */
  compact(index: Index, data: Uint8Array): void {
    this.#input(() => this.#raft.compact(index, data));
  }

  /**
   * As {@linkcode compact}, with an image of the state right now that is drawn and written little by
   * little, beside everything else. Returns false without calling `snapshot` while an earlier image is
   * unsaved. `ended` is called with the size of the image once it is written, or with `null` if it is
   * given up because the disk is full.
   */
  draw(
    index: Index,
    snapshot: () => Uint8Array | Image,
    ended: (bytes: number | null) => void = () => {},
  ): boolean {
    if (this.#isStopped || this.#image !== "none") return false;
    this.#image = "drawing";
    this.#preparation = this.#keepImage(index, { image: snapshot(), ended });
    return true;
  }

  /** False: a disk is full. Commands should be refused until there is room again. */
  get hasRoom(): boolean {
    const { storage, application } = this.#options;
    return storage.hasRoom && application.images?.hasRoom !== false;
  }

  /** A look from outside. */
  status(): Status {
    return this.#raft.status();
  }

  /** After this call nothing is applied or sent any more; resolves when the storage is closed. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#ticker.stop();
    return this.#closing ??= this.#close();
  }

  #attachImages(): void {
    const { images } = this.#options.application;
    const changed = (): void => this.#input(() => this.#raft.imagesChanged());
    const failed = (error: unknown): void => this.#die(error);
    images?.attach({ changed, failed, durable: () => this.#raft.durable });
    changed();
  }

  async #close(): Promise<void> {
    // A save that waited for room has acknowledged nothing.
    this.#options.storage.stopWaiting();
    await this.#saving;
    await this.#preparation;
    await this.#options.application.images?.close(!this.#hasFailed);
    await this.#options.storage.close();
  }

  #input<Result>(run: () => Result): Result | undefined {
    if (this.#isStopped) return undefined;
    try {
      const result = run();
      // A refusal, or a tick in which nothing is due, leaves nothing to be done.
      if (result !== false && result !== null) this.#wake();
      return result;
    } catch (error) {
      this.#die(error);
      return undefined;
    }
  }

  #wake(): void {
    this.#hasInput = true;
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#options.clock.soon(() => this.#run());
  }

  /** Turn after turn while there is input, then sleeps until {@linkcode #wake}. */
  #run(): void {
    try {
      while (this.#hasInput && !this.#isStopped) {
        this.#hasInput = false;
        this.#ticker.catchUp();
        if (this.#isStopped) return;
        this.#perform(this.#raft.takeEffects());
        this.#save();
        if (this.#raft.hasMore || ++this.#turnsSinceYield > TURNS_MAX) return this.#yield();
      }
      this.#isAwake = false;
    } catch (error) {
      this.#die(error);
    }
  }

  #perform({ send, restore, apply, reads, members }: Effects): void {
    const { transport, observer } = this.#options;
    if (members !== null) transport.connect?.(members, this.#raft.known.asOf);
    transport.send(send);
    if (this.#isStopped) return; // by what was sent
    this.#feeder.give({ restore, apply, reads });
    this.#reportChanges();
    this.#ticker.arm();
    observer.turned?.(this.#raft);
  }

  /** Begins the next save, if there is something to save and none is under way. */
  #save(): void {
    if (this.#isSaving || this.#isStopped) return;
    const save = this.#raft.takeSave();
    // An image that the core had no use for keeps nothing waiting.
    if (save === null && this.#image === "kept") this.#image = "none";
    if (save === null) return;
    this.#isSaving = true;
    this.#saving = this.#saveNow(save);
  }

  async #saveNow(save: Save): Promise<void> {
    const { storage, clock, observer } = this.#options;
    const isKept = this.#image === "kept";
    const begin = clock.now();
    try {
      await storage.save(save);
      observer.saved?.(clock.now() - begin);
      this.#isSaving = false;
      if (isKept) this.#image = "none";
      this.#input(() => this.#raft.saved());
    } catch (error) {
      this.#die(error);
    }
  }

  /**
   * Much is left to do: let others have the thread in between, heartbeats above all (X8). A timer
   * does that; `soon` promises only to wait for the input at hand.
   */
  #yield(): void {
    this.#hasInput = true;
    this.#turnsSinceYield = 0;
    this.#options.clock.after(0, () => this.#run());
  }

  async #keepImage(index: Index, { image, ended }: Drawing): Promise<void> {
    const { storage, clock } = this.#options;
    const isStopped = () => this.#isStopped;
    try {
      const data = image instanceof Uint8Array ? image : await drawn(image, { clock, isStopped });
      if (data === null) return;
      const last = this.#raft.momentAt(index);
      // Without it, a newer snapshot has arrived from the leader meanwhile, and stays.
      const isKept = last === null || await storage.prepare({
        last,
        members: this.#raft.membersAt(index),
        data,
      });
      this.#image = isKept ? "kept" : "none"; // The disk is full: a later image is tried.
      if (isStopped()) return;
      ended(isKept ? data.length : null);
      if (isKept) this.compact(index, data);
    } catch (error) {
      this.#die(error);
    }
  }

  #reportChanges(): void {
    const isRemoved = this.#raft.isRemoved && this.#raft.standing.role !== "leader";
    if (isRemoved && !this.#isRemoved) this.#options.removed?.();
    this.#isRemoved = isRemoved;
    const { term, role, leader } = this.#raft.standing;
    const last = this.#reported;
    if (this.#isStopped) return;
    if (last?.term === term && last.role === role && last.leader === leader) return;
    this.#reported = { term, role, leader };
    const { application, observer } = this.#options;
    const status = this.#raft.status();
    observer.changed?.(status);
    application.changed(status);
  }

  /** Whatever went wrong, what the disk and the peers know is not certain any more: stop (D3). */
  #die(error: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = this.#hasFailed = true;
    this.#ticker.stop();
    this.#options.failed(error);
  }
}
