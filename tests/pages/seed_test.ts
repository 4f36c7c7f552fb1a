/**
 * The page of a seed: what is recorded of a run, and the diagram in a browser where one is installed.
 *
 * @module
 */

import { assert, assertEquals, assertFalse } from "@std/assert";
import type { Envelope, Status } from "../../raft/mod.ts";
import { findBrowser, withPage } from "./browser.ts";
import type { SeedData, SeedMessage } from "./seed_data.ts";
import { seedPage, seedScript } from "./seed_page.ts";
import { MESSAGES_MAX, SeedRecorder } from "./seed_recorder.ts";

function envelope(from: number, to: number): Envelope {
  return {
    ...{ from, to, term: 1 },
    message: { type: "requestVoteReply", granted: true, preVote: false },
  } as unknown as Envelope;
}

function state(id: number, role: Status["role"]): Status {
  const at = { index: 3, term: 1 };
  const base = { index: 0, term: 0 };
  return { id, role, term: 1, last: at, base, commit: 2, applied: 1 } as unknown as Status;
}

/** A recorder that knows two nodes. */
function recorderOfTwo(): SeedRecorder {
  const recorder = new SeedRecorder();
  recorder.record(0, { kind: "note", node: 1, text: "starts" });
  recorder.record(0, { kind: "note", node: 2, text: "starts" });
  return recorder;
}

Deno.test("a message is drawn from its sending to its arrival or its loss", () => {
  const recorder = recorderOfTwo();
  const [arrives, isLost, stays] = [envelope(1, 2), envelope(2, 1), envelope(1, 2)];
  recorder.record(1, { kind: "send", envelope: arrives });
  recorder.record(2, { kind: "send", envelope: isLost });
  recorder.record(3, { kind: "lose", envelope: isLost });
  recorder.record(4, { kind: "deliver", envelope: arrives });
  recorder.record(5, { kind: "send", envelope: stays });
  recorder.record(6, { kind: "deliver", envelope: arrives });
  const short = recorder.data().messages.map(({ s, e, a, b, x }) => [s, e, a, b, x]);
  assertEquals(short, [[1, 4, 0, 1, 0], [2, 3, 1, 0, 1], [5, 6, 0, 1, 2]]);
  assertEquals(recorder.data().kinds, ["requestVoteReply"]);
});

Deno.test("crashes, pauses and cuts last until their ends, or to the end", () => {
  const recorder = recorderOfTwo();
  const note = (at: number, node: number, text: string): void =>
    recorder.record(at, { kind: "note", node, text });
  note(10, 1, "crashes");
  note(20, 0, "blocked 1→2 2→1");
  note(30, 1, "starts");
  note(35, 2, "pauses");
  note(40, 0, "blocked nothing");
  note(50, 0, "blocked 2→1");
  note(60, 0, "FAILS: two leaders in term 1");
  const { bands, cuts, failedAt, to } = recorder.data();
  const lasting = bands.filter(({ kind }) => kind !== "note");
  assertEquals(lasting.map(({ kind, node, s, e }) => [kind, node, s, e]), [
    ["crash", 0, 10, 30],
    ["pause", 1, 35, 60],
  ]);
  assertEquals(cuts, [{ s: 20, e: 40, links: [[0, 1], [1, 0]] }, {
    s: 50,
    e: 60,
    links: [[1, 0]],
  }]);
  assertEquals([failedAt, to], [60, 60]);
});

Deno.test("a long run keeps its latest messages, and says how many are left out", () => {
  const recorder = recorderOfTwo();
  for (let at = 0; at < 2 * MESSAGES_MAX + 5; at += 1) {
    recorder.record(at, { kind: "send", envelope: envelope(1, 2) });
  }
  const { messages, leftOut, from } = recorder.data();
  assertEquals([messages.length, leftOut, from], [MESSAGES_MAX + 5, MESSAGES_MAX, MESSAGES_MAX]);
});

Deno.test("states are those that the trace has, with the ends of the logs", () => {
  const recorder = recorderOfTwo();
  recorder.record(1, { kind: "state", status: state(1, "candidate") });
  recorder.record(2, { kind: "state", status: state(1, "leader") });
  const { nodes, states } = recorder.data();
  assertEquals(nodes, ["n1", "n2"]);
  assertEquals(states[0]!.map(({ t, role }) => [t, role]), [[1, "candidate"], [2, "leader"]]);
  const { base, last, commit, applied } = states[0]![1]!;
  assertEquals([base, last, commit, applied], [0, 3, 2, 1]);
});

/** A run with so many messages, and a violation at its end. */
function runOf(count: number): SeedData {
  const messages = Array.from({ length: count }, (_, at): SeedMessage => ({
    ...{ s: at, e: at + 5, a: at % 3, b: (at + 1) % 3, k: 0 },
    x: at % 10 === 0 ? 1 : 0,
    l: "<img src=x onerror=alert(1)>",
  }));
  const role = ["leader", "follower", "follower"];
  return {
    nodes: ["n1", "n2", "n3"],
    kinds: ["appendEntries"],
    messages,
    states: role.map((role) => [
      { t: 0, role, term: 1, base: 0, last: 4, commit: 3, applied: 2 },
    ]),
    bands: [{ kind: "crash", node: 1, s: 10, e: 20, text: "crashes" }],
    cuts: [{ s: 30, e: 40, links: [[0, 1]] }],
    ...{ from: 0, to: count + 10, failedAt: count, leftOut: 0 },
  };
}

const failed = (count: number): string =>
  seedPage({
    title: "Seed 1",
    detail: "wrong: <b>two</b>",
    facts: ["3 nodes"],
    data: runOf(count),
  });

Deno.test("nothing of a run becomes markup, and the page asks for nothing outside itself", () => {
  const page = failed(20);
  assertFalse(page.includes("<img"));
  assertFalse(page.includes("<b>two"));
  for (const word of ["http://127", "https:", "@import", "url(", 'src="', "<link"]) {
    assertFalse(page.includes(word), word);
  }
  new Function(seedScript());
});

Deno.test("the script of the page has no type errors in a browser", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--config", "browser.json", "seed.js"],
    cwd: new URL("script/", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});

const hasBrowser = findBrowser() !== null;
if (!hasBrowser) console.log("skipped: a seed in a browser, for no Chromium is installed");

Deno.test({
  name: "the diagram opens at the violation, is stepped by keyboard, and shows everything",
  ignore: !hasBrowser, // the diagram needs a Chromium
  fn: async () => {
    await withPage(failed(10_000), async (page) => {
      const now = async (): Promise<number> =>
        parseFloat(String(await page.evaluate('document.getElementById("now").textContent')));
      const frame = () =>
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
      await frame();
      assertEquals(await now(), 10_000);
      await page.evaluate('document.getElementById("previous").click()');
      await frame();
      assertEquals(await now(), 9_999);
      await page.press("j");
      await frame();
      assertEquals(await now(), 10_000);
      const events = await page.evaluate('document.querySelectorAll("#events b").length');
      assert(Number(events) > 0);
      // All of it in view: a frame must not take long.
      await page.press("0");
      await frame();
      const worst = Number(
        await page.evaluate(`(async () => {
        let worst = 0;
        for (let turn = 0; turn < 10; turn += 1) {
          document.getElementById(turn % 2 ? "in" : "out").click();
          const begin = performance.now();
          await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
          worst = Math.max(worst, performance.now() - begin);
        }
        return worst;
      })()`),
      );
      console.log(`10,000 messages in view: ${worst.toFixed(0)} ms for the slowest of ten frames`);
      assert(worst < 1_000, `${worst} ms`);
      await page.evaluate('document.querySelector("#kinds input").click()');
      await frame();
      assertEquals(await page.evaluate('document.querySelectorAll("#events b").length'), 0);
    });
  },
});
