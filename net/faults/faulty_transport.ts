/**
 * A transport that applies `Faults` to each message before the message reaches the real transport.
 * Only nodes started with a control socket use it; while there are no faults it only counts.
 *
 * Faults are applied by the sender, and cuts also by the receiver, so that a cut is complete as
 * soon as one of the two sides has it. Under limited bandwidth small messages go before long ones,
 * as on the two lines of the real transport.
 *
 * @module
 */

import {
  type Clock,
  type Envelope,
  isBulk,
  type Members,
  type NodeId,
  type Position,
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

/** Options of a {@linkcode FaultyTransport}. */
export interface FaultyTransportOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** This node. */
  readonly id: NodeId;
}

/** Traffic of a node since its start, counted as in the lab's tests. */
export interface FaultyTraffic {
  /** Requests this node sent, delivered or not. */
  readonly requests: number;
  /** The approximate bytes of these and of the replies that reached this node. */
  readonly bytes: number;
  /** Requests that reached this node. */
  readonly incoming: number;
}

/** A sender drops messages that would wait longer than this for bandwidth. */
const QUEUE_MS_MAX = 2000;

/** The time until which the bandwidth to a peer is used up, for each kind of message. */
interface BusyUntil {
  small: number;
  bulk: number;
}

/** Sends the messages that the faults let through. */
export class FaultyTransport implements Transport {
  readonly #options: FaultyTransportOptions;
  readonly #busyUntil = new Map<NodeId, BusyUntil>();
  #faults: Faults = noFaults;
  #isFaultless = true;
  #requests = 0;
  #bytes = 0;
  #incoming = 0;

  /** Makes a transport without faults. */
  constructor(options: FaultyTransportOptions) {
    this.#options = options;
  }

  /** The current faults. */
  get faults(): Faults {
    return this.#faults;
  }

  /** The traffic so far. */
  get traffic(): FaultyTraffic {
    return { requests: this.#requests, bytes: this.#bytes, incoming: this.#incoming };
  }

  /** Replaces the given fields of the current faults. */
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

  connect(members: Members, asOf: Position): void {
    this.#options.transport.connect?.(members, asOf);
  }

  waiting(to: NodeId): number {
    const { transport, clock } = this.#options;
    const { bytesPerSecondMax } = this.#faults;
    if (bytesPerSecondMax === null) return transport.waiting(to);
    const busyMs = Math.max(0, (this.#busyUntil.get(to)?.bulk ?? 0) - clock.now());
    return transport.waiting(to) + Math.ceil(busyMs * bytesPerSecondMax / 1000);
  }

  /** Whether a received message gets through. */
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

  /** Sends a delayed message, unless its link has been cut in the meantime. */
  #sendLate(envelope: Envelope): void {
    if (!isBlocked(this.#faults, envelope)) this.#options.transport.send([envelope]);
  }

  #count(envelope: Envelope): void {
    if (kindOf(envelope.message.type) !== "request") return;
    this.#requests += 1;
    this.#bytes += approximateBytes(envelope);
  }

  /** The time that a message waits for bandwidth; `Infinity` if it is dropped. */
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
    // Small messages go first and use up bandwidth of long ones.
    if (line === "small") busy.bulk = Math.max(now, busy.bulk) + ms;
    return begin + ms - now;
  }
}
