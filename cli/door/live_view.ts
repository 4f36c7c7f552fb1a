/**
 * The state of a cluster for the live page: asked for only while somebody looks, once for all that
 * look.
 *
 * @module
 */

import type { Sample } from "../../net/http/mod.ts";
import type { Delay } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { nodeName, type NodeReport } from "../table/mod.ts";
import type { SeenCluster } from "./member_session.ts";
import type { PageNode, PageState } from "./page_data.ts";
import { LeaderHistory, LEADERS_REQUEST, METRICS_REQUEST, samplesOf } from "../metrics/mod.ts";

/** The time from one state to the next. */
const EVERY_MS = 400;

/** Shows the state of a cluster to any number of pages. */
export class LiveView {
  readonly #session: SeenCluster;
  readonly #hasLoad: () => boolean;
  readonly #waiting = new Set<() => void>();
  /** What each node said last. */
  readonly #nodes = new Map<NodeId, PageNode>();
  readonly #leaders = new LeaderHistory();
  #lookers = 0;
  #latest: PageState | null = null;
  #asking: Promise<void> | null = null;

  constructor(session: SeenCluster, { hasLoad }: { readonly hasLoad: () => boolean }) {
    this.#session = session;
    this.#hasLoad = hasLoad;
  }

  /** Whether anybody looks. */
  get isSeen(): boolean {
    return this.#lookers > 0;
  }

  /** Every state from now on, until the signal is raised. */
  async *states(signal: AbortSignal): AsyncGenerator<PageState, void, void> {
    this.#lookers += 1;
    try {
      while (!signal.aborted) {
        const begin = performance.now();
        await this.#ask();
        if (signal.aborted) return;
        yield this.#latest!;
        await this.#pause(EVERY_MS - (performance.now() - begin), signal);
      }
    } finally {
      this.#lookers -= 1;
    }
  }

  /** Lets the pages see a change at once. */
  wake(): void {
    for (const wake of this.#waiting) wake();
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.max(0, ms));
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  /** Asks all nodes, unless that is under way already. */
  #ask(): Promise<void> {
    this.#asking ??= this.#askAll().finally(() => this.#asking = null);
    return this.#asking;
  }

  async #askAll(): Promise<void> {
    const { ids, cluster, control, processes } = this.#session;
    const reports = await this.#session.reports();
    const nodes = await Promise.all(ids.map(async (id) => {
      const report = reports.find((each) => each?.id === id) ?? null;
      const samples = report === null
        ? []
        : samplesOf(await this.#session.ask(id, METRICS_REQUEST), nodeName(id));
      const node = this.#node(id, report, samples);
      this.#nodes.set(id, node);
      return node;
    }));
    for (const id of this.#nodes.keys()) if (!ids.includes(id)) this.#nodes.delete(id);
    await this.#askLeaders(reports);
    const faults = reports.flatMap((report) => report?.faults ?? []);
    const blocked = new Map(
      faults.flatMap(({ blocked }) => blocked).map(({ from, to }) => {
        return [`${from} ${to}`, [from, to] as const];
      }),
    );
    const delays = new Map(
      faults.flatMap(({ links }) => links).map(({ from, to, disturbance }) => {
        return [`${from} ${to}`, [from, to, longest(disturbance.delay)] as const];
      }),
    );
    this.#latest = {
      ...{ at: performance.now(), wall: Date.now(), cluster, nodes },
      leaders: this.#leaders.latest,
      canControl: control !== null && processes !== null,
      blocked: [...blocked.values()],
      delays: [...delays.values()],
      isNoisy: faults.some(({ request }) => request.drop > 0),
      hasLoad: this.#hasLoad(),
    };
  }

  /** Asks for the leaders that nodes remember, when one of them follows one that is not known here. */
  async #askLeaders(reports: readonly (NodeReport | null)[]): Promise<void> {
    const isNews = reports.some((report) =>
      report !== null && report.status.leader !== null && !this.#leaders.has(report.status.term)
    );
    if (!isNews) return;
    const { ids } = this.#session;
    const answers = await Promise.all(ids.map((id) => this.#session.ask(id, LEADERS_REQUEST)));
    for (const answer of answers) this.#leaders.add(answer);
  }

  #node(id: NodeId, report: NodeReport | null, samples: readonly Sample[]): PageNode {
    const { processes } = this.#session;
    const place = {
      id,
      isRunning: processes === null ? null : processes.isRunning(id),
      isPaused: processes?.isPaused(id) ?? false,
    };
    if (report === null) return { ...this.#nodes.get(id) ?? NOTHING, ...place, up: false };
    const { status, saves, loopLagMs, memoryBytes, diskBytes, uptimeMs } = report;
    const { role, term, leader, durable, commit, applied } = status;
    return {
      ...place,
      up: true,
      ...{ role, term, leader, durable, commit, applied, memoryBytes, diskBytes, uptimeMs },
      base: status.base.index,
      last: status.last.index,
      peers: status.peers.map(({ id, match, active, mode }) => ({ id, match, active, mode })),
      pauseMs: loopLagMs,
      saveMs: saves.p99Ms,
      reads: timesOf(samples, "read"),
      writes: timesOf(samples, "write"),
    };
  }
}

const NOTHING = {
  ...{ role: "follower", term: 0, leader: null, base: 0, last: 0, durable: 0, commit: 0 },
  ...{ applied: 0, peers: [], pauseMs: 0, saveMs: 0, memoryBytes: 0, diskBytes: 0, uptimeMs: 0 },
  reads: [0, 0],
  writes: [0, 0],
} as const satisfies Omit<PageNode, "id" | "up" | "isRunning" | "isPaused">;

/** The longest time that a delay takes. */
function longest(delay: Delay): number {
  return delay.kind === "none" ? 0 : delay.maxMs;
}

/** How many requests of a kind there were, and how long they took together. */
function timesOf(samples: readonly Sample[], kind: string): readonly [number, number] {
  const of = (part: string): number =>
    samples.find(([name, labels]) =>
      name === `kontiki_request_seconds_${part}` && labels["kind"] === kind
    )?.[2] ?? 0;
  return [of("count"), of("sum") * 1000];
}
