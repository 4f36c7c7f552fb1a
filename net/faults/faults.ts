/**
 * Faults of the network as data: the same value controls the simulated network and the transport of
 * a real node. Pure: the fate of a message depends on the value and a random function.
 *
 * Bandwidth is applied elsewhere, as it depends on the bytes already in flight.
 *
 * @module
 */

import type { Envelope, Message, NodeId, Random } from "../../raft/mod.ts";

/** One direction of the link between two nodes. */
export interface Link {
  /** The sender. */
  readonly from: NodeId;
  /** The receiver. */
  readonly to: NodeId;
}

/** A random delay before delivery, in milliseconds. */
export type Delay =
  | { readonly kind: "none" }
  | { readonly kind: "uniform"; readonly minMs: number; readonly maxMs: number }
  /**
   * A random share of a random share, so short delays are more likely (the lab's long reordering).
   */
  | { readonly kind: "skewed"; readonly minMs: number; readonly maxMs: number }
  /** Mostly near the mean, seldom up to the maximum. */
  | { readonly kind: "longTail"; readonly meanMs: number; readonly maxMs: number };

/** The random faults of one message. Probabilities are from 0 to 1. */
export interface Disturbance {
  /** The probability that it is lost. */
  readonly drop: number;
  /** The probability that it arrives twice. */
  readonly duplicate: number;
  /** Its delay. */
  readonly delay: Delay;
  /** The probability of an additional delay, in which later messages overtake it. */
  readonly reorder: { readonly probability: number; readonly delay: Delay };
}

/** All current faults of the network. */
export interface Faults {
  /** Links whose messages are all dropped. */
  readonly blocked: readonly Link[];
  /** The faults of requests, on every link that is not in `links`. */
  readonly request: Disturbance;
  /** The same for replies, the messages whose type ends in `Reply`. */
  readonly reply: Disturbance;
  /** Links with faults of their own, for both requests and replies. */
  readonly links: readonly (Link & { readonly disturbance: Disturbance })[];
  /** Bandwidth of each link; `null` for no limit. */
  readonly bytesPerSecondMax: number | null;
}

/** The kind of a message; the lab's network treats the two differently. */
export type Kind = "request" | "reply";

/** The kind of a message, by the name of its type. */
export function kindOf(type: Message["type"]): Kind {
  return type.endsWith("Reply") ? "reply" : "request";
}

const NO_DELAY: Delay = { kind: "none" };
const NO_REORDER = { probability: 0, delay: NO_DELAY } as const;

/** No faults of a message. */
export const undisturbed: Disturbance = {
  drop: 0,
  duplicate: 0,
  delay: NO_DELAY,
  reorder: NO_REORDER,
};

/** A network without faults. */
export const noFaults: Faults = {
  blocked: [],
  request: undisturbed,
  reply: undisturbed,
  links: [],
  bytesPerSecondMax: null,
};

/** The lab's reliable network, which ends {@linkcode unreliable}. */
export const reliable: Pick<Faults, "request" | "reply"> = {
  request: undisturbed,
  reply: undisturbed,
};

/** The lab's unreliable network: requests are delayed up to 26 ms; one message in ten is lost. */
export const unreliable: Pick<Faults, "request" | "reply"> = {
  request: {
    drop: 0.1,
    duplicate: 0,
    delay: { kind: "uniform", minMs: 0, maxMs: 26 },
    reorder: NO_REORDER,
  },
  reply: { drop: 0.1, duplicate: 0, delay: NO_DELAY, reorder: NO_REORDER },
};

/** The lab's long reordering, added to the replies of any network: two of three are late. */
export function reordered(reply: Disturbance): Disturbance {
  return {
    ...reply,
    reorder: { probability: 2 / 3, delay: { kind: "skewed", minMs: 200, maxMs: 2199 } },
  };
}

/** Both directions between any two nodes of different groups. */
export function partition(groups: readonly (readonly NodeId[])[]): Link[] {
  const links: Link[] = [];
  for (const group of groups) {
    for (const other of groups) {
      if (group !== other) links.push(...oneWay(group, other));
    }
  }
  return links;
}

/** The links from the first nodes to the second, without the reverse direction. */
export function oneWay(from: readonly NodeId[], to: readonly NodeId[]): Link[] {
  return from.flatMap((sender) =>
    to.filter((id) => id !== sender).map((id) => ({ from: sender, to: id }))
  );
}

/** Separates one node from all others. */
export function isolate(ids: readonly NodeId[], id: NodeId): Link[] {
  return partition([[id], ids.filter((other) => other !== id)]);
}

/** Separates the first half (the smaller one if the number is odd) from the rest. */
export function halves(ids: readonly NodeId[]): Link[] {
  const middle = Math.floor(ids.length / 2);
  return partition([ids.slice(0, middle), ids.slice(middle)]);
}

/** The lab's partition: the given node in the minority, the first of the others in the majority. */
export function minorityWith(ids: readonly NodeId[], id: NodeId): Link[] {
  const others = ids.filter((other) => other !== id);
  const majority = Math.floor(ids.length / 2) + 1;
  return partition([others.slice(0, majority), [...others.slice(majority), id]]);
}

/** Separates two halves, except for the middle node, which is linked to both. */
export function bridge(ids: readonly NodeId[]): Link[] {
  const middle = Math.floor(ids.length / 2);
  return partition([ids.slice(0, middle), ids.slice(middle + 1)]);
}

/** Links every node to a different majority: its neighbours in a ring. */
export function majoritiesRing(ids: readonly NodeId[]): Link[] {
  const majority = Math.floor(ids.length / 2) + 1;
  const reach = Math.floor(majority / 2);
  return ids.flatMap((from, place) =>
    ids.filter((_, other) => {
      const distance = Math.abs(place - other);
      return Math.min(distance, ids.length - distance) > reach;
    }).map((to) => ({ from, to }))
  );
}

/** Whether such a message is delivered at once and only once. */
function isHarmless({ drop, duplicate, delay, reorder }: Disturbance): boolean {
  return drop === 0 && duplicate === 0 && delay.kind === "none" && reorder.probability === 0;
}

/** Whether there is no fault at all. */
export function isFaultless(
  { blocked, request, reply, links, bytesPerSecondMax }: Faults,
): boolean {
  return blocked.length === 0 && links.length === 0 && bytesPerSecondMax === null &&
    isHarmless(request) && isHarmless(reply);
}

/** Estimates the encoded size of a message, without encoding it. */
export function approximateBytes({ message }: Envelope): number {
  switch (message.type) {
    case "appendEntries": {
      let bytes = 20;
      for (const { data } of message.entries) bytes += 6 + data.length;
      return bytes;
    }
    case "installSnapshot":
      return 28 + message.data.length;
    default:
      return 16;
  }
}

/** Whether all messages of a link are dropped. */
export function isBlocked(faults: Faults, link: Link): boolean {
  return faults.blocked.some(({ from, to }) => from === link.from && to === link.to);
}

const LOST: readonly number[] = [];
const AT_ONCE: readonly number[] = [0];

/** The delays of the copies of a message in ms: none if it is lost, two if it is duplicated. */
export function decide(
  faults: Faults,
  { link, kind, random }: { readonly link: Link; readonly kind: Kind; readonly random: Random },
): readonly number[] {
  if (isBlocked(faults, link)) return LOST;
  let disturbance = kind === "reply" ? faults.reply : faults.request;
  for (const special of faults.links) {
    if (special.from === link.from && special.to === link.to) disturbance = special.disturbance;
  }
  if (disturbance === undisturbed) return AT_ONCE;
  if (disturbance.drop > 0 && random() < disturbance.drop) return LOST;
  const first = delayOf(disturbance, random);
  if (disturbance.duplicate === 0 || random() >= disturbance.duplicate) return [first];
  return [first, delayOf(disturbance, random)];
}

function delayOf({ delay, reorder }: Disturbance, random: Random): number {
  const held = reorder.probability > 0 && random() < reorder.probability;
  return draw(delay, random) + (held ? draw(reorder.delay, random) : 0);
}

function draw(delay: Delay, random: Random): number {
  switch (delay.kind) {
    case "none":
      return 0;
    case "uniform":
      return delay.minMs + random() * (delay.maxMs - delay.minMs);
    case "skewed":
      return delay.minMs + random() * random() * (delay.maxMs - delay.minMs);
    case "longTail":
      return Math.min(delay.maxMs, -delay.meanMs * Math.log(1 - random()));
  }
}
