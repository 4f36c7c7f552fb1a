/**
 * Faults for a soak of real processes, in three concurrent loops: one for the network (partitions of
 * every shape, loss, delay, reordering), one for processes (kill -9 of one, two or all, SIGSTOP), one
 * for members (voters become learners and come back).
 * Each fault ends before the next of its kind begins; {@linkcode SoakFaults.end} removes all.
 *
 * @module
 */

import {
  bridge,
  halves,
  isolate,
  type Link,
  majoritiesRing,
  minorityWith,
  oneWay,
  reliable,
  RpcClient,
  unreliable,
} from "../../net/mod.ts";
import { MEMBERS_REQUEST } from "../../cli/table/mod.ts";
import { encodeMembers, type NodeId } from "../../raft/mod.ts";
import type { Annotation } from "../checker/mod.ts";
import type { ProcessServiceCluster } from "./process_service_cluster.ts";
import type { SeededRandom } from "../sim/mod.ts";

const QUIET_MS = { least: 500, most: 3_000 };
const CUT_MS = { least: 500, most: 5_000 };
const DOWN_MS = { least: 0, most: 3_000 };
const CHANGE_MS = 3_000;
const PAUSE_MS = { least: 100, most: 4_000 };

/** Injects the faults of one soak. */
export class SoakFaults {
  readonly #cluster: ProcessServiceCluster;
  readonly #random: SeededRandom;
  /** All injected faults, for the page. */
  readonly annotations: Annotation[] = [];
  #isOver = false;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(cluster: ProcessServiceCluster, random: SeededRandom) {
    this.#cluster = cluster;
    this.#random = random;
  }

  begin(): void {
    const network = this.#loop(this.#random.fork("network"), (random) => this.#disturb(random));
    const processes = this.#loop(this.#random.fork("processes"), (random) => this.#hurt(random));
    const members = this.#loop(this.#random.fork("members"), (random) => this.#change(random));
    this.#loops = Promise.all([network, processes, members]);
    // `end` reports a failure; until then it must not end the process as an unhandled rejection.
    this.#loops.catch(() => undefined);
  }

  /** Resolves when the network has no faults and all nodes run. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#loops;
  }

  async #loop(
    random: SeededRandom,
    trouble: (random: SeededRandom) => Promise<void>,
  ): Promise<void> {
    while (!this.#isOver) {
      await this.#sleep(random, QUIET_MS);
      if (!this.#isOver) await trouble(random);
    }
  }

  #sleep(random: SeededRandom, { least, most }: typeof QUIET_MS): Promise<void> {
    return this.#cluster.sleep(random.range(least, most));
  }

  async #disturb(random: SeededRandom): Promise<void> {
    if (random.chance(0.3)) {
      await this.#during({ kind: "network", text: "unreliable" }, async () => {
        await this.#cluster.setFaults(unreliable);
        await this.#sleep(random, CUT_MS);
        await this.#cluster.setFaults(reliable);
      });
      return;
    }
    const { text, blocked } = await this.#shape(random);
    await this.#during({ kind: "partition", text }, async () => {
      await this.#cluster.setFaults({ blocked });
      await this.#sleep(random, CUT_MS);
      await this.#cluster.setFaults({ blocked: [] });
    });
  }

  async #shape(random: SeededRandom): Promise<{ text: string; blocked: readonly Link[] }> {
    const ids = random.shuffle(this.#cluster.ids);
    const one = await this.#victim(random);
    const others = ids.filter((id) => id !== one);
    switch (random.below(7)) {
      case 0:
        return { text: `n${one} alone`, blocked: isolate(ids, one) };
      case 1:
        return { text: "halves", blocked: halves(ids) };
      case 2:
        return { text: `n${one} in a minority`, blocked: minorityWith(ids, one) };
      case 3:
        return { text: "bridge", blocked: bridge(ids) };
      case 4:
        return { text: "ring of majorities", blocked: majoritiesRing(ids) };
      case 5:
        return { text: `n${one} is not heard`, blocked: oneWay([one], others) };
      default:
        return { text: `n${one} hears nobody`, blocked: oneWay(others, [one]) };
    }
  }

  async #change(random: SeededRandom): Promise<void> {
    const start = this.#cluster.now();
    const text = await changeMember(this.#cluster, random.pick(this.#cluster.ids));
    if (text !== null) this.annotations.push({ kind: "info", text, start, end: start });
  }

  async #hurt(random: SeededRandom): Promise<void> {
    const one = await this.#victim(random);
    if (random.chance(0.4)) {
      await this.#during({ kind: "pause", text: `SIGSTOP n${one}` }, async () => {
        this.#cluster.pause(one);
        await this.#sleep(random, PAUSE_MS);
        await this.#cluster.resume(one);
      });
      return;
    }
    const others = random.shuffle(this.#cluster.ids.filter((id) => id !== one));
    const count = random.pick([1, 1, 1, 2, 3, this.#cluster.ids.length]);
    const victims = [one, ...others].slice(0, count);
    const text = `kill -9 ${victims.map((id) => `n${id}`).join(" ")}`;
    await this.#during({ kind: "crash", text }, async () => {
      await Promise.all(victims.map((id) => this.#cluster.kill(id)));
      await this.#sleep(random, DOWN_MS);
      for (const id of victims) await this.#cluster.start(id);
    });
  }

  /** Picks the leader half of the time, otherwise any node. */
  async #victim(random: SeededRandom): Promise<NodeId> {
    const { ids } = this.#cluster;
    if (random.chance(0.5)) return random.pick(ids);
    const states = await Promise.all(ids.map((id) => this.#cluster.state(id)));
    const leaders = ids.filter((_id, place) => states[place]?.leader);
    return random.pick(leaders.length > 0 ? leaders : ids);
  }

  async #during(
    { kind, text }: Pick<Annotation, "kind" | "text">,
    run: () => Promise<void>,
  ): Promise<void> {
    const start = this.#cluster.now();
    const place = this.annotations.push({ kind, text, start, end: null }) - 1;
    await run();
    this.annotations[place] = { kind, text, start, end: this.#cluster.now() };
  }
}

/** So many voters stay. */
const VOTERS_MIN = 3;

/**
 * Makes a voter a learner, or a learner a voter; `null`: there is no leader that has begun to. What was
 * begun may still be undone by the next leader.
 */
export async function changeMember(
  cluster: ProcessServiceCluster,
  id: NodeId,
): Promise<string | null> {
  const reports = await Promise.all(cluster.ids.map((each) => cluster.report(each)));
  const status = reports.find((report) => report?.status.role === "leader")?.status;
  if (status === undefined || !cluster.isRunning(status.id)) return null;
  const { voters, learners } = status.members;
  const isVoter = voters.some((each) => each.id === id);
  if (isVoter && voters.length <= VOTERS_MIN) return null;
  const one = [...voters, ...learners].filter((each) => each.id === id);
  const without = (members: typeof voters) => members.filter((each) => each.id !== id);
  const target = isVoter
    ? { voters: without(voters), learners: [...learners, ...one] }
    : { voters: [...voters, ...one], learners: without(learners) };
  const bytes = encodeMembers({ ...target, outgoing: [] });
  const server = new RpcClient({ server: cluster.node(status.id).clients! });
  const request = [MEMBERS_REQUEST, status.membersIndex, bytes];
  const outcome = await server.call(request, { withinMs: CHANGE_MS });
  server.close();
  const hasBegun = outcome.kind === "replied" && Array.isArray(outcome.payload);
  return hasBegun ? `n${id} becomes a ${isVoter ? "learner" : "voter"}` : null;
}
