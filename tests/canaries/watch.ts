/**
 * Bugs of watches: rules W1 to W7, which `docs/rules.md` explains.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const WATCH = "kv/watch/watch.ts";
const HUB = "kv/watch/hub.ts";
const RECENT = "kv/watch/recent_groups.ts";

const MODEL = "kv/watch/hub_test.ts";

/** Bugs by rule, planted one at a time. */
export const watchCanaries: readonly Canary[] = [
  {
    rule: "W1",
    bug: "a watch that catches up already gets the newest groups",
    file: WATCH,
    find: "if (this.#next !== null || group.revision <= this.#taken) return;",
    replace: "if (group.revision <= this.#taken) return;",
    caughtBy: [MODEL],
  },
  {
    rule: "W2",
    bug: "a reader from a node that is ahead gets changes again",
    file: WATCH,
    find: "if (this.#next !== null || group.revision <= this.#taken) return;",
    replace: "if (this.#next !== null) return;",
    caughtBy: [MODEL],
  },
  {
    rule: "W2",
    bug: "a change in two overlapping ranges comes twice",
    file: HUB,
    find: "const topic = this.#topic(normalRanges(ranges));",
    replace: "const topic = this.#topic(ranges);",
    caughtBy: [MODEL],
  },
  {
    rule: "W2",
    bug: "a watch begins with the change at the revision that it resumes from",
    file: RECENT,
    find: "if (this.#groups[middle]!.revision <= revision) low = middle + 1;",
    replace: "if (this.#groups[middle]!.revision < revision) low = middle + 1;",
    caughtBy: [MODEL],
  },
  {
    rule: "W3",
    bug: "what waits for a slow reader is dropped",
    file: WATCH,
    find: "    this.#next = this.#taken < recent.oldest ? -1 : recent.after(this.#taken);\n",
    replace: "",
    caughtBy: [MODEL],
  },
  {
    rule: "W3",
    bug: "a slow reader whose place is gone goes on at the oldest group that is there",
    file: WATCH,
    find: "this.#next = this.#taken < recent.oldest ? -1 : recent.after(this.#taken);",
    replace: "this.#next = recent.after(this.#taken);",
    caughtBy: [MODEL],
  },
  {
    rule: "W3",
    bug: "a reader does not notice that its place was forgotten while it caught up",
    file: WATCH,
    find: "else if (this.#next < this.#shared.recent.first) {",
    replace:
      "else if (this.#next >= 0 && this.#next < this.#shared.recent.first) {\n      this.#next = this.#shared.recent.first;\n    } else if (this.#next < 0) {",
    caughtBy: [MODEL],
  },
  {
    rule: "W3",
    bug: "a jump of the state passes over a watch in silence",
    file: HUB,
    find: "      for (const watch of watches) watch.jump(revision);\n",
    replace: "",
    caughtBy: [MODEL],
  },
  {
    rule: "W3",
    bug: "the search for interested watches stops one branch too early",
    file: "kv/watch/range_index.ts",
    find: "if (node.largestEnd !== null && node.largestEnd <= key) return;",
    replace: "if (node.range.end !== null && node.range.end <= key) return;",
    caughtBy: ["kv/watch/range_index_test.ts", MODEL],
  },
  {
    rule: "W4",
    bug: "a watch of two ranges gets a group for each change",
    file: HUB,
    find: "      for (const watch of topic.watches) watch.offer(part);\n",
    replace:
      "      for (const watch of topic.watches) {\n        for (const change of changes) watch.offer({ revision: part.revision, changes: [change] });\n      }\n",
    caughtBy: [MODEL],
  },
  {
    rule: "W5",
    bug: "a watch from a revision that is gone begins later without a word",
    file: HUB,
    find:
      'if (from !== null && from < this.oldest) return { kind: "compacted", oldest: this.oldest };',
    replace: 'if (from !== null && from < 0) return { kind: "compacted", oldest: this.oldest };',
    caughtBy: [MODEL],
  },
  {
    rule: "W5",
    bug: "the oldest revision to resume from is one too old",
    file: RECENT,
    find: "this.#oldest = oldest.revision;",
    replace: "this.#oldest = oldest.revision - 1;",
    caughtBy: [MODEL],
  },
  {
    rule: "W6",
    bug: "a mark promises what still waits for the reader",
    file: WATCH,
    find: "return isIdle ? Math.max(this.#taken, this.#shared.revision) : this.#taken;",
    replace: "return Math.max(this.#taken, this.#shared.revision);",
    caughtBy: [MODEL],
  },
  {
    rule: "W6",
    bug: "a watch without changes never says how far it is",
    file: WATCH,
    find: "return isIdle ? Math.max(this.#taken, this.#shared.revision) : this.#taken;",
    replace: "return isIdle ? this.#taken : this.#taken;",
    caughtBy: [MODEL],
  },
  {
    rule: "W7",
    bug: "the latest groups are kept without a bound",
    file: RECENT,
    find: "while (this.#bytes > this.#bytesMax) {",
    replace: "while (this.#bytes > this.#bytesMax * 100) {",
    caughtBy: [MODEL],
  },
  {
    rule: "W7",
    bug: "a watch that ends keeps what waited for it counted",
    file: WATCH,
    find: "this.#shared.release(this.#queuedBytes);",
    replace: "this.#shared.release(0);",
    caughtBy: [MODEL],
  },
];
