/**
 * Bugs of watches and of the streams that carry them: rules W1 to W8, which `docs/rules.md` explains.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const WATCH = "kv/watch/watch.ts";
const HUB = "kv/watch/hub.ts";
const RECENT = "kv/watch/recent_groups.ts";

const SERVER = "net/rpc/server_streams.ts";
const CLIENT = "net/rpc/client_streams.ts";

const MODEL = "kv/watch/hub_test.ts";
const STREAMS = "net/rpc/streams_test.ts";

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
  {
    rule: "W8",
    bug: "a stream sends whatever its source has",
    file: SERVER,
    find: "if (stream.credit <= 0) return false;",
    replace: "if (stream.credit <= -1e15) return false;",
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "credit that is granted later is not used",
    file: SERVER,
    find:
      "stream.credit = Math.min(stream.credit + bytes, Number.MAX_SAFE_INTEGER);\n    this.#wake(stream);",
    replace: "stream.credit = Math.min(stream.credit + bytes, Number.MAX_SAFE_INTEGER);",
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "parts pile up for a client that does not read",
    file: SERVER,
    find: "if (client.connection.queuedBytes >= ROOM_BYTES) {",
    replace: "if (client.connection.queuedBytes >= 2 ** 40) {",
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "a stream never goes on after its connection was full",
    file: SERVER,
    find: "for (const stream of blocked) this.#wake(stream);",
    replace: "blocked.clear();",
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "one stream keeps the thread as long as it has something to send",
    file: SERVER,
    find: "const end = performance.now() + SLICE_MS;",
    replace: "const end = performance.now() + 600 * SLICE_MS;",
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "the source of a stream is not stopped when its client leaves",
    file: "net/rpc/rpc_server.ts",
    find: "        this.#streams.drop(client);\n",
    replace: "",
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "a cancelled stream goes on",
    file: SERVER,
    find: "if (bytes === 0) return this.#end(stream);",
    replace: "if (bytes < 0) return this.#end(stream);",
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "streams of one client are not bounded",
    file: SERVER,
    find: 'if (client.streams.size >= STREAMS_MAX) return "overloaded";',
    replace: 'if (client.streams.size >= 1e9) return "overloaded";',
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "the number of a stream is used for two",
    file: SERVER,
    find: 'if (client.streams.has(number)) return "inUse";',
    replace: 'if (client.streams.has(-1)) return "inUse";',
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "a frame of a stream with a credit that is no number is taken",
    file: "net/rpc/rpc_frames.ts",
    find: "within !== null || !isWhole(credit)) return null;",
    replace:
      'within !== null || credit === undefined) return null;\n  if (typeof credit !== "number") return { number, payload, credit: 0 };',
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "a stream does not end when its connection is lost",
    file: "net/rpc/rpc_client.ts",
    find: "    this.#streams.lose();\n",
    replace: "",
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "a connection with streams alone is never asked for a sign of life",
    file: "net/rpc/rpc_client.ts",
    find: "if (this.#pending.size > 0 || this.#streams.size > 0) this.#sweepLater();",
    replace: "if (this.#pending.size > 0) this.#sweepLater();",
    caughtBy: [STREAMS],
  },
  {
    rule: "W8",
    bug: "a stream that ended is told so again when its connection ends",
    file: CLIENT,
    find: "    this.#open.delete(number);\n    handlers?.ended(end);",
    replace: "    handlers?.ended(end);",
    caughtBy: [STREAMS],
  },
];
