/**
 * Derives all parameters of a run from a seed: cluster size, limits (often tiny, to reach every
 * edge case), speeds, fault rates and workload. Each seed turns some faults off, because a fault
 * that is always present hides bugs that only show without it.
 *
 * @module
 */

import { type Disturbance, undisturbed } from "../../net/mod.ts";
import type { Profile, RaftOptions } from "../../raft/mod.ts";
import { SeededRandom, type SimFilesOptions } from "../sim/mod.ts";

/** A range in milliseconds. */
export interface Span {
  readonly minMs: number;
  readonly maxMs: number;
}

/** The number of faults of each kind that begin per minute; 0 for never. */
export interface TroubleRates {
  readonly partition: number;
  readonly flapping: number;
  readonly clog: number;
  readonly crash: number;
  readonly crashAll: number;
  /** Probability, for each message sent, that the sender crashes. */
  readonly crashAtSend: number;
  /** Probability, for each turn in which a leader's log or commit advances, that it crashes. */
  readonly crashAtProgress: number;
  readonly pause: number;
  /** A disk stalls while its server keeps receiving messages and ticks. */
  readonly stall: number;
  /** One disk to all disks have no room for some seconds. */
  readonly full: number;
  readonly weather: number;
  /** The date of one computer is set forward or back. */
  readonly date: number;
  /** Members are added, removed and promoted. */
  readonly change: number;
  /** A leader hands over. */
  readonly transfer: number;
}

/** The parameters of one run. */
export interface SwarmPlan {
  readonly seed: number;
  readonly nodes: number;
  /** The number of nodes that belong to the cluster at first; the others are spare. */
  readonly voters: number;
  readonly raft: Partial<Omit<RaftOptions, "id" | "peers">> & { readonly profile: Profile };
  readonly tickMs: number;
  readonly hopMs: Span;
  readonly saveMs: Span;
  /** The probability that an operation of a disk takes up to a hundred times as long. */
  readonly slowSaves: number;
  readonly drift: number;
  /** The product's storage on simulated disks; `null` for state in memory. */
  readonly files: SimFilesOptions | null;
  /** Whether images are written in the background. */
  readonly draws: boolean;
  readonly compactEvery: number | null;
  readonly imageBytes: number;
  readonly commandBytesMax: number;
  /** Approximate rate of commands and reads. */
  readonly commandsPerSecond: number;
  readonly readsPerSecond: number;
  readonly troubles: TroubleRates;
  /** The constant part of loss and delay of the network. */
  readonly request: Disturbance;
  readonly reply: Disturbance;
  /** Probability, for each message sent, that a copy arrives terms and restarts later. */
  readonly strays: number;
  readonly safetyMs: number;
}

/** What overrides a seed. */
export interface PlanOptions {
  /** The number of nodes, for measurements; the members are always the same then. */
  readonly nodes?: number;
  /** Whether the members change, and more often. @default {in half of the seeds} */
  readonly members?: boolean;
}

/** Derives the plan from a seed. */
export function planSwarm(seed: number, fixed: PlanOptions = {}): SwarmPlan {
  const random = new SeededRandom(seed, "swarm");
  const profile = random.chance(0.8) ? "production" : "lab";
  const timing = planTiming(random.fork("timing"));
  const voters = fixed.nodes ?? random.pick([1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 6, 7]);
  const members = planMembers(random.fork("members"), {
    voters,
    isFixed: fixed.nodes !== undefined,
    isOften: fixed.members ?? false,
  });
  return {
    seed,
    nodes: voters + members.spare,
    voters,
    raft: { profile, ...timing.ticks, ...planLimits(random.fork("limits")) },
    ...timing.world,
    files: planFiles(random.fork("files")),
    draws: random.fork("draws").chance(0.5),
    ...planLoad(random.fork("load")),
    slowSaves: planSlowSaves(random.fork("slow saves")),
    troubles: {
      ...planTroubles(random.fork("troubles")),
      full: planFullDisks(random.fork("full disks")),
      date: planDates(random.fork("dates")),
      ...members.troubles,
    },
    ...planWeather(random.fork("weather")),
    strays: planStrays(random.fork("strays")),
    safetyMs: random.pick([5_000, 10_000, 20_000, 40_000]),
  };
}

function planTiming(random: SeededRandom) {
  const electionTicks = random.between(5, 20);
  const heartbeatTicks = random.between(1, Math.max(1, Math.floor(electionTicks / 3)));
  const hopMs = random.pick([{ minMs: 0.1, maxMs: 1 }, { minMs: 1, maxMs: 5 }, {
    minMs: 0.1,
    maxMs: 15,
  }]);
  const saveMs = random.pick([{ minMs: 0.01, maxMs: 0.05 }, { minMs: 0.2, maxMs: 2 }, {
    minMs: 1,
    maxMs: 20,
  }]);
  const tickMs = Math.ceil(random.between(200, 400) / electionTicks);
  const drift = random.pick([0, 0, 0.01, 0.1]);
  return { ticks: { electionTicks, heartbeatTicks }, world: { tickMs, hopMs, saveMs, drift } };
}

/** Each limit has its default in half of the runs, and is tiny in the other half. */
function planLimits(random: SeededRandom): Partial<RaftOptions> {
  const tiny = <Name extends keyof RaftOptions>(name: Name, values: readonly number[]) =>
    random.chance(0.5) ? { [name]: random.pick(values) } : {};
  return {
    ...tiny("appendEntriesMax", [1, 1, 2, 5]),
    ...tiny("appendBytesMax", [1, 30, 200]),
    ...tiny("inFlightAppendsMax", [1, 1, 2, 4]),
    ...tiny("inFlightBytesMax", [1, 50, 400]),
    ...tiny("snapshotChunkBytes", [20, 50, 100]),
    ...tiny("applyEntriesMax", [1, 2, 7]),
    ...tiny("trailingBytes", [0, 0, 50, 400]),
  };
}

function planFiles(random: SeededRandom): SimFilesOptions | null {
  if (random.chance(0.6)) return null;
  return {
    segmentBytesMax: random.pick([500, 2_000, 100_000]),
    recordBytesMax: random.pick([120, 1_000, 100_000]),
    faultRate: random.chance(0.3) ? random.range(0, 0.001) : 0,
    powerCuts: random.pick([0, 0.5, 1]),
  };
}

function planLoad(random: SeededRandom) {
  return {
    compactEvery: random.pick([null, 3, 10, 30, 100]),
    imageBytes: random.pick([0, 100, 300]),
    commandBytesMax: random.pick([4, 20, 100]),
    commandsPerSecond: random.pick([1, 5, 10, 20, 50]),
    readsPerSecond: random.pick([0, 2, 10]),
  };
}

/** In half of the runs the members are always the same. */
function planMembers(
  random: SeededRandom,
  { voters, isFixed, isOften }: {
    readonly voters: number;
    readonly isFixed: boolean;
    readonly isOften: boolean;
  },
) {
  if (isFixed || random.chance(0.5) && !isOften) {
    return { spare: 0, troubles: { change: 0, transfer: 0 } };
  }
  const troubles = {
    change: random.pick(isOften ? [60, 120, 300] : [5, 30, 120]),
    transfer: random.chance(0.5) ? random.range(0, 30) : 0,
  };
  return { spare: random.between(0, Math.max(0, 7 - voters)), troubles };
}

function planTroubles(
  random: SeededRandom,
): Omit<TroubleRates, "change" | "transfer" | "full" | "date"> {
  const some = (share: number, most: number) => random.chance(share) ? random.range(0, most) : 0;
  return {
    partition: some(0.8, 40),
    flapping: some(0.2, 10),
    clog: some(0.3, 20),
    crash: some(0.7, 40),
    crashAll: some(0.2, 6),
    crashAtSend: some(0.3, 0.01),
    crashAtProgress: some(0.3, 0.2),
    pause: some(0.4, 30),
    weather: some(0.4, 20),
    stall: some(0.3, 20),
  };
}

function planFullDisks(random: SeededRandom): number {
  return random.chance(0.3) ? random.range(0, 10) : 0;
}

function planDates(random: SeededRandom): number {
  return random.chance(0.3) ? random.range(0, 30) : 0;
}

function planSlowSaves(random: SeededRandom): number {
  return random.chance(0.2) ? random.range(0, 0.02) : 0;
}

function planStrays(random: SeededRandom): number {
  return random.chance(0.3) ? random.range(0, 0.02) : 0;
}

function planWeather(random: SeededRandom) {
  if (random.chance(0.3)) return { request: undisturbed, reply: undisturbed };
  const request = planDisturbance(random);
  return { request, reply: random.chance(0.5) ? request : planDisturbance(random) };
}

/** Up to 30 % loss and 50 % duplicates, as in the harshest known simulators. */
export function planDisturbance(random: SeededRandom): Disturbance {
  const delay = random.pick([
    undisturbed.delay,
    { kind: "uniform", minMs: 0, maxMs: random.range(1, 30) } as const,
    { kind: "longTail", meanMs: random.range(1, 20), maxMs: 1_000 } as const,
  ]);
  return {
    drop: random.chance(0.6) ? random.range(0, 0.3) : 0,
    duplicate: random.chance(0.5) ? random.range(0, 0.5) : 0,
    delay,
    reorder: {
      probability: random.chance(0.4) ? random.range(0, 0.5) : 0,
      delay: random.pick([
        { kind: "uniform", minMs: 0, maxMs: 50 },
        { kind: "skewed", minMs: 200, maxMs: 2_199 },
      ]),
    },
  };
}
