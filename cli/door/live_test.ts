/**
 * Tests of the live page: its script and policy, what it shows of a cluster, and what it may change.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { HttpProblem } from "../../net/http/mod.ts";
import { type Faults, noFaults } from "../../net/mod.ts";
import type { StoreClient } from "../../net/store/mod.ts";
import { until } from "../../tests/helpers/until.ts";
import type { Session } from "../table/mod.ts";
import { joinedScript, LIVE_SCRIPT, livePage } from "./live_page.ts";
import { LeaderHistory } from "../metrics/leaders.ts";
import { LiveControl } from "./live_control.ts";
import { LiveView } from "./live_view.ts";

const folder = new URL("page/", import.meta.url);

Deno.test("modules of the live page have no type errors in a browser", async () => {
  const { compilerOptions } = JSON.parse(await Deno.readTextFile(new URL("browser.json", folder)));
  const { lib: _lib, checkJs: _checkJs, ...strictness } = compilerOptions;
  const root = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals(strictness, root.compilerOptions);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--config", "browser.json", "live.js", "starter.js"],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("the modules of the live page join into one script", () => {
  const script = joinedScript(LIVE_SCRIPT);
  assertFalse(/^(import|export) /m.test(script));
  // Throws for what is no script, such as a name that two modules declare.
  new Function(script);
});

Deno.test("the policy of the live page lets a browser run its own script and nothing else", () => {
  const { html, policy } = livePage();
  for (const [tag, count] of [["script", 2], ["style", 1]] as const) {
    const found = [...html.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, "g"))];
    const hashes = found.map(([, text]) =>
      `'sha256-${createHash("sha256").update(text!).digest("base64")}'`
    );
    assertEquals(hashes.length, count, tag);
    assert(policy.includes(`${tag}-src ${hashes.join(" ")};`), tag);
  }
  assert(policy.startsWith("default-src 'none'; "));
  assertFalse(/unsafe|\*/.test(policy));
  for (const word of ["https:", "@import", "url(", 'src="', "onclick", 'style="']) {
    assertFalse(html.includes(word), word);
  }
});

interface Local {
  readonly session: Session;
  readonly calls: string[];
  faults: Faults;
}

/** A local cluster of three nodes that only writes down what is done to it. */
function localCluster(): Local {
  const calls: string[] = [];
  const local: Local = {
    calls,
    faults: noFaults,
    session: {
      cluster: "test",
      ids: [1, 2, 3],
      reports: () => Promise.resolve([null, null, null]),
      ask: () => Promise.resolve(null),
      control: {
        faults: () => Promise.resolve(new Map([[1, local.faults], [2, local.faults]])),
        setFaults: (change: Partial<Faults>) => {
          local.faults = { ...local.faults, ...change };
          return Promise.resolve([]);
        },
      },
      processes: {
        kill: (id: number) => Promise.resolve(void calls.push(`kill ${id}`)),
        start: (id: number) => Promise.resolve(void calls.push(`start ${id}`)),
        isRunning: (id: number) => id !== 3,
        pause: (id: number) => void calls.push(`pause ${id}`),
        resume: (id: number) => void calls.push(`resume ${id}`),
        isPaused: (id: number) => id === 2,
      },
    } as unknown as Session,
  };
  return local;
}

/** A node that answers. */
const REPORT = {
  ...{ id: 1, saves: { p99Ms: 0 }, loopLagMs: 0, memoryBytes: 0, diskBytes: 0, uptimeMs: 0 },
  status: {
    ...{ role: "leader", term: 1, leader: 1, durable: 1, commit: 1, applied: 1, peers: [] },
    ...{ base: { index: 0 }, last: { index: 1 } },
  },
};

const NO_STORE = {} as StoreClient;

/** The links that are cut, as text. */
function cuts({ faults: { blocked } }: Local): string[] {
  return blocked.map(({ from, to }) => `${from}-${to}`).sort();
}

Deno.test("the page cuts and mends single links, and leaves the others as they are", async () => {
  const local = localCluster();
  const control = new LiveControl(local.session, NO_STORE);
  await control.run({ action: "cut", a: 1, b: 2 });
  await control.run({ action: "cut", a: 2, b: 3 });
  await control.run({ action: "cut", a: 2, b: 1 });
  assertEquals(cuts(local), ["1-2", "2-1", "2-3", "3-2"]);
  await control.run({ action: "mend", a: 1, b: 2 });
  assertEquals(cuts(local), ["2-3", "3-2"]);
  await control.run({ action: "isolate", node: 1 });
  assertEquals(cuts(local), ["1-2", "1-3", "2-1", "2-3", "3-1", "3-2"]);
  await control.run({ action: "rejoin", node: 1 });
  assertEquals(cuts(local), ["2-3", "3-2"]);
});

Deno.test("the page delays single links in both directions, and shows it", async () => {
  const local = localCluster();
  const control = new LiveControl(local.session, NO_STORE);
  const delays = async () => {
    const session = {
      ...local.session,
      reports: () => Promise.resolve([{ ...REPORT, faults: local.faults }, null, null]),
    } as unknown as Session;
    const view = new LiveView(session, { hasLoad: () => false });
    const ending = new AbortController();
    const { value } = await view.states(ending.signal).next();
    ending.abort();
    return value!.delays.map((each) => each.join(" ")).sort();
  };
  await control.run({ action: "delay", a: 1, b: 2, ms: 100 });
  await control.run({ action: "delay", a: 3, b: 2, ms: 20 });
  await control.run({ action: "cut", a: 1, b: 2 });
  assertEquals(await delays(), ["1 2 100", "2 1 100", "2 3 20", "3 2 20"]);
  await control.run({ action: "delay", a: 2, b: 1, ms: 500 });
  await control.run({ action: "delay", a: 2, b: 3, ms: 0 });
  assertEquals([await delays(), cuts(local)], [["1 2 500", "2 1 500"], ["1-2", "2-1"]]);
  for (const ms of [-1, 1e9, NaN, "x"]) {
    await assertRejects(() => control.run({ action: "delay", a: 1, b: 2, ms }), HttpProblem);
  }
  await control.run({ action: "heal" });
  assertEquals([await delays(), cuts(local)], [[], []]);
});

Deno.test("healing ends cuts and noise, resumes what is paused, starts what is stopped", async () => {
  const local = localCluster();
  const control = new LiveControl(local.session, NO_STORE);
  await control.run({ action: "noise", on: true });
  assert(local.faults.request.drop > 0);
  await control.run({ action: "isolate", node: 1 });
  await control.run({ action: "heal" });
  assertEquals([cuts(local), local.faults.request.drop], [[], 0]);
  assertEquals(local.calls, ["resume 2", "start 3"]);
});

Deno.test("a node that starts gets the faults of the others", async () => {
  const local = localCluster();
  const control = new LiveControl(local.session, NO_STORE);
  await control.run({ action: "start", node: 1 });
  assertEquals(local.calls, []);
  await control.run({ action: "kill", node: 1 });
  await control.run({ action: "pause", node: 1 });
  await control.run({ action: "start", node: 3 });
  assertEquals(local.calls, ["kill 1", "pause 1", "start 3"]);
});

Deno.test("what is no action, or of no node, is refused", async () => {
  const { session } = localCluster();
  const control = new LiveControl(session, NO_STORE);
  for (const wrong of [null, 7, {}, { action: "x" }, { action: "cut", a: 1 }, { action: "kill" }]) {
    await assertRejects(() => control.run(wrong), HttpProblem, "Wanted");
  }
  const onlyLooks = new LiveControl({ ...session, control: null } as Session, NO_STORE);
  await assertRejects(() => onlyLooks.run({ action: "heal" }), HttpProblem, "to look at only");
});

Deno.test("load goes on until it is ended, by so many requests at a time", async () => {
  let [underWay, most, done] = [0, 0, 0];
  const operate = async (): Promise<void> => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay -= 1;
    done += 1;
  };
  const store = { get: operate, put: operate } as unknown as StoreClient;
  const control = new LiveControl(localCluster().session, store);
  await control.run({ action: "load", on: true });
  await control.run({ action: "load", on: true });
  assertEquals(control.hasLoad, true);
  await until(() => done >= 50, "some load");
  await control.run({ action: "load", on: false });
  assertEquals(control.hasLoad, false);
  await until(() => underWay === 0, "the end of the load", 5_000);
  const before = done;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals([done - before, most <= 16], [0, true]);
});

Deno.test("nodes that do not answer keep their last state on the page, and without a viewer no node is asked", async () => {
  const { session } = localCluster();
  let asked = 0;
  const counting = {
    ...session,
    reports: () => {
      asked += 1;
      return Promise.resolve([null, null, null]);
    },
  } as Session;
  const view = new LiveView(counting, { hasLoad: () => false });
  const ending = new AbortController();
  const states = [view.states(ending.signal), view.states(ending.signal)];
  const [first, second] = await Promise.all(states.map((each) => each.next()));
  assertEquals([view.isSeen, asked], [true, 1]);
  assertEquals(first!.value, second!.value);
  const { nodes, canControl } = first!.value!;
  assertEquals(nodes.map(({ id, up }) => [id, up]), [[1, false], [2, false], [3, false]]);
  assertEquals([canControl, nodes[2]!.isRunning, nodes[1]!.isPaused], [true, false, true]);
  ending.abort();
  await Promise.all(states.map((each) => each.next()));
  assertEquals(view.isSeen, false);
});

Deno.test("the page gets the leaders of the time before it, and asks again only for new ones", async () => {
  const { session } = localCluster();
  const asked: number[] = [];
  let term = 7;
  const remembered: Record<number, unknown> = {
    1: [{ at: 100, term: 5, leader: 2 }, { at: 260, term: 7, leader: 1 }],
    2: [{ at: 90, term: 5, leader: 2 }, { at: 250, term: 7, leader: 1 }, "no leader", { at: 1 }],
    3: null, // It runs an older program.
  };
  const status = () => ({ ...REPORT.status, term });
  const told = {
    ...session,
    reports: () => Promise.resolve([{ ...REPORT, faults: null, status: status() }, null, null]),
    ask: (id: number, request: unknown) => {
      if (request !== "leaders") return Promise.resolve(null);
      asked.push(id);
      return Promise.resolve(remembered[id]);
    },
  } as unknown as Session;
  const view = new LiveView(told, { hasLoad: () => false });
  const ending = new AbortController();
  const states = view.states(ending.signal);
  const first = (await states.next()).value!;
  const wanted = [{ at: 90, term: 5, leader: 2 }, { at: 250, term: 7, leader: 1 }];
  assertEquals([first.leaders, asked], [wanted, [1, 2, 3]]);
  await states.next();
  assertEquals(asked.length, 3);
  term = 9;
  remembered[1] = [{ at: 400, term: 9, leader: 1 }];
  assertEquals((await states.next()).value!.leaders.length, 3);
  ending.abort();
});

Deno.test("of the leaders of a cluster the latest are kept", () => {
  const history = new LeaderHistory();
  for (let term = 1; term < 100; term++) history.add([{ at: term, term, leader: 1 }]);
  assertEquals([history.latest.length, history.latest[0]!.term], [32, 68]);
  assertEquals([history.has(68), history.has(67)], [true, false]);
});
