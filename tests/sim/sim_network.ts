/**
 * A network in memory under {@linkcode Faults}: messages take a hop, in order on each line unless a
 * fault delays them, and are counted as the lab counts. Each direction between two nodes has two lines,
 * as in the product: bulk messages queue for the bandwidth, small ones never wait behind them. It carries envelopes as they are; what it
 * delivers is never copied, so no receiver may change a message.
 *
 * As on real sockets, a message in flight outlives a partition and its sender, but never its
 * receiver: the next life gets nothing that was sent to the one before. And once a receiver has
 * heard of a sender's new life, what the old one sent is dropped. Strays keep to nothing of this:
 * the core must bear them on whatever else may carry its messages.
 *
 * @module
 */

import { decide, type Faults, isBlocked, kindOf, type Link, noFaults } from "../../net/mod.ts";
import { type Envelope, isBulk, type NodeId, type Transport } from "../../raft/mod.ts";
import type { Traffic } from "../cluster/mod.ts";
import type { SeededRandom } from "./seeded_random.ts";
import type { ClockView, VirtualClock } from "./virtual_clock.ts";

/** Options of a {@linkcode SimNetwork}. */
export interface SimNetworkOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** The time of a message without faults. */
  readonly hopMs: { readonly minMs: number; readonly maxMs: number };
  /**
   * The probability that a copy of a sent message arrives again seconds later, also after restarts.
   * @default {0}
   */
  readonly strays?: number;
  /** The encoded size of a message. */
  readonly bytesOf: (envelope: Envelope) => number;
  /** Called for every message sent, delivered or lost. */
  readonly observe?: (kind: "send" | "deliver" | "lose", envelope: Envelope) => void;
}

/** The part of a running node that the network uses. */
export interface Attachment {
  readonly view: ClockView;
  readonly receive: (envelope: Envelope) => void;
  /** Called while the bytes of a bulk message arrive. */
  readonly heard?: (from: NodeId) => void;
}

interface Life extends Attachment {
  readonly number: number;
  /** The latest start of each sender from which a message arrived. */
  readonly runs: Map<NodeId, number>;
  incoming: number;
}

/** One line in one direction between two nodes. */
interface Line {
  sentAtMs: number;
  /** The arrival of the last undelayed message; later ones do not overtake it. */
  arrivesAtMs: number;
  /** The time until which the bandwidth is used up. */
  busyUntilMs: number;
}

/** One direction between two nodes. */
interface Wire {
  readonly small: Line;
  readonly bulk: Line;
  /** The messages that wait while the link is clogged. */
  held: (() => void)[] | null;
}

/** With this much waiting for bandwidth a sender drops messages. */
const QUEUE_MS_MAX = 4_000;
/** The part of a queue that the operating system holds, which no sender sees waiting. */
const SYSTEM_BYTES = 256 * 2 ** 10;
/** The interval at which a receiver notices that a long message is arriving. */
const HEARD_EVERY_MS = 20;
const STRAY_MS = { min: 200, max: 15_000 };

/** Best-effort delivery between the nodes of one simulation. */
export class SimNetwork {
  readonly #options: SimNetworkOptions;
  readonly #lives = new Map<NodeId, Life>();
  readonly #wires = new Map<number, Wire>();
  #lifeCount = 0;
  /** Separate from the other randomness, so that seeds without strays are not changed by them. */
  readonly #strays: SeededRandom;
  #faults: Faults = noFaults;
  #requests = 0;
  #bytes = 0;

  constructor(options: SimNetworkOptions) {
    this.#options = options;
    this.#strays = options.random.fork("strays");
  }

  get faults(): Faults {
    return this.#faults;
  }

  /** Replaces the given fields of the current faults. */
  setFaults(change: Partial<Faults>): void {
    this.#faults = { ...this.#faults, ...change };
  }

  /** Starts a node, which sends through the returned transport. */
  attach(id: NodeId, attachment: Attachment): Transport {
    const number = ++this.#lifeCount;
    const life: Life = { ...attachment, number, runs: new Map(), incoming: 0 };
    this.#lives.set(id, life);
    return {
      send: (envelopes) => {
        for (const envelope of envelopes) {
          if (this.#lives.get(id) === life) this.#send(envelope, number);
        }
      },
      waiting: (to) => this.#waiting({ from: id, to }),
    };
  }

  /** Removes a node, and all messages on their way to it. */
  detach(id: NodeId): void {
    this.#lives.delete(id);
  }

  /** Lets messages in this direction wait from now on. */
  clog(link: Link): void {
    this.#wire(link).held ??= [];
  }

  /** Delivers all waiting messages of every clogged link at once. */
  flood(): void {
    for (const wire of this.#wires.values()) {
      const held = wire.held ?? [];
      wire.held = null;
      for (const deliver of held) this.#options.clock.soon(deliver);
    }
  }

  /** A client's request, for the counters. */
  countRequest(bytes: number): void {
    this.#requests++;
    this.#bytes += bytes;
  }

  /** A delivered reply to a client, for the counters. */
  countReply(bytes: number): void {
    this.#bytes += bytes;
  }

  traffic(): Traffic {
    const incoming = new Map([...this.#lives].map(([id, life]) => [id, life.incoming]));
    return { requests: this.#requests, bytes: this.#bytes, incoming };
  }

  #send(envelope: Envelope, senderLife: number): void {
    const { random, bytesOf, observe } = this.#options;
    const { from, to } = envelope;
    const kind = kindOf(envelope.message.type);
    if (kind === "request") {
      this.#requests++;
      this.#bytes += bytesOf(envelope);
    }
    observe?.("send", envelope);
    this.#loseOnTheWay(envelope);
    const receiver = this.#lives.get(to);
    const link = { from, to };
    const delays = receiver === undefined
      ? []
      : decide(this.#faults, { link, kind, random: random.next });
    if (receiver === undefined || delays.length === 0) {
      observe?.("lose", envelope);
      return;
    }
    for (const delayMs of delays) {
      const deliver = () => this.#deliver(envelope, { senderLife, receiver });
      this.#carry(envelope, { delayMs, deliver, heard: () => this.#hear(envelope, receiver) });
    }
  }

  #carry(
    envelope: Envelope,
    { delayMs, deliver, heard }: {
      readonly delayMs: number;
      readonly deliver: () => void;
      readonly heard: () => void;
    },
  ): void {
    const { clock, random, hopMs, bytesOf } = this.#options;
    const wire = this.#wire(envelope);
    const line = isBulk(envelope.message) ? wire.bulk : wire.small;
    const now = clock.now();
    const { bytesPerSecondMax } = this.#faults;
    let queueMs = 0;
    let sendMs = 0;
    if (bytesPerSecondMax !== null) {
      const begin = Math.max(now, line.busyUntilMs);
      if (begin - now > QUEUE_MS_MAX) return;
      sendMs = bytesOf(envelope) * 1000 / bytesPerSecondMax;
      line.busyUntilMs = begin + sendMs;
      queueMs = line.busyUntilMs - now;
    }
    if (line.sentAtMs !== now || line.arrivesAtMs < now + queueMs) {
      const arrivesAtMs = now + queueMs + random.range(hopMs.minMs, hopMs.maxMs);
      line.arrivesAtMs = Math.max(line.arrivesAtMs, arrivesAtMs);
      line.sentAtMs = now;
    }
    if (wire.held !== null) return void wire.held.push(deliver);
    const takesMs = line.arrivesAtMs - now + delayMs;
    const partsMs = line === wire.bulk ? sendMs : 0;
    for (let ms = HEARD_EVERY_MS; ms < partsMs; ms += HEARD_EVERY_MS) {
      clock.after(takesMs - sendMs + ms, heard);
    }
    // Messages that still waited for the line when it was cut are lost.
    const isQueued = queueMs > sendMs;
    clock.after(takesMs, () => {
      if (!isQueued || !isBlocked(this.#faults, envelope)) deliver();
    });
  }

  /** Reports to the receiver that a part of a long message has arrived. */
  #hear({ from, to }: Envelope, receiver: Life): void {
    if (this.#lives.get(to) === receiver) receiver.view.admit(() => receiver.heard?.(from));
  }

  /** The part of the bulk line's queue that the sender still holds. */
  #waiting(link: Link): number {
    const { bytesPerSecondMax } = this.#faults;
    if (bytesPerSecondMax === null) return 0;
    const queueMs = this.#wire(link).bulk.busyUntilMs - this.#options.clock.now();
    return Math.max(0, queueMs * bytesPerSecondMax / 1000 - SYSTEM_BYTES);
  }

  #deliver(
    envelope: Envelope,
    { senderLife, receiver }: { readonly senderLife: number; readonly receiver: Life },
  ): void {
    const { observe, bytesOf } = this.#options;
    const { from, to, message } = envelope;
    const heard = receiver.runs.get(from) ?? 0;
    if (this.#lives.get(to) !== receiver || heard > senderLife) {
      observe?.("lose", envelope);
      return;
    }
    if (heard < senderLife) receiver.runs.set(from, senderLife);
    if (kindOf(message.type) === "request") receiver.incoming++;
    else this.#bytes += bytesOf(envelope);
    receiver.view.admit(() => {
      observe?.("deliver", envelope);
      receiver.receive(envelope);
    });
  }

  /** A lost message may arrive much later, as a stray. */
  #loseOnTheWay(envelope: Envelope): void {
    const { clock, observe, strays = 0 } = this.#options;
    if (strays === 0 || !this.#strays.chance(strays)) return;
    clock.after(this.#strays.range(STRAY_MS.min, STRAY_MS.max), () => {
      const receiver = this.#lives.get(envelope.to);
      receiver?.view.admit(() => {
        observe?.("deliver", envelope);
        receiver.receive(envelope);
      });
    });
  }

  #wire({ from, to }: Link): Wire {
    const key = from * 1024 + to;
    let wire = this.#wires.get(key);
    if (wire === undefined) {
      wire = { small: newLine(), bulk: newLine(), held: null };
      this.#wires.set(key, wire);
    }
    return wire;
  }
}

function newLine(): Line {
  return { sentAtMs: -1, arrivesAtMs: 0, busyUntilMs: 0 };
}
