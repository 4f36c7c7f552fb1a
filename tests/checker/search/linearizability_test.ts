/**
 * Tests of the checker: against an oracle that tries every order, on histories that are
 * linearizable by construction, and on such histories with one falsified reply.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { type KvInput, kvLabModel, kvModel, type KvOutput, type KvState } from "../kv_model.ts";
import { check } from "./linearizability.ts";
import type { Model, Operation } from "./model.ts";
import { isLinearizable, isWitness } from "./naive_checker.ts";
import { type Machine, randomHistory } from "./random_history.ts";
import {
  type RegisterInput,
  registerModel,
  type RegisterOutput,
  type RegisterState,
} from "../register_model.ts";
import { SeededRandom } from "../../sim/seeded_random.ts";

type RegisterHistory = Operation<RegisterInput, RegisterOutput>[];
type KvHistory = Operation<KvInput, KvOutput>[];

const registers: Machine<RegisterState, RegisterInput, RegisterOutput> = {
  model: registerModel,
  answer: ({ value }, input) => {
    if (input.op === "read") return { op: "read", value };
    return input.op === "write" ? { op: "write" } : { op: "cas", ok: value === input.from };
  },
};

/** Random requests with random replies: mostly illegal, sometimes legal. */
function tinyRegisterHistory(random: SeededRandom): RegisterHistory {
  const clients = random.between(1, 4);
  const time = Array.from({ length: clients }, () => 0);
  return Array.from({ length: random.between(1, 6) }, () => {
    const client = random.below(clients);
    const call = time[client]! + random.below(3);
    const end = call + random.below(4);
    time[client] = end + random.below(2);
    const key = random.pick(["x", "x", "y"]);
    const [value, from] = [random.below(2), random.pick([0, 1, null])];
    const isLost = random.chance(0.2);
    const [input, output] = random.pick<[RegisterInput, RegisterOutput]>([
      [{ op: "read", key }, { op: "read", value: from }],
      [{ op: "write", key, value }, { op: "write" }],
      [{ op: "cas", key, from, to: value }, { op: "cas", ok: random.chance(0.5) }],
    ]);
    return { client, call, return: isLost ? null : end, input, output: isLost ? null : output };
  });
}

const store: Machine<KvState, KvInput, KvOutput> = {
  model: kvModel,
  answer: (state, input) => {
    if (input.op === "get") {
      return { op: "get", error: state.version === 0 ? "ErrNoKey" : "OK", ...state };
    }
    if (state.version === input.version) return { op: "put", error: "OK" };
    return { op: "put", error: state.version === 0 ? "ErrNoKey" : "ErrVersion" };
  },
};

/** A few legal operations; in most cases one then gets the reply of another. */
function tinyKvHistory(random: SeededRandom): KvHistory {
  const history = randomHistory(store, random.next, {
    clients: random.between(2, 4),
    operations: 6,
    lost: 0.15,
    request: (): KvInput => {
      const key = random.pick(["x", "x", "x", "y"]);
      if (random.chance(0.4)) return { op: "get", key };
      return { op: "put", key, value: random.pick(["a", "b"]), version: random.below(3) };
    },
  });
  const place = random.below(history.length);
  const { input, output } = history[place]!;
  if (output === null || random.chance(0.2)) return history;
  const replies = input.op === "put"
    ? (["OK", "ErrVersion", "ErrMaybe"] as const).map((error) => ({ op: "put", error } as const))
    : history.flatMap(({ output }) => output?.op === "get" ? [output] : []);
  return history.with(place, { ...history[place]!, output: random.pick<KvOutput>(replies) });
}

/** Checks the verdict, the witness or the failure; returns whether the history is legal. */
function compareWithOracle<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): boolean {
  const result = check(model, history);
  const isLegal = isLinearizable(model, history);
  assertEquals(result.verdict, isLegal ? "ok" : "illegal", JSON.stringify(history));
  for (const { key, longest, verdict, failure } of result.partitions) {
    const members = [...history.keys()].filter((place) =>
      model.partition(history[place]!.input) === key
    );
    if (verdict === "ok") assert(isWitness(model, history, { order: longest, members }));
    if (verdict !== "illegal") continue;
    assert(failure !== null);
    assert(failure.operations.includes(failure.culprit), JSON.stringify({ history, failure }));
    const until = history[failure.culprit]!.return!;
    // The prefix up to the culprit's return is illegal; without that return it is legal.
    const atReturn = prefix(history, members, { until, without: null });
    assert(!isLinearizable(model, atReturn), JSON.stringify({ history, failure }));
    const tied = members.some((place) =>
      place !== failure.culprit && history[place]!.output !== null &&
      history[place]!.return === until
    );
    if (tied) continue;
    const before = prefix(history, members, { until, without: failure.culprit });
    assert(isLinearizable(model, before), JSON.stringify({ history, failure }));
  }
  return isLegal;
}

function prefix<Input, Output>(
  history: readonly Operation<Input, Output>[],
  members: readonly number[],
  options: { readonly until: number; readonly without: number | null },
): Operation<Input, Output>[] {
  return members.filter((place) => history[place]!.call <= options.until).map((place) => {
    const operation = history[place]!;
    const isOpen = operation.output === null || operation.return! > options.until ||
      place === options.without;
    return isOpen ? { ...operation, return: null, output: null } : operation;
  });
}

Deno.test("check agrees with the oracle when registers reply at random", () => {
  const random = new SeededRandom(1);
  let legal = 0;
  for (let round = 0; round < 4000; round++) {
    if (compareWithOracle(registerModel, tinyRegisterHistory(random))) legal++;
  }
  // Both verdicts must occur often.
  assert(legal > 800 && legal < 3200, `${legal} of 4000 were legal`);
});

Deno.test("check agrees with the oracle when the store replies at random", () => {
  const random = new SeededRandom(2);
  let legal = 0;
  for (let round = 0; round < 4000; round++) {
    const history = tinyKvHistory(random);
    if (compareWithOracle(kvModel, history)) legal++;
    compareWithOracle(kvLabModel, history);
  }
  assert(legal > 800 && legal < 3200, `${legal} of 4000 were legal`);
});

/** Twenty clients on ten registers, with some outcomes unknown. */
function rightHistory(random: SeededRandom): RegisterHistory {
  let written = 0;
  return randomHistory(registers, random.next, {
    clients: 10,
    operations: 400,
    lost: 0.02,
    request: (_client, seen) => {
      const key = `k${random.below(10)}`;
      if (random.chance(0.4)) return { op: "read", key };
      if (random.chance(0.5)) return { op: "write", key, value: written++ };
      return { op: "cas", key, from: seen?.op === "read" ? seen.value : null, to: written++ };
    },
  });
}

/** Makes one read after an overwrite return the value before it; `null` without such a read. */
function withStaleReply(history: RegisterHistory, random: SeededRandom): RegisterHistory | null {
  for (const place of random.shuffle([...history.keys()])) {
    const read = history[place]!;
    if (read.output?.op !== "read") continue;
    const writes = history.filter(({ input, output, return: end }) =>
      input.op === "write" && input.key === read.input.key && output !== null && end! < read.call
    );
    const last = writes.reduce<typeof read | null>(
      (latest, write) => latest === null || write.call > latest.call ? write : latest,
      null,
    );
    const old = writes.find((write) => last !== null && write.return! < last.call);
    if (old?.input.op !== "write") continue;
    const stale = { ...read, output: { op: "read", value: old.input.value } as const };
    return history.with(place, stale);
  }
  return null;
}

Deno.test("check is ok on 50 legal histories, and illegal on all 50 with one stale reply", () => {
  let tried = 0;
  for (let seed = 0; tried < 50; seed++) {
    const random = new SeededRandom(seed, "stale");
    const history = rightHistory(random);
    assertEquals(check(registerModel, history).verdict, "ok", `seed ${seed}`);
    const stale = withStaleReply(history, random);
    if (stale === null) continue;
    tried++;
    const { verdict, failure } = check(registerModel, stale);
    assertEquals(verdict, "illegal", `seed ${seed}`);
    assert(failure !== null);
    assert(failure.operations.length <= 12, `seed ${seed}: ${JSON.stringify(failure)}`);
  }
});

Deno.test("check is ok on a legal history of twenty clients that contend for one key", () => {
  for (let seed = 0; seed < 5; seed++) {
    const random = new SeededRandom(seed, "contended");
    const history = randomHistory(store, random.next, {
      clients: 20,
      operations: 4000,
      lost: 0.01,
      request: (client, seen): KvInput =>
        seen?.op === "get" && random.chance(0.7)
          ? { op: "put", key: "k", value: `${client}`, version: seen.version }
          : { op: "get", key: "k" },
    });
    const { verdict, steps } = check(kvModel, history);
    assertEquals(verdict, "ok");
    assertLess(steps, 1_000_000);
  }
});

const write = (value: number, call: number, end: number): RegisterHistory[number] => ({
  client: value,
  call,
  return: end,
  input: { op: "write", key: "x", value },
  output: { op: "write" },
});
const read = (value: number | null, call: number, end: number): RegisterHistory[number] => ({
  client: 9,
  call,
  return: end,
  input: { op: "read", key: "x" },
  output: { op: "read", value },
});

/** Concurrent writes and a read of a value that was never written: the worst case. */
function hardHistory(writes: number): RegisterHistory {
  const all = Array.from({ length: writes }, (_, value) => write(value, 0, 10));
  return [...all, read(-1, 11, 12)];
}

Deno.test("check is unknown when the deadline passes first, at the same step in every run", () => {
  const run = (): ReturnType<typeof check> => {
    let time = 0;
    return check(registerModel, hardHistory(30), { now: () => time++, deadline: 5 });
  };
  const { verdict, partitions, failure, steps } = run();
  assertEquals([verdict, partitions[0]?.verdict, failure], ["unknown", "unknown", null]);
  assertEquals(steps, run().steps);
});

Deno.test("check is illegal when one key is illegal and another cannot be decided in time", () => {
  let time = 0;
  const other = { op: "write", key: "z", value: 1 } as const;
  const history = [
    ...hardHistory(30),
    { ...write(1, 0, 1), input: other },
    { ...read(7, 2, 3), input: { op: "read", key: "z" } as const },
  ];
  const { verdict, partitions } = check(registerModel, history, {
    now: () => time++,
    deadline: 100,
  });
  assertEquals(verdict, "illegal");
  assertEquals(partitions.map(({ key, verdict }) => `${key} ${verdict}`), [
    "x unknown",
    "z illegal",
  ]);
});

Deno.test("check reports the smallest failing part when a late read is stale", () => {
  const early = Array.from({ length: 50 }, (_, n) => write(n, n * 10, n * 10 + 5));
  const history = [...early, read(49, 600, 610), read(48, 620, 630), read(49, 640, 650)];
  const { failure, partitions } = check(registerModel, history);
  assertEquals(failure, {
    key: "x",
    culprit: 51,
    operations: [51],
    optional: [],
    start: ["49"],
  });
  assertEquals(partitions[0]!.longest.length, 51);
});

Deno.test("check reports concurrent operations when a stale read overlaps writes", () => {
  // The read of 1 ends after 2 was read, while 3 is under way.
  const history = [write(1, 0, 1), write(2, 2, 8), read(2, 3, 4), read(1, 5, 6), write(3, 5, 9)];
  const { failure } = check(registerModel, history);
  assertEquals(failure, {
    key: "x",
    culprit: 3,
    operations: [3],
    optional: [4],
    start: ["2"],
  });
});

Deno.test("check returns the unshrunk failure when the time limit passes after the proof", () => {
  const history = [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5), read(2, 6, 7)];
  let looks = 0;
  const { verdict, failure } = check(registerModel, history, {
    now: () => looks++,
    deadline: 1,
  });
  assertEquals(verdict, "illegal");
  assertEquals(failure?.operations, [0, 1, 2, 3]);
});

Deno.test("check throws when an operation returns before its call", () => {
  assertThrows(() => check(registerModel, [write(1, 5, 4)]), RangeError, "call <= return");
  assertThrows(() => check(registerModel, [write(1, NaN, 4)]), RangeError, "finite times");
  assertThrows(
    () => check(registerModel, [{ ...write(1, 5, 6), return: null }]),
    RangeError,
    "no output without a return",
  );
});

Deno.test("check is ok on an empty history", () => {
  assertEquals(check(registerModel, []), {
    verdict: "ok",
    operations: 0,
    partitions: [],
    failure: null,
    steps: 0,
  });
});
