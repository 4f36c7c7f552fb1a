/**
 * What the live page may do to a local cluster: cut links, pause, kill and start nodes, make the
 * network bad, make load.
 *
 * @module
 */

import { HttpProblem } from "../../net/http/mod.ts";
import { type Link, reliable, undisturbed, unreliable } from "../../net/mod.ts";
import type { StoreClient } from "../../net/store/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import type { FaultControl, ProcessControl } from "../table/mod.ts";
import type { SeenCluster } from "./member_session.ts";

/** The number of requests that load keeps under way. */
const WORKERS = 8;
/** The keys that load writes. */
const LOAD_KEYS = 200;
/** The longest time that load runs if the page does not end it. */
const LOAD_MS_MAX = 10 * 60_000;
const DELAY_MS_MAX = 10_000;
const RESTORE_MS_MAX = 15_000;

/** A request of the page, as far as it is checked. */
interface Action {
  readonly action: string;
  readonly node: NodeId;
  readonly a: NodeId;
  readonly b: NodeId;
  readonly on: boolean;
  readonly ms: number;
}

/** Executes what the page asks for. */
export class LiveControl {
  readonly #session: SeenCluster;
  readonly #store: StoreClient;
  #load: AbortController | null = null;

  constructor(session: SeenCluster, store: StoreClient) {
    this.#session = session;
    this.#store = store;
  }

  /** Whether load is made. */
  get hasLoad(): boolean {
    return this.#load !== null;
  }

  /** Ends the load. */
  stop(): void {
    this.#load?.abort();
    this.#load = null;
  }

  /**
   * Executes one action.
   *
   * @throws {HttpProblem} If there is none of that name, or this cluster takes none.
   */
  async run(json: unknown): Promise<void> {
    const { control, processes } = this.#session;
    if (control === null || processes === null) {
      throw new HttpProblem("forbidden", "Wanted a cluster of kontiki up, got one to look at only");
    }
    const request = (typeof json === "object" && json !== null ? json : {}) as Partial<Action>;
    switch (request.action) {
      case "cut":
        return await this.#block(control, (links) => [
          ...without(links, this.#pair(request)),
          ...this.#pair(request),
        ]);
      case "mend":
        return await this.#block(control, (links) => without(links, this.#pair(request)));
      case "isolate":
        return await this.#block(control, (links) => [
          ...without(links, this.#around(request)),
          ...this.#around(request),
        ]);
      case "rejoin":
        return await this.#block(control, (links) => without(links, this.#around(request)));
      case "delay":
        return await this.#delay(control, request);
      case "noise":
        await control.setFaults(request.on === true ? unreliable : reliable);
        return;
      case "heal":
        return await this.#heal(control, processes);
      case "load":
        this.stop();
        if (request.on === true) this.#begin();
        return;
      default:
        return await this.#process(request, { control, processes });
    }
  }

  async #process(
    request: Partial<Action>,
    { control, processes }: {
      readonly control: FaultControl;
      readonly processes: ProcessControl;
    },
  ): Promise<void> {
    const node = () => this.#known(request.node);
    switch (request.action) {
      case "kill":
        return await processes.kill(node());
      case "pause":
        return processes.pause(node());
      case "resume":
        return processes.resume(node());
      case "start":
        return await this.#start(node(), { control, processes });
      default:
        throw new HttpProblem("badRequest", `Wanted a known action, got "${request.action}"`);
    }
  }

  /** A node that starts knows of no faults: it gets those that the others have. */
  async #start(
    id: NodeId,
    { control, processes }: {
      readonly control: FaultControl;
      readonly processes: ProcessControl;
    },
  ): Promise<void> {
    if (processes.isRunning(id)) return;
    const [faults] = (await control.faults()).values();
    await processes.start(id);
    if (faults === undefined) return;
    const end = performance.now() + RESTORE_MS_MAX;
    while (processes.isRunning(id) && performance.now() < end) {
      if (!(await control.setFaults(faults)).includes(id)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #heal(control: FaultControl, processes: ProcessControl): Promise<void> {
    for (const id of this.#session.ids) {
      if (processes.isPaused(id)) processes.resume(id);
      if (!processes.isRunning(id)) await processes.start(id);
    }
    await control.setFaults({ blocked: [], links: [], ...reliable });
  }

  async #block(
    control: FaultControl,
    change: (links: readonly Link[]) => readonly Link[],
  ): Promise<void> {
    const all = [...(await control.faults()).values()].flatMap(({ blocked }) => blocked);
    const links = new Map(all.map((link) => [`${link.from} ${link.to}`, link]));
    await control.setFaults({ blocked: change([...links.values()]) });
  }

  /** Delays the messages of a link in both directions, or no longer. */
  async #delay(control: FaultControl, request: Partial<Action>): Promise<void> {
    const { ms = NaN } = request;
    if (!(ms >= 0 && ms <= DELAY_MS_MAX)) {
      throw new HttpProblem("badRequest", `Wanted 0 to ${DELAY_MS_MAX} milliseconds, got "${ms}"`);
    }
    const pair = this.#pair(request);
    const delay = { kind: "uniform", minMs: ms, maxMs: ms } as const;
    const disturbance = { ...undisturbed, delay };
    const all = [...(await control.faults()).values()].flatMap(({ links }) => links);
    const kept = new Map(without(all, pair).map((link) => [`${link.from} ${link.to}`, link]));
    const delayed = ms === 0 ? [] : pair.map((link) => ({ ...link, disturbance }));
    await control.setFaults({ links: [...kept.values(), ...delayed] });
  }

  #pair({ a, b }: Partial<Action>): readonly Link[] {
    const [from, to] = [this.#known(a), this.#known(b)];
    return [{ from, to }, { from: to, to: from }];
  }

  #around({ node }: Partial<Action>): readonly Link[] {
    const id = this.#known(node);
    const others = this.#session.ids.filter((other) => other !== id);
    return others.flatMap((other) => [{ from: id, to: other }, { from: other, to: id }]);
  }

  #known(id: NodeId | undefined): NodeId {
    if (id !== undefined && this.#session.ids.includes(id)) return id;
    throw new HttpProblem("badRequest", `Wanted a node of the cluster, got "${id}"`);
  }

  #begin(): void {
    const load = this.#load = new AbortController();
    const timer = setTimeout(() => this.stop(), LOAD_MS_MAX);
    load.signal.addEventListener("abort", () => clearTimeout(timer));
    for (let worker = 0; worker < WORKERS; worker += 1) this.#work(worker, load.signal);
  }

  async #work(worker: number, signal: AbortSignal): Promise<void> {
    for (let number = worker; !signal.aborted; number += WORKERS) {
      const key = `load/${String(number % LOAD_KEYS).padStart(3, "0")}`;
      if (number % 3 === 0) await this.#store.get(key, { signal });
      else await this.#store.put(key, `value ${number}`, { signal });
    }
  }
}

function without<Each extends Link>(links: readonly Each[], gone: readonly Link[]): Each[] {
  return links.filter(({ from, to }) => !gone.some((link) => link.from === from && link.to === to));
}
