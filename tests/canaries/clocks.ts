/**
 * Bugs of the times in the log and of what ends by them, rules K and N of docs/rules.md.
 *
 * @module
 */

import { type Canary, ELECTING, SWARM, WALK } from "./canary.ts";

const TIMES = "raft/core/model/times.ts";
const TIMES_TEST = "raft/core/model/times_test.ts";

const ENDINGS = "kv/store/endings.ts";
const STORE = "kv/store/store.ts";
const PROPOSER = "kv/server/end_proposer.ts";

const LOCK = "kv/client/leased_lock.ts";
const LOCKS = "kv/client/leased_lock_test.ts";
const KEEPER = "kv/client/lease_keeper.ts";
const KEEPS = "kv/client/lease_keeper_test.ts";
const LEASE_WORK = "kv/store/lease_work.ts";

const UNITS = "kv/store/endings_test.ts";
const LEASES = "kv/store/leases_test.ts";
const PROPOSALS = "kv/server/end_proposer_test.ts";
const RUNS = "tests/swarm/kv_endings_test.ts";

/** Bugs by rule, planted one at a time. */
export const clockCanaries: readonly Canary[] = [
  {
    rule: "K1",
    bug: "wall time goes back after a change of leader",
    file: TIMES,
    find: "const wall = Math.max(before.wall, Math.floor(this.#clocks.wall()));",
    replace: "const wall = Math.floor(this.#clocks.wall());",
    caughtBy: [TIMES_TEST, SWARM, WALK],
  },
  {
    rule: "K1",
    bug: "a new leader begins at the time of its own clock",
    file: TIMES,
    find: "    this.#times = last;\n  }",
    replace: "    this.#times = FIRST_TIMES;\n  }",
    caughtBy: [TIMES_TEST, WALK],
  },
  {
    rule: "K1",
    bug: "a restart forgets the time of its snapshot",
    file: "raft/storage/file_reading.ts",
    find: "return { last: { index, term, times: { steady, wall } }, members, data: image };",
    replace:
      "return { last: { index, term, times: { steady: 0, wall: 0 } }, members, data: image };",
    caughtBy: ["raft/storage/file_storage_test.ts"],
  },
  {
    rule: "K1",
    bug: "a follower takes entries whose times go back",
    file: "raft/doubt.ts",
    find: "if (held?.term !== term || !goesBack(held.times, entry.times)) return null;",
    replace: "if (held !== undefined) return null;",
    caughtBy: ["raft/doubt_test.ts"],
  },
  {
    rule: "K1",
    bug: "a record gives all its entries the times of its first",
    file: "raft/storage/format/record.ts",
    find: "return before === null || entry.times !== before.times || entry.term !== before.term;",
    replace: "return before === null || entry.term !== before.term;",
    caughtBy: ["raft/storage/file_storage_test.ts"],
  },
  {
    rule: "K2",
    bug: "steady time runs while there is no leader",
    file: TIMES,
    find: "this.#origin = clocks.now() - last.steady;",
    replace: "this.#origin = 0;",
    caughtBy: [TIMES_TEST, WALK],
  },
  {
    rule: "K2",
    bug: "steady time follows the date",
    file: TIMES,
    find: "Math.floor(this.#clocks.now() - this.#origin)",
    replace: "Math.floor(this.#clocks.wall() - this.#origin)",
    caughtBy: [TIMES_TEST],
  },
  {
    rule: "K2",
    bug: "a new leader does not look at the end of its log",
    file: ELECTING,
    find: "const time = new LeaderTime(server.log.last.times, server.clock);",
    replace: "const time = new LeaderTime({ steady: 0, wall: 0 }, server.clock);",
    caughtBy: [WALK, SWARM],
  },
  {
    rule: "K3",
    bug: "wall time stands still for as long as a node leads",
    file: TIMES,
    find: "Math.floor(this.#clocks.wall()));",
    replace: "0);",
    caughtBy: [TIMES_TEST],
  },
];

/** Bugs of keys that end by themselves. */
export const endingsCanaries: readonly Canary[] = [
  {
    rule: "N1",
    bug: "a key ends a second before its time",
    file: ENDINGS,
    find: 'to: placeOf(wall + 1, "")',
    replace: 'to: placeOf(wall + 1001, "")',
    caughtBy: [UNITS, RUNS],
  },
  {
    rule: "N1",
    bug: "an end entry changes the state although it ends nothing",
    file: ENDINGS,
    find: "if (due.length > 0) this.#setFloor(floor, revision);",
    replace: "this.#setFloor(floor, revision);",
    caughtBy: [UNITS],
  },
  {
    rule: "N1",
    bug: "the end of a key looks like a deletion",
    file: ENDINGS,
    find: "{ key, value: null, revision, expires }), previous",
    replace: "{ key, value: null, revision }), previous",
    caughtBy: [UNITS, RUNS],
  },
  {
    rule: "N2",
    bug: "the first end of a key that was written again still counts",
    file: ENDINGS,
    find: "if (before > 0) this.#store(placeOf(before, key), { value: null, revision });",
    replace: "",
    caughtBy: [UNITS, RUNS],
  },
  {
    rule: "N2",
    bug: "a store that was restored from an image knows no ends",
    file: STORE,
    find: "this.#own = ownKeys(state, this.#levels);",
    replace:
      "this.#own = { ...ownKeys(state, this.#levels), endings: ownKeys(new MemoryState(), this.#levels).endings };",
    caughtBy: [UNITS],
  },
  {
    rule: "N2",
    bug: "a key whose end has passed when it is written never goes",
    file: ENDINGS,
    find: "if (after < this.#floor) this.#setFloor(after, revision);",
    replace: "",
    caughtBy: [UNITS],
  },
  {
    rule: "N2",
    bug: "what ends after the first key is never looked for",
    file: ENDINGS,
    find: "    for (const { key } of this.#state.scan(range)) return timeOf(key);",
    replace: "",
    caughtBy: [UNITS, RUNS],
  },
  {
    rule: "N2",
    bug: "a server that does not lead yet never tries again",
    file: PROPOSER,
    find: "      else this.#lookLater();",
    replace: "",
    caughtBy: [PROPOSALS, RUNS],
  },
  {
    rule: "N3",
    bug: "a server that slept while nothing ended misses the first key that does",
    file: PROPOSER,
    find: "options.store.observeEnds(() => this.#lookLater());",
    replace: "",
    caughtBy: [PROPOSALS, RUNS],
  },
  {
    rule: "N3",
    bug: "one entry ends all keys that are due",
    file: ENDINGS,
    find: "if (due.length === ENDED_AT_ONCE) {",
    replace: "if (due.length === Infinity) {",
    caughtBy: [UNITS],
  },
  {
    rule: "N4",
    bug: "a key that is touched keeps the lease that it had",
    file: "kv/store/execute.ts",
    find: "return { existed: true, version: this.#write(key, value, end).version };",
    replace: "return { existed: true, version: this.#rewrite(key, value).version };",
    caughtBy: [LEASES],
  },
  {
    rule: "N4",
    bug: "a lease ends by the date of the leader",
    file: STORE,
    find: "endLeases(draft, this.#own.leases.due(this.#steady), moment);",
    replace: "endLeases(draft, this.#own.leases.due(this.#wall), moment);",
    caughtBy: [LEASES, RUNS],
  },
  {
    rule: "N4",
    bug: "a renewed lease keeps the end that it had",
    file: LEASE_WORK,
    find: "  store(draft, { lease, ttl: found.ttl, ends: steady + found.ttl }, revision);",
    replace: "  store(draft, { lease, ttl: found.ttl, ends: found.ends }, revision);",
    caughtBy: [LEASES, RUNS],
  },
  {
    rule: "N4",
    bug: "a lease ends and leaves its keys",
    file: LEASE_WORK,
    find: "  for (const key of keys.slice(0, keysMax)) {",
    replace: "  for (const key of keys.slice(0, 0)) {",
    caughtBy: [LEASES],
  },
  {
    rule: "N4",
    bug: "a key that was written without its lease still ends with it",
    file: LEASE_WORK,
    find: "if (leaseOf(draft.get(name)) === lease) keys.add(name);",
    replace: "keys.add(name);",
    caughtBy: [LEASES],
  },
  {
    rule: "N4",
    bug: "a place among the bound keys outlives its key",
    file: "kv/store/leases.ts",
    find: "if (before > 0) this.#bind(before, entry, null);",
    replace: "",
    caughtBy: [LEASES],
  },
  {
    rule: "N4",
    bug: "what the batch itself has bound does not end with the lease",
    file: LEASE_WORK,
    find: "for (const entry of draft.changed()) if (leaseOf(entry) === lease) keys.add(entry.key);",
    replace: "",
    caughtBy: [LEASES],
  },
  {
    rule: "N4",
    bug: "a key is bound to a lease that is gone",
    file: "kv/store/execute.ts",
    find: "if (lease > 0 && !hasLease(this.#draft, lease)) {",
    replace: "if (lease > 0 && false) {",
    caughtBy: [LEASES],
  },
  {
    rule: "N4",
    bug: "leases that are due at once end in another order on a restored server",
    file: "kv/store/leases.ts",
    find: "due.sort(([end, lease], [otherEnd, other]) => end - otherEnd || lease - other);",
    replace: "",
    caughtBy: [LEASES],
  },
  {
    rule: "N4",
    bug: "a store that was restored from an image knows no leases",
    file: STORE,
    find: "this.#own = ownKeys(state, this.#levels);",
    replace:
      "this.#own = { ...ownKeys(state, this.#levels), leases: ownKeys(new MemoryState(), this.#levels).leases };",
    caughtBy: [LEASES],
  },
  {
    rule: "N4",
    bug: "a lease that is ending is renewed",
    file: LEASE_WORK,
    find: "if (found === null || found.ttl === 0) return false;",
    replace: "if (found === null) return false;",
    caughtBy: [LEASES],
  },
  {
    rule: "N4",
    bug: "a new leader lets a minute pass for every lease",
    file: "raft/core/model/times.ts",
    find: "this.#origin = clocks.now() - last.steady;",
    replace: "this.#origin = clocks.now() - last.steady - 60_000;",
    caughtBy: [RUNS],
  },
  {
    rule: "N3",
    bug: "one entry ends all leases that are due",
    file: "kv/store/leases.ts",
    find: "due.slice(0, LEASE_LIMITS.leasesAtOnce)",
    replace: "due",
    caughtBy: [LEASES],
  },
  {
    rule: "C4",
    bug: "a batch is executed for a client that waits for the lock",
    file: "kv/store/checks.ts",
    find: "return holderOf(draft, check.lock)?.created === check.revision;",
    replace: "return (holderOf(draft, check.lock)?.created ?? 0) <= check.revision;",
    caughtBy: [LEASES],
  },
  {
    rule: "C4",
    bug: "the queue of a lock lies inside the queue of another one",
    file: "kv/command/key_text.ts",
    find: '.replaceAll("/", "%2F")}/`;',
    replace: "}/`;",
    caughtBy: [LEASES],
  },
  {
    rule: "C4",
    bug: "every waiting client waits for the holder, and a release wakes all of them",
    file: LOCK,
    find: "if (first.entries[0]?.key !== made.key) return await this.#look(limits);",
    replace:
      "if (first.entries[0]?.key !== made.key) return { before: first.entries[0]!.key, revision: done.revision };",
    caughtBy: [LOCKS],
  },
  {
    rule: "C4",
    bug: "a lock that is given back stays in the queue until its lease ends",
    file: LOCK,
    find: 'const done = await this.#run([{ op: "revoke", lease }], limits);',
    replace: 'const done = await this.#run([{ op: "renew", leases: [lease] }], limits);',
    caughtBy: [LOCKS],
  },
  {
    rule: "C4",
    bug: "the lease of a holder is renewed too late",
    file: LOCK,
    find: "this.#timer = clock.after(ttlMs / 3, () => void this.#keep());",
    replace: "this.#timer = clock.after(ttlMs * 3, () => void this.#keep());",
    caughtBy: [LOCKS],
  },
  {
    rule: "C4",
    bug: "a lock that could not be given back is renewed for ever",
    file: LOCK,
    find: "    this.#key = null;\n    this.#sureUntil = -Infinity;\n    const lease = this.#lease;",
    replace: "    const lease = this.#lease;",
    caughtBy: [LOCKS],
  },
  {
    rule: "C4",
    bug: "a client whose key was removed believes that it holds the lock",
    file: LOCK,
    find: "if (renewed.gone.length > 0 || mine.entry === null) {",
    replace: "if (renewed.gone.length > 0) {",
    caughtBy: [LOCKS],
  },
  {
    rule: "N4",
    bug: "a client counts the time of its lease from the answer",
    file: KEEPER,
    find: "    kept.sureUntil = sent + kept.ttlMs;",
    replace: "    kept.sureUntil = this.#options.clock.now() + kept.ttlMs;",
    caughtBy: [KEEPS],
  },
  {
    rule: "N4",
    bug: "a lease is not renewed again after a lost answer",
    file: KEEPER,
    find: "kept.renewAt = now + kept.ttlMs / RENEWALS;",
    replace: "kept.renewAt = Infinity;",
    caughtBy: [KEEPS],
  },
  {
    rule: "N4",
    bug: "a client renews a lease that has ended, and does not notice",
    file: KEEPER,
    find: 'if (gone.has(kept.lease)) this.#lose(kept, "ended");\n      else if',
    replace: "if",
    caughtBy: [KEEPS],
  },
  {
    rule: "N4",
    bug: "every lease is renewed in a batch of its own",
    file: KEEPER,
    find: "kept.renewAt - kept.ttlMs * EARLY_SHARE <= now",
    replace: "kept.renewAt <= now",
    caughtBy: [KEEPS],
  },
  {
    rule: "N4",
    bug: "a lease whose renewals get no answer never counts as lost",
    file: KEEPER,
    find: 'this.#lose(kept, "doubtful");\n        continue;',
    replace: "kept.sureUntil = now + kept.ttlMs;\n        continue;",
    caughtBy: [KEEPS],
  },
];
