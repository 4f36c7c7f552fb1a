/**
 * Injects faults into a simulated cluster: partitions of every shape, flapping links, clogs and
 * floods, crashes of one or all nodes, crashes while sending, pauses, stalled and full disks,
 * dates that are set, changing loss and delay. The plan and its random function determine them; {@linkcode Chaos.end} removes all.
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
  noFaults,
  oneWay,
  partition,
} from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import type { SeededRandom, SimCluster } from "../sim/mod.ts";
import { anyTarget } from "./any_target.ts";
import { planDisturbance, type SwarmPlan, type TroubleRates } from "./swarm_plan.ts";

/** Injects the faults of one run. */
export class Chaos {
  readonly #cluster: SimCluster;
  readonly #plan: SwarmPlan;
  readonly #random: SeededRandom;
  #isOn = false;
  #partitions = 0;
  /** How many faults of each kind there were. */
  readonly counts: Record<string, number> = {};

  constructor(cluster: SimCluster, plan: SwarmPlan, random: SeededRandom) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#random = random;
  }

  begin(): void {
    this.#isOn = true;
    const { request, reply, troubles } = this.#plan;
    this.#cluster.disturb({ request, reply });
    this.#often("partition", (random) => this.#partition(random));
    this.#often("flapping", (random) => this.#flap(random));
    this.#often("clog", (random) => this.#clog(random));
    this.#often("crash", (random) => this.#crash(this.#victim(random), random));
    this.#often("crashAll", (random) => this.#crashAll(random));
    this.#often("pause", (random) => this.#pause(random));
    this.#often("weather", (random) => this.#changeWeather(random));
    this.#often("stall", (random) => this.#stall(random));
    this.#often("full", (random) => this.#fill(random));
    this.#often("date", (random) => {
      this.#cluster.setDate(
        this.#victim(random),
        random.pick([1000, 60_000]) * random.range(-1, 1),
      );
    });
    this.#often("change", (random) => this.#change(random));
    this.#often("transfer", (random) => this.#cluster.transfer(this.#victim(random)));
    const sending = this.#random.fork("crashAtSend");
    const moving = this.#random.fork("crashAtProgress");
    this.#cluster.onSend = ({ from }) => this.#strike(from, sending, troubles.crashAtSend);
    const mending = this.#random.fork("diskDeath");
    this.#cluster.onEnd = (id) => {
      this.#cluster.clock.after(mending.range(1, 2_000), () => this.#rise(id));
    };
    this.#cluster.onProgress = (id) => this.#strike(id, moving, troubles.crashAtProgress);
  }

  /** Ends all faults: heals the network, resumes paused nodes, restarts crashed nodes. */
  end(): void {
    this.#isOn = false;
    const { ids } = this.#cluster;
    this.#cluster.heal();
    this.#cluster.mendDisks();
    for (const id of ids) {
      this.#cluster.resume(id);
      this.#rise(id);
    }
  }

  #often(trouble: keyof TroubleRates, make: (random: SeededRandom) => void): void {
    const perMinute = this.#plan.troubles[trouble];
    if (perMinute === 0) return;
    const random = this.#random.fork(trouble);
    const meanMs = 60_000 / perMinute;
    const wait = () => {
      this.#later(random.range(0, 2 * meanMs), () => {
        this.#count(trouble);
        make(random);
        wait();
      });
    };
    wait();
  }

  #count(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  /** Runs later, unless the faults have ended by then. */
  #later(ms: number, run: () => void): void {
    this.#cluster.clock.after(ms, () => {
      if (this.#isOn) run();
    });
  }

  /** Picks the leader half of the time, otherwise any node. */
  #victim(random: SeededRandom): NodeId {
    const { ids } = this.#cluster;
    const leaders = ids.filter((id) => this.#cluster.look(id)?.role === "leader");
    return random.chance(0.5) && leaders.length > 0 ? random.pick(leaders) : random.pick(ids);
  }

  #strike(id: NodeId, random: SeededRandom, probability: number): void {
    if (this.#isOn && random.chance(probability)) this.#crash(id, random);
  }

  #partition(random: SeededRandom): void {
    this.#cluster.disturb({ blocked: this.#shape(random) });
    const number = ++this.#partitions;
    this.#later(random.pick([100, 500, 1_000, 3_000]) * random.range(0.5, 1.5), () => {
      if (number === this.#partitions) this.#cluster.disturb({ blocked: [] });
    });
  }

  #shape(random: SeededRandom): readonly Link[] {
    const ids = random.shuffle(this.#cluster.ids);
    const one = this.#victim(random);
    const others = ids.filter((id) => id !== one);
    switch (random.below(9)) {
      case 0:
        return isolate(ids, one);
      case 1:
        return halves(ids);
      case 2:
        return minorityWith(ids, one);
      case 3:
        return bridge(ids);
      case 4:
        return majoritiesRing(ids);
      case 5:
        return oneWay([one], random.shuffle(others).slice(0, random.between(1, ids.length)));
      case 6:
        return oneWay(random.shuffle(others).slice(0, random.between(1, ids.length)), [one]);
      case 7:
        return ids.flatMap((from) =>
          ids.filter((to) => to !== from && random.chance(0.3)).map((to) => ({ from, to }))
        );
      default: {
        const groups = ids.map((id) => ({ id, group: random.below(3) }));
        return partition(
          [0, 1, 2].map((wanted) =>
            groups.filter(({ group }) => group === wanted).map(({ id }) => id)
          ),
        );
      }
    }
  }

  #flap(random: SeededRandom): void {
    const blocked = this.#shape(random);
    for (let turn = 0; turn < 10; turn++) {
      this.#later(turn * random.range(20, 200), () => {
        this.#cluster.disturb({ blocked: turn % 2 === 0 ? blocked : [] });
      });
    }
  }

  #clog(random: SeededRandom): void {
    for (const link of this.#shape(random)) this.#cluster.network.clog(link);
    this.#later(random.range(50, 2_000), () => this.#cluster.network.flood());
  }

  #crash(id: NodeId, random: SeededRandom): void {
    if (!this.#cluster.isRunning(id)) return;
    this.#count("killed");
    this.#cluster.kill(id);
    this.#later(random.pick([1, 100, 1_000, 5_000]) * random.next(), () => this.#rise(id));
  }

  #crashAll(random: SeededRandom): void {
    for (const id of this.#cluster.ids) this.#crash(id, random);
  }

  #pause(random: SeededRandom): void {
    const id = this.#victim(random);
    this.#cluster.pause(id);
    this.#later(random.pick([20, 500, 3_000]) * random.next(), () => this.#cluster.resume(id));
  }

  /** Stalls a disk long enough for other terms to begin and end. */
  #stall(random: SeededRandom): void {
    const id = this.#victim(random);
    this.#cluster.stall(id, random.pick([100, 500, 3_000]) * random.next());
  }

  /** Fills one disk, some, or all. */
  #fill(random: SeededRandom): void {
    const { ids } = this.#cluster;
    const full = random.shuffle(ids).slice(0, random.between(1, ids.length));
    for (const id of full) this.#cluster.limitRoom(id, random.pick([0, 100, 5_000]));
    this.#later(random.range(100, 5_000), () => {
      for (const id of full) this.#cluster.limitRoom(id, Infinity);
    });
  }

  #change(random: SeededRandom): void {
    const id = this.#victim(random);
    const status = this.#cluster.look(id);
    const target = status && anyTarget(random, { status, ids: this.#cluster.ids });
    if (target !== null) this.#cluster.changeMembers(id, target);
  }

  #changeWeather(random: SeededRandom): void {
    const [request, reply] = random.chance(0.3)
      ? [noFaults.request, noFaults.reply]
      : [planDisturbance(random), planDisturbance(random)];
    const { ids } = this.#cluster;
    const links = random.chance(0.7) ? [] : [{
      ...{ from: random.pick(ids), to: random.pick(ids) },
      disturbance: planDisturbance(random),
    }];
    const bytesPerSecondMax = random.chance(0.2) ? random.between(2_000, 100_000) : null;
    this.#cluster.disturb({ request, reply, links, bytesPerSecondMax });
  }

  #rise(id: NodeId): void {
    if (!this.#cluster.isRunning(id)) this.#cluster.launchSoon(id);
  }
}
