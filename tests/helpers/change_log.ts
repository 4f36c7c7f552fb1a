/**
 * Random logs of changes for the tests of watches, and what a watch of them must see.
 *
 * @module
 */

import type { Entry } from "../../kv/tables/mod.ts";
import type { Change, ChangeGroup } from "../../kv/store/mod.ts";
import type { KeyRange } from "../../kv/watch/mod.ts";

/** What decides. */
interface Dice {
  chance(probability: number): boolean;
  /** From 0 to below the limit. */
  below(limit: number): number;
  between(least: number, most: number): number;
  pick<T>(items: readonly T[]): T;
}

/** A log that grows by random writes, deletions and ends of leases; some revisions change nothing. */
export class ChangeLog {
  readonly groups: ChangeGroup[] = [];
  readonly #random: Dice;
  readonly #keys: readonly string[];
  readonly #newest = new Map<string, Entry>();
  #revision = 0;

  constructor(random: Dice, keys: number) {
    this.#random = random;
    this.#keys = Array.from({ length: keys }, (_, place) => `k${String(place).padStart(3, "0")}`);
  }

  /** The latest revision. */
  get revision(): number {
    return this.#revision;
  }

  /** Adds a revision. */
  grow(): void {
    this.#revision++;
    if (this.#random.chance(0.1)) return;
    const keys = new Set(
      Array.from({ length: this.#random.between(1, 4) }, () => this.#random.pick(this.#keys)),
    );
    const changes = [...keys].map((key) => this.#change(key));
    this.groups.push({ revision: this.#revision, changes });
  }

  /** What a watch sees of the revisions after one and up to another. */
  seen(ranges: readonly KeyRange[], from: number, upTo: number): readonly ChangeGroup[] {
    return this.groups.flatMap(({ revision, changes }) => {
      if (revision <= from || revision > upTo) return [];
      const part = changes.filter(({ entry: { key } }) => {
        return ranges.some(({ start, end }) => start <= key && (end === null || key < end));
      });
      return part.length === 0 ? [] : [{ revision, changes: part }];
    });
  }

  /** Some ranges, which may overlap. */
  randomRanges(): readonly KeyRange[] {
    return Array.from({ length: this.#random.between(1, 3) }, () => {
      const start = this.#random.pick(this.#keys);
      if (this.#random.chance(0.5)) return { start, end: `${start}\0` };
      if (this.#random.chance(0.2)) return { start, end: null };
      return { start, end: `${start.slice(0, 3)}~` };
    });
  }

  #change(key: string): Change {
    const previous = this.#newest.get(key) ?? null;
    const isPut = previous === null || previous.value === null || this.#random.chance(0.7);
    const isNew = previous === null || previous.value === null;
    const entry: Entry = {
      key,
      revision: this.#revision,
      version: (previous?.version ?? 0) + 1,
      created: isNew ? this.#revision : previous.created,
      value: isPut ? new Uint8Array(this.#random.below(40)).fill(this.#revision) : null,
      lease: !isPut && this.#random.chance(0.3) ? 7 : 0,
      expires: 0,
    };
    this.#newest.set(key, entry);
    return { entry, previous };
  }
}
