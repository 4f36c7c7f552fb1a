/**
 * Mutants that may survive, each with the reason. An entry is found by the text of the line and of
 * the change, as `deno task mutate` prints them; `tools/mutation/plan_test.ts` fails when the text of
 * an entry is no longer in its file.
 *
 * @module
 */

import type { Accepted } from "./plan.ts";

const THREAD =
  "Which thread appends or syncs changes no result, only how long the event loop waits; " +
  "`raft/storage/file_storage_bench.ts` measures it.";
const TRACE = "A line of the trace, for people; no behaviour hangs on it.";
const MOMENT =
  "The two differ only at one exact instant of a clock with fractions of milliseconds.";

/** All survivors that are accepted. */
export const ACCEPTED: readonly Accepted[] = [
  {
    file: "raft/storage/deno_files.ts",
    code: "const inline = this.#unsyncedBytes <= INLINE_WRITE_BYTES_MAX;",
    change:
      "this.#unsyncedBytes <= INLINE_WRITE_BYTES_MAX -> this.#unsyncedBytes < INLINE_WRITE_BYTES_MAX",
    reason: THREAD,
  },
  {
    file: "raft/storage/deno_files.ts",
    code: "const inline = this.#unsyncedBytes <= INLINE_SYNC_BYTES_MAX &&",
    change:
      "this.#unsyncedBytes <= INLINE_SYNC_BYTES_MAX -> this.#unsyncedBytes < INLINE_SYNC_BYTES_MAX",
    reason: THREAD,
  },
  {
    file: "raft/storage/deno_files.ts",
    code: "if (inline) this.#file.syncDataSync();",
    change: "inline -> !(inline)",
    reason: THREAD,
  },
  {
    file: "raft/storage/deno_files.ts",
    code: "if (performance.now() > deadline) {",
    change: "performance.now() > deadline -> performance.now() >= deadline",
    reason: MOMENT,
  },
  {
    file: "kv/client/lock.ts",
    code: "while (clock.now() < deadline) {",
    change: "clock.now() < deadline -> clock.now() <= deadline",
    reason:
      "At the deadline itself one more attempt begins, with no time left: its answer is the same.",
  },
  {
    file: "net/rpc/rpc_client.ts",
    code:
      "if (performance.now() - this.#failedAt < this.#options.retryMs) return Promise.resolve(null);",
    change:
      "performance.now() - this.#failedAt < this.#options.retryMs -> performance.now() - this.#failedAt <= this.#options.retryMs",
    reason: MOMENT,
  },
  {
    file: "net/rpc/rpc_server.ts",
    code: "this.#clients.delete(idlest);",
    change: "this.#clients.delete(idlest); -> ;",
    reason: "The end of its connection removes the client too, before another hello is read.",
  },
  {
    file: "net/rpc/rpc_server.ts",
    code: "if (other.queuedBytes === 0 && other !== connection) this.#owed.delete(other);",
    change: "this.#owed.delete(other); -> ;",
    reason: "A connection where nothing waits adds no bytes; it leaves the set when it ends.",
  },
  {
    file: "raft/core/snapshots.ts",
    code: "server.trace?.(`compacts to ${last.index}@${last.term}`);",
    change: "server.trace?.(`compacts to ${last.index}@${last.term}`); -> ;",
    reason: TRACE,
  },
  {
    file: "raft/core/elections.ts",
    code: "server.trace?.(`votes for n${from} in term ${server.term}`);",
    change: "server.trace?.(`votes for n${from} in term ${server.term}`); -> ;",
    reason: TRACE,
  },
  {
    file: "net/faults/faults.ts",
    code: "if (disturbance.drop > 0 && random() < disturbance.drop) return LOST;",
    change: "disturbance.drop > 0 -> disturbance.drop >= 0",
    reason: "No random number is below 0: the same messages are lost, after one draw more.",
  },
  {
    file: "net/faults/faults.ts",
    code: "if (disturbance.duplicate === 0 || random() >= disturbance.duplicate) return [first];",
    change: "random() >= disturbance.duplicate -> random() > disturbance.duplicate",
    reason: "The two differ for one value of a random number out of 2^53.",
  },
  {
    file: "raft/lab.ts",
    code: "throw error;",
    change: "throw error; -> ;",
    reason: "The default of a server that died: the error ends the whole process, tests included.",
  },
];
