/**
 * The ports of the driver: a disk, a network, a clock, and the application above the log. Each is
 * an interface of a few methods with one implementation for production and one for the simulator.
 *
 * @module
 */

import type {
  Entry,
  Envelope,
  Index,
  NodeId,
  Persistent,
  Position,
  Save,
  Snapshot,
} from "./types.ts";
import type { Images } from "./images.ts";
import type { Members } from "../members/mod.ts";
import type { Status } from "./status.ts";

/** Durable state of one server. */
export interface Storage {
  /**
   * The state that was saved last, or the empty state of a server that never ran. Called once,
   * first.
   */
  load(): Promise<Persistent>;
  /**
   * Resolves only when the change would survive a crash. Calls do not overlap. A failed save ends
   * the node: what the disk then holds is known only after a restart (D3).
   */
  save(change: Save): Promise<void>;
  /**
   * Writes a snapshot ahead of the save that makes it count, so that this save is short. May run
   * beside saves, once at a time; a crash forgets it. False: there is no room for it now, and nothing
   * is kept.
   */
  prepare(snapshot: Snapshot): Promise<boolean>;
  /** False: the disk is full. What was proposed can still be saved; nothing more should be. */
  readonly hasRoom: boolean;
  /** A save that waits for room on a full disk fails from now on. */
  stopWaiting(): void;
  /** Closes the files. No save is under way or will follow. */
  close(): Promise<void>;
}

/**
 * One folder of a disk, without folders inside. What is written is durable only after
 * {@linkcode WritableFile.sync}, a new, changed or lost name only after {@linkcode Files.syncFolder}.
 * A failed call says nothing about what the disk then holds.
 */
export interface Files {
  /** Makes the folder if it is missing and keeps other processes out until `close`. False: taken. */
  lock(): Promise<boolean>;
  /** The names in the folder, the lock's excepted, in any order. */
  list(): Promise<readonly string[]>;
  /** The length of the file. */
  size(name: string): Promise<number>;
  /** The bytes of a range; fewer where the file ends before. */
  read(name: string, range: ByteRange): Promise<Uint8Array<ArrayBuffer>>;
  /** A file to read from at any place, without waiting. */
  open(name: string): Promise<ReadFile>;
  /** A new empty file under this name, in the place of any old one. */
  create(name: string): Promise<WritableFile>;
  /** An existing file, to be written. */
  reopen(name: string): Promise<WritableFile>;
  /** Replaces `to`, if it exists, in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Removes the file. */
  remove(name: string): Promise<void>;
  /** Makes all names durable: what was created, renamed and removed before. */
  syncFolder(): Promise<void>;
  /** Resolves when a write that found the disk full may be tried again, and at {@linkcode close}. */
  pause(): Promise<void>;
  /** Releases the lock. */
  close(): Promise<void>;
}

/** A part of a file. */
export interface ByteRange {
  /** The first byte. */
  readonly offset: number;
  /** The number of bytes. */
  readonly length: number;
}

/** An open file whose bytes do not change any more. */
export interface ReadFile {
  /**
   * The bytes of a range; fewer where the file ends before. They lie in `into` if it is given, which has
   * room for them.
   */
  read(range: ByteRange, into?: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  /** Closes the file. Until then it can be read, even when its name is gone. */
  close(): void;
}

/** A file that grows at its end. */
export interface AppendFile {
  /** The bytes may be reused when this resolves. */
  append(bytes: Uint8Array): Promise<void>;
  /** Makes everything that was written durable, and the length (fdatasync). */
  sync(): Promise<void>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** A file that can be changed anywhere. */
export interface WritableFile extends AppendFile {
  /** Puts the bytes at an offset within the file. They may be reused when this resolves. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
}

/** Best-effort, one-way delivery. May lose, delay, duplicate, reorder; never blocks or throws. */
export interface Transport {
  /** All messages of one part of a turn, so that those to one peer can leave in one write. */
  send(envelopes: readonly Envelope[]): void;
  /**
   * How many bytes of bulk messages (`isBulk`) to a peer were given to {@linkcode send} and not yet to
   * the operating system. The core sends no more bulk while much waits here, and nothing twice.
   */
  waiting(to: NodeId): number;
  /**
   * The members have changed: from now on messages go to these and come from these, at their
   * addresses. An entry or snapshot of the log at `asOf` says so; zeros: the beginning of the cluster.
   * Called once at the start. Not needed where all servers know each other for ever.
   */
  connect?(members: Members, asOf: Position): void;
}

/**
 * The layer above the log, which the node drives. {@linkcode Rsm} is such a layer for state machines.
 */
export interface Application {
  /** Where images come from and go to. @default {the storage keeps them as bytes} */
  readonly images?: Images;
  /**
   * Replaces all state by the image, at once or in steps. Always newer than anything applied before.
   * Nothing is applied or read before the last step; if a newer image comes, the rest of the steps is
   * left out.
   */
  restore(snapshot: Snapshot): void | Steps;
  /**
   * Whether {@linkcode restore} can read the bytes of an image. Asked of an image that another server
   * sent, before it is saved: one that is saved and cannot be read would end every start. @default {it can}
   */
  accepts?(image: Uint8Array): boolean;
  /** The next committed entries, in order, without gap or repeat. No-ops included. */
  apply(entries: readonly Entry[]): void;
  /** Decides a read that {@linkcode Node.read} registered. */
  read(context: number, confirmed: boolean): void;
  /** The role, term or known leader changed in this turn. */
  changed(status: Status): void;
}

/**
 * An image that is being drawn, in steps of a few milliseconds at most, so that others get the thread
 * in between. It shows the state at the first step; what is applied later does not appear in it.
 */
export type Image = Generator<void, Uint8Array, void>;

/** Long work in steps of a few milliseconds at most, so that others get the thread in between. */
export type Steps = Generator<void, void, void>;

/** The entry of a command, and its times: the same on every server. */
export interface Stamp {
  /** The index of its entry: unique, and it grows. */
  readonly index: Index;
  /** As `Times.steady`: grows only while a server leads. For leases. */
  readonly steady: number;
  /** As `Times.wall`: milliseconds since 1970 by the leader's clock, never going back. */
  readonly wall: number;
}

/**
 * A deterministic machine. Bad commands and questions are answered, not thrown: what it throws ends
 * the node. Bytes that it gets or gives may be kept by both sides, and changed by neither.
 */
export interface StateMachine {
  /**
   * Executes a committed command and returns the reply. Every replica executes the same commands in
   * the same order, and again those since its last snapshot when it starts.
   */
  apply(command: Uint8Array, stamp: Stamp): Uint8Array;
  /** Answers a question without changing anything; called when the state is known to be current. */
  query(request: Uint8Array): Uint8Array;
  /**
   * An image from which {@linkcode restore} makes the same state anywhere: at once if that takes no
   * more than a few milliseconds, else drawn in steps.
   */
  snapshot(): Uint8Array | Image;
  /**
   * Replaces the state by an image: at once if that takes no more than a few milliseconds, else in
   * steps, of which the last one replaces it.
   */
  restore(data: Uint8Array): void | Steps;
  /** As `Application.accepts`. @default {any image is accepted} */
  accepts?(image: Uint8Array): boolean;
}

/** A pending action of a clock. */
export interface Timer {
  /** Cancels the action, if it has not run yet. */
  cancel(): void;
}

/** The only way to know the time or to act later. */
export interface Clock {
  /** Milliseconds since some moment that never changes; never goes back. */
  now(): number;
  /**
   * Milliseconds since 1970, as the computer's clock has it. May jump in any direction: only the
   * entries of a leader carry it.
   */
  wall(): number;
  /** Runs once when the time has passed. */
  after(ms: number, run: () => void): Timer;
  /** Once the input at hand has been read. */
  soon(run: () => void): void;
}

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;
