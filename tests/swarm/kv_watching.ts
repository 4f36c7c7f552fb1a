/**
 * Readers of changes in the key/value swarm: they watch some keys through all faults, some of them
 * slowly, and in the end what each of them saw must equal a replay of the log.
 *
 * @module
 */

import { assertEquals, AssertionError } from "@std/assert";
import {
  type ChangeKind,
  type KeyRange,
  KvStore,
  rangeOfKey,
  type SeenGroup,
  Watcher,
  type WatchQuery,
} from "../../kv/mod.ts";
import type { ChangeGroup } from "../../kv/mod.ts";
import type { Ended } from "../checker/mod.ts";
import type { SeededRandom, SimServiceCluster } from "../sim/mod.ts";

/** What one watch saw, from its beginning until it ended or the run did. */
interface Sight {
  readonly query: WatchQuery;
  /** `null`: nothing has arrived yet. */
  from: number | null;
  upTo: number;
  readonly groups: SeenGroup[];
}

const LATE_MS_MAX = 20_000;

/** Reads changes while others write. */
export class KvWatching {
  readonly #cluster: SimServiceCluster;
  readonly #random: SeededRandom;
  readonly #keys: number;
  readonly #sights: Sight[] = [];
  /** The log, executed once more, as far as it was there. */
  readonly #store = new KvStore();
  readonly #groups: ChangeGroup[] = [];
  #replayed = 0;
  #wall = 0;
  /** Every watch must get so far; `null`: the run is not over. */
  #goal: number | null = null;
  readonly #over = Promise.withResolvers<null>();
  seen = 0;
  /** Watches that had to begin anew, because what they wanted was gone everywhere. */
  compacted = 0;

  constructor(cluster: SimServiceCluster, random: SeededRandom, keys: number) {
    this.#cluster = cluster;
    this.#random = random;
    this.#keys = keys;
    this.#store.observe({ changed: (group) => this.#record(group), replaced: () => {} });
  }

  /** Resolves when every reader has seen what happened until {@linkcode end}. */
  async run(): Promise<void> {
    const count = this.#random.between(1, 4);
    const all = Array.from({ length: count }, (_, number) => {
      return this.#read(this.#random.fork(`reader ${number}`));
    });
    await Promise.all(all);
  }

  /** Nothing more is written. */
  end(): void {
    this.#goal = this.#replay().at(-1)?.revision ?? 0;
    this.#over.resolve(null);
  }

  /** The keys that ended by themselves. */
  endings(): readonly Ended[] {
    return this.#replay().flatMap(({ revision, changes }) => {
      const keys = changes.flatMap(({ entry }) => {
        const kind = kindOf(entry);
        return kind === "expired" || kind === "leaseEnd" ? [{ key: entry.key, kind }] : [];
      });
      // What a client's batch removes is part of its answer.
      return keys.length < changes.length ? [] : [{ revision, keys }];
    });
  }

  /** Compares what was seen with a replay of the log. */
  verify(): void {
    const groups = this.#replay();
    for (const { query, from, upTo, groups: seen } of this.#sights) {
      assertEquals(
        seen,
        expected(groups, { query, from: from ?? 0, upTo: from === null ? 0 : upTo }),
      );
    }
  }

  async #read(random: SeededRandom): Promise<void> {
    const { clock } = this.#cluster;
    const slowMs = random.pick([0, 0, 10, 1000]);
    let query: WatchQuery = {
      ranges: this.#ranges(random),
      from: random.pick([0, null]),
      previous: random.chance(0.5),
      keysOnly: random.chance(0.2),
    };
    const late = random.fork("late");
    if (late.chance(0.3)) {
      // Begins when others have been writing for a while, somewhere in the past.
      await clock.wait(Promise.race([clock.sleep(late.range(0, LATE_MS_MAX)), this.#over.promise]));
      query = { ...query, from: late.between(0, this.#cluster.watcher.committed) };
    }
    while (true) {
      const sight: Sight = { query, from: query.from, upTo: query.from ?? 0, groups: [] };
      this.#sights.push(sight);
      const failedAt = await this.#follow(sight, { random, slowMs });
      if (failedAt === null) return;
      this.compacted++;
      query = { ...query, from: failedAt };
      await clock.sleep(random.range(0, 100));
    }
  }

  /** Reads until the goal; returns where to begin anew if the rest is gone. */
  async #follow(
    sight: Sight,
    { random, slowMs }: { readonly random: SeededRandom; readonly slowMs: number },
  ): Promise<number | null> {
    const { clock, ids, openWatch } = this.#cluster;
    const watcher = new Watcher({
      servers: random.shuffle(ids),
      open: openWatch,
      clock,
      random: random.next,
      query: sight.query,
    });
    const isDone = (): boolean => {
      return this.#goal !== null && sight.from !== null && sight.upTo >= this.#goal;
    };
    while (!isDone()) {
      const coming = watcher.next();
      // A reader that has everything waits in vain: nothing new happens.
      if (
        this.#goal === null && await clock.wait(Promise.race([coming, this.#over.promise])) === null
      ) {
        if (isDone()) break;
      }
      const next = await clock.wait(coming);
      if (next.type === "failed") {
        const { failure } = next;
        if (failure.reason !== "compacted" || failure.oldest <= sight.upTo) {
          throw new Error(`A watch failed at ${sight.upTo}: ${JSON.stringify(failure)}`);
        }
        return failure.oldest;
      }
      if (next.type === "closed") throw new Error("A watch ended by itself");
      const { group } = next;
      // A watch from now on begins where its first mark says, or with its first change.
      sight.from ??= group.changes.length === 0 ? group.revision : group.revision - 1;
      if (group.changes.length > 0) {
        sight.groups.push(group);
        this.seen++;
      }
      sight.upTo = group.revision;
      if (slowMs > 0 && this.#goal === null) await clock.sleep(random.range(0, slowMs));
    }
    watcher.close();
    return null;
  }

  #ranges(random: SeededRandom): readonly KeyRange[] {
    if (random.chance(0.3)) return [{ start: "", end: null }];
    return Array.from({ length: random.between(1, 2) }, () => {
      return rangeOfKey(`k${random.below(this.#keys)}`);
    });
  }

  /** The changes of the log so far. */
  #replay(): readonly ChangeGroup[] {
    const { watcher } = this.#cluster;
    while (this.#replayed < watcher.committed) {
      const index = ++this.#replayed;
      const entry = watcher.entryAt(index);
      if (entry === undefined) continue;
      this.#wall = entry.times.wall;
      if (entry.kind === "command") this.#store.apply(entry.data, { index, ...entry.times });
    }
    return this.#groups;
  }

  /** Records a group of the log, in which no key may end before its time (N1). */
  #record(group: ChangeGroup): void {
    this.#groups.push(group);
    for (const { entry } of group.changes) {
      const earlyMs = kindOf(entry) === "expired" ? entry.expires - this.#wall : 0;
      if (earlyMs > 0) throw new AssertionError(`${entry.key} ended ${earlyMs} ms early`);
    }
  }
}

function kindOf({ value, lease, expires }: ChangeGroup["changes"][number]["entry"]): ChangeKind {
  if (value !== null) return "put";
  if (lease > 0) return "leaseEnd";
  return expires > 0 ? "expired" : "delete";
}

/** What a watch sees of these groups. */
function expected(
  groups: readonly ChangeGroup[],
  { query, from, upTo }: {
    readonly query: WatchQuery;
    readonly from: number;
    readonly upTo: number;
  },
): readonly SeenGroup[] {
  const isWatched = (key: string): boolean =>
    query.ranges.some(({ start, end }) => start <= key && (end === null || key < end));
  const seen = (
    { value, lease, expires, ...entry }: ChangeGroup["changes"][number]["entry"],
  ) => {
    const shown = query.keysOnly || value === null ? new Uint8Array() : value;
    const ends = { ...lease === 0 ? {} : { lease }, ...expires === 0 ? {} : { expires } };
    return { ...entry, ...ends, value: shown };
  };
  return groups.filter(({ revision }) => revision > from && revision <= upTo).flatMap((group) => {
    const changes = group.changes.filter(({ entry }) => isWatched(entry.key)).map((change) => {
      const { entry, previous } = change;
      const before = query.previous && previous !== null && previous.value !== null
        ? seen(previous)
        : null;
      return { ...seen(entry), kind: kindOf(entry), previous: before };
    });
    return changes.length === 0 ? [] : [{ revision: group.revision, changes }];
  });
}
