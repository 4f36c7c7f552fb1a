/**
 * Faults of the network as data: the same value steers the simulated network and the transport of
 * a real node. Pure: what happens to a message follows from the value and a random function.
 *
 * Bandwidth is the one fault decided elsewhere: it needs to remember what is on the wire.
 *
 * @module
 */

import type { Envelope, Message, NodeId, Random } from "../../raft/mod.ts";

/** One direction between two nodes. */
export interface Link {
  /** Who sends. */
  readonly from: NodeId;
  /** Who would receive. */
  readonly to: NodeId;
}

/** An extra wait before delivery, in milliseconds. */
export type Delay =
  | { readonly kind: "none" }
  | { readonly kind: "uniform"; readonly minMs: number; readonly maxMs: number }
  /** A uniform share of a uniform share: leans to the low end (the lab's long reordering). */
  | { readonly kind: "skewed"; readonly minMs: number; readonly maxMs: number }
  /** Mostly near the mean, seldom up to the maximum. */
  | { readonly kind: "longTail"; readonly meanMs: number; readonly maxMs: number };

/** What may happen to one message. Probabilities are from 0 to 1. */
export interface Disturbance {
  /** How likely it is lost. */
  readonly drop: number;
  /** How likely it arrives twice. */
  readonly duplicate: number;
  /** How much later it arrives. */
  readonly delay: Delay;
  /** How likely a message is held back, by how much: later ones overtake it. */
  readonly reorder: { readonly probability: number; readonly delay: Delay };
}

/** Everything that is wrong with the network at the moment. */
export interface Faults {
  /** Directions in which nothing arrives. */
  readonly blocked: readonly Link[];
  /** What happens to requests, on every link that is not listed in `links`. */
  readonly request: Disturbance;
  /** What happens to replies (the messages whose type ends in `Reply`), likewise. */
  readonly reply: Disturbance;
  /** Links that suffer differently, in both requests and replies. */
  readonly links: readonly (Link & { readonly disturbance: Disturbance })[];
  /** Bandwidth of each direction, or `null` for as much as there is. */
  readonly bytesPerSecondMax: number | null;
}

/** Whether a message asks or answers; the lab's network treats the two differently. */
export type Kind = "request" | "reply";

/** Tells a reply by its type. */
export function kindOf(type: Message["type"]): Kind {
  return type.endsWith("Reply") ? "reply" : "request";
}

const NO_DELAY: Delay = { kind: "none" };
const NO_REORDER = { probability: 0, delay: NO_DELAY } as const;

/** Nothing happens to a message. */
export const undisturbed: Disturbance = {
  drop: 0,
  duplicate: 0,
  delay: NO_DELAY,
  reorder: NO_REORDER,
};

/** A network that does its work. */
export const noFaults: Faults = {
  blocked: [],
  request: undisturbed,
  reply: undisturbed,
  links: [],
  bytesPerSecondMax: null,
};

/** The lab's reliable network, to end what {@linkcode unreliable} began. */
export const reliable: Pick<Faults, "request" | "reply"> = {
  request: undisturbed,
  reply: undisturbed,
};

/** The lab's unreliable network: requests wait up to 26 ms; of each kind one in ten is lost. */
export const unreliable: Pick<Faults, "request" | "reply"> = {
  request: {
    drop: 0.1,
    duplicate: 0,
    delay: { kind: "uniform", minMs: 0, maxMs: 26 },
    reorder: NO_REORDER,
  },
  reply: { drop: 0.1, duplicate: 0, delay: NO_DELAY, reorder: NO_REORDER },
};

/** The lab's long reordering, added to the replies of any network: two of three come late. */
export function reordered(reply: Disturbance): Disturbance {
  return {
    ...reply,
    reorder: { probability: 2 / 3, delay: { kind: "skewed", minMs: 200, maxMs: 2199 } },
  };
}

/** Both directions between every two nodes of different groups. */
export function partition(groups: readonly (readonly NodeId[])[]): Link[] {
  const links: Link[] = [];
  for (const group of groups) {
    for (const other of groups) {
      if (group !== other) links.push(...oneWay(group, other));
    }
  }
  return links;
}

/** Nothing passes from the first nodes to the second; the way back stays open. */
export function oneWay(from: readonly NodeId[], to: readonly NodeId[]): Link[] {
  return from.flatMap((sender) =>
    to.filter((id) => id !== sender).map((id) => ({ from: sender, to: id }))
  );
}

/** One node alone, the others together. */
export function isolate(ids: readonly NodeId[], id: NodeId): Link[] {
  return partition([[id], ids.filter((other) => other !== id)]);
}

/** The first half (with an odd number the smaller one) against the rest. */
export function halves(ids: readonly NodeId[]): Link[] {
  const middle = Math.floor(ids.length / 2);
  return partition([ids.slice(0, middle), ids.slice(middle)]);
}

/** The lab's partition: the given node in the minority, the first others make a majority. */
export function minorityWith(ids: readonly NodeId[], id: NodeId): Link[] {
  const others = ids.filter((other) => other !== id);
  const majority = Math.floor(ids.length / 2) + 1;
  return partition([others.slice(0, majority), [...others.slice(majority), id]]);
}

/** Two halves that cannot talk, and the node in the middle that talks to both. */
export function bridge(ids: readonly NodeId[]): Link[] {
  const middle = Math.floor(ids.length / 2);
  return partition([ids.slice(0, middle), ids.slice(middle + 1)]);
}

/** Every node sees a majority, and no two see the same one: its neighbours in a ring. */
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

/** Whether a message that suffers this is delivered at once, and once. */
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

/** About the encoded size of a message, without encoding it: its numbers, entries and bytes. */
export function approximateBytes({ message }: Envelope): number {
  switch (message.type) {
    case "appendEntries": {
      let bytes = 20;
      for (const { command } of message.entries) bytes += 6 + (command?.length ?? 0);
      return bytes;
    }
    case "installSnapshot":
      return 28 + message.data.length;
    default:
      return 16;
  }
}

/** Whether nothing passes in this direction. */
export function isBlocked(faults: Faults, link: Link): boolean {
  return faults.blocked.some(({ from, to }) => from === link.from && to === link.to);
}

const LOST: readonly number[] = [];
const AT_ONCE: readonly number[] = [0];

/** When each copy of a message arrives, in ms from now. None: lost. Two: duplicated. */
export function decide(
  faults: Faults,
  { link, kind, random }: { readonly link: Link; readonly kind: Kind; readonly random: Random },
): readonly number[] {
  if (faults.blocked.length > 0 && isBlocked(faults, link)) return LOST;
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
