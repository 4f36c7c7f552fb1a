/**
 * Bugs of the linearizability checker. A checker that accepts illegal histories is worse than none,
 * and one that refuses legal histories is soon ignored.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const search = "tests/checker/search/linearization_search.ts";
const checker = "tests/checker/search/linearizability.ts";
const shrink = "tests/checker/search/shrink_failure.ts";
const kv = "tests/checker/kv_model.ts";
const unit = ["tests/checker/search/linearizability_test.ts"];
const corpus = ["tests/checker/histories_test.ts"];

/** Planted one at a time by `deno task canary`. */
export const canaries: readonly Canary[] = [
  {
    rule: "linearizability: real time",
    bug: "an operation may take effect after its return, so every order is accepted",
    file: search,
    find: "this.#node = this.#next[MAYBE_HEAD]!;",
    replace: "this.#node = this.#next[node]!;",
    caughtBy: corpus,
  },
  {
    rule: "linearizability: real time",
    bug: "at equal times a return comes before a call, so touching operations are not concurrent",
    file: search,
    find: "this.#times[a]! - this.#times[b]! || a - b",
    replace: "this.#times[a]! - this.#times[b]! || b - a",
    caughtBy: corpus,
  },
  {
    rule: "checker: cache",
    bug: "the cache ignores the state: a set of operations is not tried again from another state",
    file: search,
    find: "this.#isNew(this.#required.key() + this.#open.key() + key)",
    replace: "this.#isNew(this.#required.key() + this.#open.key())",
    caughtBy: unit,
  },
  {
    rule: "checker: cache",
    bug: "the cache ignores the set: a state is not entered again with other operations taken",
    file: search,
    find: "this.#isNew(this.#required.key() + this.#open.key() + key)",
    replace: "this.#isNew(key)",
    caughtBy: unit,
  },
  {
    rule: "checker: cache",
    bug: "the cache ignores which operations of unknown outcome were used",
    file: search,
    find: "if (seen.some((smaller) => this.#maybe.includes(smaller))) return false;",
    replace: "if (seen.length > 0) return false;",
    caughtBy: corpus,
  },
  {
    rule: "checker: backtracking",
    bug: "backtracking does not restore the state",
    file: search,
    find: "      this.#state = this.#states[this.#depth]!;\n",
    replace: "",
    caughtBy: unit,
  },
  {
    rule: "checker: backtracking",
    bug: "a matching write is never put back, which is valid only for reads",
    file: search,
    find: "if (this.#isReadOnly[number]) continue;",
    replace: "if (this.#isReadOnly[number] || number === 0) continue;",
    caughtBy: unit,
  },
  {
    rule: "checker: unknown outcomes",
    bug: "an operation without a return counts as not executed",
    file: search,
    find: "this.#places = [...required, ...open, ...maybe];",
    replace: "this.#places = [...required, ...open];",
    caughtBy: corpus,
  },
  {
    rule: "checker: unknown outcomes",
    bug: "an operation that was given up counts as returned at that time",
    file: search,
    find: "outputOf(place) === null || options.open?.has(place) === true;",
    replace:
      "(outputOf(place) === null && history[place]!.return === null) || options.open?.has(place) === true;",
    caughtBy: corpus,
  },
  {
    rule: "checker: unknown outcomes",
    bug: "an operation of unknown outcome is not used when the next operation is valid without it",
    file: search,
    find: "(shadow !== undefined && key === this.#model.key(shadow))",
    replace: "shadow !== undefined",
    caughtBy: unit,
  },
  {
    rule: "checker: unknown outcomes",
    bug: "an operation of unknown outcome may take effect before its call",
    file: search,
    find: "number >= this.#knownCount && this.#times[node]! > this.#limit;",
    replace: "number >= this.#knownCount && this.#times[node]! > Infinity;",
    caughtBy: corpus,
  },
  {
    rule: "checker: verdict",
    bug: "a key that was not decided in time is reported as ok",
    file: checker,
    find: 'return verdicts.includes("unknown") ? "unknown" : "ok";',
    replace: 'return "ok";',
    caughtBy: unit,
  },
  {
    rule: "checker: verdict",
    bug: "one undecided key hides another that is proven illegal",
    file: checker,
    find:
      'if (verdicts.includes("illegal")) return "illegal";\n  return verdicts.includes("unknown") ? "unknown" : "ok";',
    replace:
      'if (verdicts.includes("unknown")) return "unknown";\n  return verdicts.includes("illegal") ? "illegal" : "ok";',
    caughtBy: unit,
  },
  {
    rule: "checker: verdict",
    bug: "keys are searched one after the other, so a hard one starves later ones",
    file: checker,
    find: 'if (outcome === "paused") paused.push(place);',
    replace: 'if (outcome === "paused") return;',
    caughtBy: unit,
  },
  {
    rule: "checker: partition",
    bug: "all keys are treated as one",
    file: checker,
    find: "const key = model.partition(operation.input);",
    replace: 'const key = "";',
    caughtBy: corpus,
  },
  {
    rule: "checker: witness",
    bug: "the witness of an ok key is a longer, invalid order",
    file: search,
    find: "    this.#bestDepth = -1;\n",
    replace: "",
    caughtBy: unit,
  },
  {
    rule: "checker: failing part",
    bug: "the failing part ends one return too late",
    file: shrink,
    find: "if (this.#isIllegal(prefix(middle))) high = middle;",
    replace: "if (middle + 1 < high && this.#isIllegal(prefix(middle))) high = middle;",
    caughtBy: unit,
  },
  {
    rule: "checker: failing part",
    bug: "operations in progress at the cut are ignored",
    file: shrink,
    find: "const indexes = [...beginning.unused, ...part.later]",
    replace: "const indexes = [...part.later]",
    caughtBy: unit,
  },
  {
    rule: "kv model: ErrMaybe",
    bug: "ErrMaybe counts as not executed",
    file: kv,
    find:
      'KvState | undefined {\n  if (output === null || output.error === "ErrMaybe") return stepMaybe(state, input);',
    replace:
      'KvState | undefined {\n  if (output === null) return stepMaybe(state, input);\n  if (output.error === "ErrMaybe") return state;',
    caughtBy: corpus,
  },
  {
    rule: "kv model: strict",
    bug: "the version of a get is not compared",
    file: kv,
    find: "output.value === state.value &&\n      output.version === state.version;",
    replace: "output.value === state.value;",
    caughtBy: corpus,
  },
  {
    rule: "kv model: versions",
    bug: "a put does not raise the version",
    file: kv,
    find: "{ value: input.value, version: state.version + 1 }",
    replace: "{ value: input.value, version: input.version }",
    caughtBy: corpus,
  },
  {
    rule: "recorder: real time",
    bug: "when the clock stands still, a client's read counts as concurrent with its own write",
    file: "tests/recorder/kv_recorder.ts",
    find: "Math.max(this.#now(), this.#last + INSTANT_MS)",
    replace: "this.#now()",
    caughtBy: ["tests/recorder/kv_recorder_test.ts"],
  },
  {
    rule: "recorder: unknown outcomes",
    bug: "a put that was given up at the deadline counts as decided by then",
    file: "tests/recorder/kv_recorder.ts",
    find: "(isGuess || this.#now() >= deadline)",
    replace: "isGuess",
    caughtBy: ["tests/recorder/kv_recorder_test.ts"],
  },
  {
    rule: "recorder: verdict",
    bug: "a history that is not linearizable passes",
    file: "tests/recorder/kv_recorder.ts",
    find: 'if (result.verdict !== "illegal") return result.verdict;',
    replace: 'if (result.verdict !== null) return "ok";',
    caughtBy: ["tests/recorder/kv_recorder_test.ts"],
  },
  {
    rule: "tester: verdict",
    bug: "the lab's tester checks no history",
    file: "tests/lab/kv_tester.ts",
    find: 'if (this.#recorder.judge(limitMs) === "unknown")',
    replace: "if (limitMs < 0)",
    caughtBy: ["tests/lab/kv_tester_test.ts"],
  },
  {
    rule: "swarm: trouble",
    bug: "the key/value swarm injects no faults",
    file: "tests/swarm/kv_swarm.ts",
    find: "    chaos.begin();\n",
    replace: "",
    caughtBy: ["tests/swarm/kv_swarm_test.ts"],
  },
  {
    rule: "register model: cas",
    bug: "a compare-and-set succeeds whatever the register's value",
    file: "tests/checker/register_model.ts",
    find: "const isSet = state.value === input.from;",
    replace: 'const isSet = output?.op === "cas" ? output.ok : true;',
    caughtBy: corpus,
  },
  {
    rule: "timeline: text",
    bug: "text of a history is not escaped in the page",
    file: "tests/pages/timeline.ts",
    find: '.replaceAll("<", "\\\\u003c")',
    replace: "",
    caughtBy: ["tests/pages/timeline_test.ts --filter markup"],
  },
  {
    rule: "check: exit code",
    bug: "unknown ends with the exit code of ok",
    file: "cli/trials/check_command.ts",
    find: 'return "unknownOutcome";',
    replace: 'return "ok";',
    caughtBy: ["cli/trials/check_command_test.ts"],
  },
];
