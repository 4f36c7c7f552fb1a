/**
 * The replicated log in memory (§5.3): the entries after a base position, up to which a snapshot
 * replaces them (§7). Calculation only; the sections of the core decide when to append, cut or compact.
 *
 * Invariants: indexes run without a gap from `base.index + 1`; terms never decrease along the log.
 *
 * @module
 */

import {
  Configuration,
  Configurations,
  decodeMembers,
  type Members,
  type Placed,
} from "../members/mod.ts";
import { invariant } from "./invariant.ts";
import { goesBack } from "./times.ts";
import type { Conflict, Entry, Index, Moment, Position, Tail, Term } from "./types.ts";

/** The assumed size of an entry in memory and on disk beside its data. */
const ENTRY_OVERHEAD_BYTES = 24;

/** The number of times that the limit is kept for a peer whose snapshot is under way. */
const KEEP_FACTOR = 8;

/** The size by which entries count against limits. */
export function entryBytes(entry: Entry): number {
  return ENTRY_OVERHEAD_BYTES + entry.data.length;
}

/** Bounds for a run of entries. */
export interface SliceLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** A run of entries and what it counts against limits. */
export interface Slice {
  readonly entries: readonly Entry[];
  readonly bytes: number;
}

/** The entries from after a base position up to the last one. */
export class Log {
  #base: Moment;
  #entries: Entry[];
  /** The last index a snapshot stands in for. Entries up to it are kept only to help slow peers. */
  #covered: Index;
  #bytes = 0;
  /** The part of `#bytes` up to `#covered`. */
  #coveredBytes = 0;
  /** The lowest index that changed since {@linkcode takeTail}; `null`: nothing did. */
  #changedFrom: Index | null = null;
  #durable: Index;
  /** The value of `#durable` after the save under way; `null`: no save, or one without a tail. */
  #savingTo: Index | null = null;
  #configurations: Configurations;

  /** `first` is the configuration at the base. */
  constructor(base: Moment, entries: readonly Entry[], first = Configuration.of([])) {
    this.#base = base;
    this.#configurations = new Configurations({ index: base.index, configuration: first });
    this.#covered = base.index;
    this.#entries = [];
    for (const entry of entries) this.#push(entry);
    this.#durable = this.last.index;
  }

  /** The position before the first entry held. */
  get base(): Moment {
    return this.#base;
  }

  /** The configuration in force: that of the last entry that holds one, committed or not (M2). */
  get placed(): Placed {
    return this.#configurations.latest;
  }

  /** The configuration in force at an index that is not below the last snapshot. */
  placedAt(index: Index): Placed {
    return this.#configurations.at(index);
  }

  /** As {@linkcode placedAt}, and all configurations behind it. */
  placedFrom(index: Index): readonly Placed[] {
    return this.#configurations.from(index);
  }

  /** The log is on disk up to this index. */
  get durable(): Index {
    return this.#durable;
  }

  /** The size of the entries that no snapshot covers: what must be kept on disk. */
  get bytes(): number {
    return this.#bytes - this.#coveredBytes;
  }

  /** The last entry, or the base if there is none. */
  get last(): Moment {
    return this.#entries.at(-1) ?? this.#base;
  }

  /** The term at an index, or `null` where the log holds nothing (any more, or yet). */
  termAt(index: Index): Term | null {
    if (index === this.#base.index) return this.#base.term;
    return this.#entries[index - this.#base.index - 1]?.term ?? null;
  }

  /** The position at an index that the log must hold. */
  positionAt(index: Index): Position {
    const term = this.termAt(index);
    invariant(term !== null, `the log holds index ${index}`);
    return { index, term };
  }

  /** The place and time at an index that the log must hold. */
  momentAt(index: Index): Moment {
    const { term, times } = index === this.#base.index
      ? this.#base
      : this.#entries[index - this.#base.index - 1] ?? {};
    invariant(term !== undefined && times !== undefined, `the log holds index ${index}`);
    return { index, term, times };
  }

  /** Whether the log holds an entry with this index and term (§5.3, Log Matching). */
  matches(position: Position): boolean {
    return this.termAt(position.index) === position.term;
  }

  /** Entries from `from` on within the limits, but at least one if there is any. */
  slice(from: Index, limits: SliceLimits): Slice {
    const start = from - this.#base.index - 1;
    invariant(start >= 0, `entries from ${from} on are not compacted`);
    const end = Math.min(this.#entries.length, start + limits.entriesMax);
    let bytes = 0;
    let at = start;
    for (; at < end; at++) {
      const more = entryBytes(this.#entries[at]!);
      if (at > start && bytes + more > limits.bytesMax) break;
      bytes += more;
    }
    return { entries: this.#entries.slice(start, at), bytes };
  }

  /** Adds an entry behind the last one. */
  append(entry: Entry): void {
    this.#push(entry);
    this.#changedFrom ??= entry.index;
  }

  /**
   * Takes entries over from a leader: those already held stay, a conflicting one and all behind it
   * go (§5.3). Nothing is cut unless it conflicts, so a late or doubled append does no harm (L3).
   * Returns the index from which entries were cut, or `null`.
   */
  splice(entries: readonly Entry[]): Index | null {
    const fresh = entries.findIndex((entry) => !this.matches(entry));
    if (fresh === -1) return null;
    const from = entries[fresh]!.index;
    const cut = from <= this.last.index ? from : null;
    if (cut !== null) this.#truncate(cut);
    for (let at = fresh; at < entries.length; at++) this.append(entries[at]!);
    return cut;
  }

  /** A snapshot stands in for everything up to `covered`: no save has to hold that any more (§7). */
  cover(covered: Position): void {
    invariant(this.matches(covered), `the log holds ${covered.index}@${covered.term}`);
    this.#coveredBytes += this.#bytesBetween(
      Math.max(this.#covered, this.#base.index),
      covered.index,
    );
    this.#covered = covered.index;
    this.#configurations.forget(covered.index);
  }

  /**
   * Forgets covered entries, but for the last ones within the limit and those beyond `keep` within
   * eight times the limit. The array is copied, so that the memory of the others is freed.
   */
  trim(bytesMax: number, keep: Index): void {
    let base = this.#covered;
    let bytes = 0;
    for (; base > this.#base.index; base--) {
      const more = entryBytes(this.#entries[base - this.#base.index - 1]!);
      if (bytes + more > (base > keep ? KEEP_FACTOR * bytesMax : bytesMax)) break;
      bytes += more;
    }
    if (base === this.#base.index) return;
    this.#bytes -= this.#coveredBytes - bytes;
    this.#coveredBytes = bytes;
    const moment = this.momentAt(base);
    this.#entries = this.#entries.slice(base - this.#base.index);
    this.#base = moment;
  }

  /** Forgets everything: the log now begins, empty, after a position from elsewhere (§7). */
  reset(base: Moment, members: Members): void {
    // What the last snapshot covers is committed, so any other log agrees with it; the rest may not.
    this.#forgetDurableBeyond(this.#covered);
    this.#base = base;
    this.#covered = base.index;
    this.#entries = [];
    this.#bytes = 0;
    this.#coveredBytes = 0;
    this.#changedFrom = base.index + 1;
    const configuration = new Configuration(members);
    this.#configurations = new Configurations({ index: base.index, configuration });
  }

  /**
   * For a leader: where this log conflicts with its `previous`, one whole term at a time (§5.3).
   */
  conflictWith(previous: Position): Conflict {
    const term = this.termAt(previous.index);
    if (term === null) return { term: null, index: this.last.index + 1 };
    return { term, index: this.#firstAbove(term - 1) };
  }

  /** The last index that holds this term, or `null` if none does. */
  lastOfTerm(term: Term): Index | null {
    const index = this.#firstAbove(term) - 1;
    return this.termAt(index) === term ? index : null;
  }

  /** The changes since the last call that no snapshot covers, for a save. */
  takeTail(): Tail | null {
    if (this.#changedFrom === null) return null;
    const from = Math.max(this.#changedFrom, this.#covered + 1);
    this.#changedFrom = null;
    this.#savingTo = this.last.index;
    return { from, entries: this.#entries.slice(from - this.#base.index - 1) };
  }

  /** The save that took the tail has ended. */
  saved(): void {
    this.#durable = this.#savingTo ?? this.#durable;
    this.#savingTo = null;
  }

  #push(entry: Entry): void {
    const { index, term, times } = this.last;
    if (entry.index !== index + 1 || entry.term < term || goesBack(times, entry.times)) {
      invariant(entry.index === index + 1, `index ${entry.index} follows ${index} without a gap`);
      invariant(entry.term >= term, `term ${entry.term} at ${entry.index} is not below ${term}`);
      invariant(false, `the times at ${entry.index} do not go back behind those at ${index} (K1)`);
    }
    this.#entries.push(entry);
    this.#bytes += entryBytes(entry);
    if (entry.kind !== "members") return;
    const configuration = new Configuration(decodeMembers(entry.data));
    this.#configurations.append({ index: entry.index, configuration });
  }

  #truncate(from: Index): void {
    invariant(from > this.#covered, `index ${from} is not covered by a snapshot`);
    this.#bytes -= this.#bytesBetween(from - 1, this.last.index);
    this.#entries.length = from - this.#base.index - 1;
    this.#changedFrom = Math.min(this.#changedFrom ?? from, from);
    this.#configurations.cut(from);
    this.#forgetDurableBeyond(from - 1);
  }

  /** The disk no longer holds the log in memory beyond the index. */
  #forgetDurableBeyond(index: Index): void {
    this.#durable = Math.min(this.#durable, index);
    if (this.#savingTo !== null) this.#savingTo = Math.min(this.#savingTo, index);
  }

  /** The size of the entries after one index up to another. */
  #bytesBetween(after: Index, to: Index): number {
    let bytes = 0;
    for (let at = after; at < to; at++) bytes += entryBytes(this.#entries[at - this.#base.index]!);
    return bytes;
  }

  /** The first index, after the base, whose term is above the given one; terms never decrease. */
  #firstAbove(term: Term): Index {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.term > term) high = middle;
      else low = middle + 1;
    }
    return this.#base.index + 1 + low;
  }
}
