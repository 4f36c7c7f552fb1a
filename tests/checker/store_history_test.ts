/**
 * Tests of the checker of batches: a right history passes, and every way to be wrong is found.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Batch, Operation } from "../../kv/mod.ts";
import { findViolation, type Mark, type StoreOperation } from "./store_history.ts";
import { answer, EMPTY_STATE } from "./store_model.ts";
import type { StoreOutput } from "./store_leases.ts";

const range = {
  op: "range",
  start: "",
  end: "m",
  limit: 9,
  reverse: false,
  show: "entries",
} as const;

function put(key: string, value: string): Operation {
  return { op: "put", key, value: new TextEncoder().encode(value) };
}

function batch(...then: Operation[]): Batch {
  return { checks: [], then, otherwise: [], at: 0 };
}

/** A history without overlap: writes at revisions 1, 2, …; a read sees the write before it. */
function makeHistory(batches: readonly Batch[]): {
  readonly history: StoreOperation[];
  readonly marks: Map<string, Mark>;
} {
  let state = EMPTY_STATE;
  let revision = 0;
  const marks = new Map<string, Mark>();
  const history = batches.map((given, place): StoreOperation => {
    const isRead = given.then.every(({ op }) => op === "range");
    const mark = isRead ? null : `marks/${place}`;
    const input = mark === null ? given : { ...given, then: [...given.then, put(mark, "")] };
    if (mark !== null) marks.set(mark, { revision: ++revision, version: 1 });
    const done = answer(state, input, { revision });
    ({ state } = done);
    const times = { call: place * 10, return: place * 10 + 5 };
    return { client: 1, ...times, input, mark, isNever: false, output: done.output };
  });
  return { history, marks };
}

const batches = [
  batch(put("a", "1"), put("b", "1")),
  batch(range),
  batch({ op: "delete", key: "a" }, put("c", "2")),
  batch(range),
];

/** The violation after one operation of the history was changed. */
function changed(place: number, change: (operation: StoreOperation) => Partial<StoreOperation>) {
  const { history, marks } = makeHistory(batches);
  history[place] = { ...history[place]!, ...change(history[place]!) };
  return { violation: findViolation(history, marks), history, marks };
}

function outputOf({ output }: StoreOperation): Exclude<StoreOutput, "invalid"> {
  assert(output !== null && output !== "invalid");
  return output;
}

Deno.test("findViolation finds nothing wrong in a right history, also with unknown outcomes", () => {
  const { history, marks } = makeHistory(batches);
  assertEquals(findViolation(history, marks), null);
  assertEquals(changed(0, () => ({ return: null, output: null })).violation, null);
  assertEquals(changed(2, () => ({ return: null, output: null })).violation, null);
});

Deno.test("findViolation finds an answer that no single copy gives", () => {
  const phantom = changed(1, (read) => {
    const [result] = outputOf(read).results;
    assert(result?.op === "range");
    const entries = [...result.entries, { ...result.entries[0]!, key: "c" }];
    return { output: { ...outputOf(read), results: [{ ...result, entries }] } };
  });
  assertStringIncludes(phantom.violation ?? "", "wanted");
  const stale = changed(3, (read) => ({ output: { ...outputOf(read), revision: 1 } }));
  assertStringIncludes(stale.violation ?? "", "at revision 1 began after one at 2 had ended");
  const held = changed(2, (write) => ({ output: { ...outputOf(write), held: false } }));
  assert(held.violation !== null);
});

Deno.test("findViolation finds a write that was lost, doubled, or called never", () => {
  const lost = makeHistory(batches);
  lost.marks.delete("marks/0");
  assertStringIncludes(findViolation(lost.history, lost.marks) ?? "", "wanted its mark, got");
  const doubled = makeHistory(batches);
  doubled.marks.set("marks/2", { revision: 2, version: 2 });
  assertStringIncludes(findViolation(doubled.history, doubled.marks) ?? "", "executed 2 times");
  const never = changed(2, () => ({ return: null, output: null, isNever: true }));
  assertStringIncludes(never.violation ?? "", "was not executed left its mark");
});

Deno.test("findViolation finds two writes at one revision, and a write before one that had ended", () => {
  const { history, marks } = makeHistory(batches);
  history[2] = { ...history[2]!, output: { ...outputOf(history[2]!), revision: 1 }, call: 2 };
  marks.set("marks/2", { revision: 1, version: 1 });
  assert(findViolation(history, marks) !== null);
  const early = makeHistory([...batches, batch(put("d", "1"))]);
  const last = early.history[4]!;
  early.history[4] = { ...last, output: null, return: null };
  early.marks.set("marks/4", { revision: 2, version: 1 });
  assertStringIncludes(findViolation(early.history, early.marks) ?? "", "had ended");
});

Deno.test("findViolation finds a lease that ends early, by the puts that were executed", () => {
  const bound = (lease: number): Operation => ({ ...put("k", "1"), lease }) as Operation;
  const isTaken = { key: "nothing", present: true } as const;
  const begin = batch(
    { op: "grant", lease: 1, ttl: 5 },
    { op: "grant", lease: 3, ttl: 5000 },
    bound(1),
  );
  const end = [{ revision: 3, keys: [{ key: "k", kind: "leaseEnd" }] }] as const;
  const last = batch(put("z", "1"));
  const right = makeHistory([begin, { ...batch(bound(3)), checks: [isTaken] }]);
  const after = makeHistory([begin, { ...batch(bound(3)), checks: [isTaken] }, last]).history[2]!;
  const placed = { ...after, output: { ...after.output as object, revision: 4 } as StoreOutput };
  right.marks.delete("marks/1");
  right.marks.set("marks/2", { revision: 4, version: 1 });
  assertEquals(findViolation([...right.history, placed], right.marks, end), null);

  const wrong = makeHistory([begin, batch(bound(3))]);
  wrong.marks.set("marks/2", { revision: 4, version: 1 });
  const violation = findViolation([...wrong.history, placed], wrong.marks, end);
  assertStringIncludes(violation ?? "", "lease 3 ended 4475 ms early");
});
