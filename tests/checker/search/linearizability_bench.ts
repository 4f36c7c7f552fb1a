/**
 * The speed of the checker, compared with the least work that any checker must do on the same
 * history: apply the model to the operations in a known valid order. The ratio of the two rows does
 * not depend on the machine.
 *
 * @module
 */

import { type KvInput, kvModel, type KvOutput, type KvState } from "../kv_model.ts";
import { check } from "./linearizability.ts";
import { randomHistory } from "./random_history.ts";
import { SeededRandom } from "../../sim/seeded_random.ts";

const OPERATIONS = 100_000;
const KEYS = 1_000;

const random = new SeededRandom(1);
const versions = new Map<string, number>();
const history = randomHistory<KvState, KvInput, KvOutput>(
  {
    model: kvModel,
    answer: (state, input) => {
      if (input.op === "get") {
        return { op: "get", error: state.version === 0 ? "ErrNoKey" : "OK", ...state };
      }
      if (state.version === input.version) return { op: "put", error: "OK" };
      return { op: "put", error: state.version === 0 ? "ErrNoKey" : "ErrVersion" };
    },
  },
  random.next,
  {
    clients: 50,
    operations: OPERATIONS,
    lost: 0.001,
    request: (client) => {
      const key = `k${random.below(KEYS)}`;
      if (random.chance(0.5)) return { op: "get", key };
      const version = versions.get(key) ?? 0;
      versions.set(key, version + 1);
      return { op: "put", key, value: `${client}`, version };
    },
  },
);
const witness = check(kvModel, history).partitions.map(({ longest }) => longest);

Deno.bench({
  name: "model only: 100,000 operations in a known order",
  group: "linearizability",
  baseline: true,
  fn: () => {
    for (const order of witness) {
      let state = kvModel.init();
      for (const place of order) {
        const { input, output } = history[place]!;
        const next = kvModel.step(state, input, output);
        if (next === undefined) throw new Error("the witness does not hold");
        state = next;
      }
    }
  },
});

Deno.bench({
  name: "check: 100,000 operations over 1,000 keys",
  group: "linearizability",
  fn: () => {
    const { verdict } = check(kvModel, history);
    if (verdict !== "ok") throw new Error(`wanted ok, got ${verdict}`);
  },
});
