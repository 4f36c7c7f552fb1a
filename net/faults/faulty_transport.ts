/**
 * A transport that does harm on purpose: it does to each message what `Faults` say before the message
 * reaches the real transport. Exists only in nodes started with a control socket; without a fault in
 * force it only counts.
 *
 * Each direction is judged where it begins, and a block also where it ends, so a cut is whole as
 * soon as one of the two sides has it. On a narrow line small messages go before long ones, as they do
 * on the two lines of the real transport.
 *
 * @module
 */

import {
  type Clock,
  type Envelope,
  isBulk,
  type NodeId,
  type Random,
  type Transport,
} from "../../raft/mod.ts";
import {
  approximateBytes,
  decide,
  type Faults,
  isBlocked,
  isFaultless,
  kindOf,
  noFaults,
} from "./faults.ts";

/** What a {@linkcode FaultyTransport} is made of. */
export interface FaultyTransportOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** This node. */
  readonly id: NodeId;
}

/** What went over a node's network since its start, as the course's tests count. */
export interface FaultyTraffic {
  /** Requests this node sent, delivered or not. */
  readonly requests: number;
  /** Their bytes, about, and those of the replies that reached this node. */
  readonly bytes: number;
  /** Requests that reached this node. */
  readonly incoming: number;
}

/** With this much waiting for bandwidth a sender drops instead of queueing. */
const QUEUE_MS_MAX = 2000;

/** Until when the bandwidth towards a peer is used up, for each kind of message. */
interface BusyUntil {
  small: number;
  bulk: number;
}

/** Sends what the faults leave over. */
export class FaultyTransport implements Transport {
  readonly #options: FaultyTransportOptions;
  readonly #busyUntil = new Map<NodeId, BusyUntil>();
  #faults: Faults = noFaults;
  #isFaultless = true;
  #requests = 0;
  #bytes = 0;
  #incoming = 0;

  /** A transport without faults so far. */
  constructor(options: FaultyTransportOptions) {
    this.#options = options;
  }

  /** What is wrong at the moment. */
  get faults(): Faults {
    return this.#faults;
  }

  /** What was sent so far. */
  get traffic(): FaultyTraffic {
    return { requests: this.#requests, bytes: this.#bytes, incoming: this.#incoming };
  }

  /** Replaces the named parts of the faults in force. */
  setFaults(change: Partial<Faults>): void {
    this.#faults = { ...this.#faults, ...change };
    this.#isFaultless = isFaultless(this.#faults);
  }

  send(envelopes: readonly Envelope[]): void {
    const { transport, clock, random } = this.#options;
    for (const envelope of envelopes) this.#count(envelope);
    if (this.#isFaultless) return transport.send(envelopes);
    const now: Envelope[] = [];
    for (const envelope of envelopes) {
      const { from, to, message } = envelope;
      const link = { from, to };
      const delays = decide(this.#faults, { link, kind: kindOf(message.type), random });
      for (const delayMs of delays) {
        const waitMs = delayMs + this.#queueMs(envelope);
        if (waitMs === 0) now.push(envelope);
        else if (waitMs < Infinity) clock.after(waitMs, () => this.#sendLate(envelope));
      }
    }
    if (now.length > 0) transport.send(now);
  }

  waiting(to: NodeId): number {
    const { transport, clock } = this.#options;
    const { bytesPerSecondMax } = this.#faults;
    if (bytesPerSecondMax === null) return transport.waiting(to);
    const busyMs = Math.max(0, (this.#busyUntil.get(to)?.bulk ?? 0) - clock.now());
    return transport.waiting(to) + Math.ceil(busyMs * bytesPerSecondMax / 1000);
  }

  /** Whether a message that has come in gets through. */
  admits(envelope: Envelope): boolean {
    if (isBlocked(this.#faults, envelope)) return false;
    if (kindOf(envelope.message.type) === "request") this.#incoming += 1;
    else this.#bytes += approximateBytes(envelope);
    return true;
  }

  /** Whether a part of a message from this peer gets through. */
  admitsFrom(from: NodeId): boolean {
    return !isBlocked(this.#faults, { from, to: this.#options.id });
  }

  /** A cut that came meanwhile also catches what was under way. */
  #sendLate(envelope: Envelope): void {
    if (!isBlocked(this.#faults, envelope)) this.#options.transport.send([envelope]);
  }

  #count(envelope: Envelope): void {
    if (kindOf(envelope.message.type) !== "request") return;
    this.#requests += 1;
    this.#bytes += approximateBytes(envelope);
  }

  /** How long a message waits for its turn on a narrow line; `Infinity`: it is dropped. */
  #queueMs(envelope: Envelope): number {
    const { bytesPerSecondMax } = this.#faults;
    if (bytesPerSecondMax === null) return 0;
    const now = this.#options.clock.now();
    const busy = this.#busyUntil.get(envelope.to) ?? { small: now, bulk: now };
    this.#busyUntil.set(envelope.to, busy);
    const line = isBulk(envelope.message) ? "bulk" : "small";
    const begin = Math.max(now, busy[line]);
    if (begin - now > QUEUE_MS_MAX) return Infinity;
    const ms = approximateBytes(envelope) * 1000 / bytesPerSecondMax;
    busy[line] = begin + ms;
    // Small messages go first, and what they use up is missing for long ones.
    if (line === "small") busy.bulk = Math.max(now, busy.bulk) + ms;
    return begin + ms - now;
  }
}
