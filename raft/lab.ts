/**
 * Raft with the face that the course's labs give it (MIT 6.5840, lab 3): make, start, getState,
 * snapshot, kill. A thin layer over {@linkcode Node} in the lab profile; it adds nothing.
 *
 * Where the course speaks of a channel, `apply` is called; where it speaks of RPC, a peer is a
 * function that delivers an {@linkcode Envelope}, best effort, to the `receive` of the other side.
 * Servers are counted from 0 here, as in the course, and from 1 inside.
 *
 * @module
 */

import { Node } from "./node.ts";
import type {
  Application,
  Clock,
  Envelope,
  Index,
  RaftOptions,
  Random,
  Snapshot,
  Storage,
  Term,
} from "./core/mod.ts";
import { SystemClock, systemRandom } from "./system_clock.ts";

/** Carries a message to one server, best effort. The entry for the server itself is never called. */
export type Peer = (envelope: Envelope) => void;

/** The messages to the service above, in log order. */
export type ApplyMessage =
  | { readonly kind: "command"; readonly index: Index; readonly command: Uint8Array }
  /** Replaces everything applied so far. */
  | {
    readonly kind: "snapshot";
    readonly index: Index;
    readonly term: Term;
    readonly snapshot: Uint8Array;
  };

/** The dependencies of the lab's server beside the arguments of the course's `Make`. */
export interface LabEnvironment {
  /** The time that its ticks follow. */
  readonly clock: Clock;
  /** Spreads the election timeouts. */
  readonly random: Random;
  /** Called once if the server dies by itself. */
  readonly failed: (error: unknown) => void;
  /** Limits that differ from their defaults. */
  readonly limits?: Omit<Partial<RaftOptions>, "id" | "peers" | "profile">;
}

const SYSTEM: LabEnvironment = {
  clock: new SystemClock(),
  random: systemRandom,
  failed: (error) => {
    throw error;
  },
};

/** The answer to {@linkcode LabRaft.start}. */
export interface Started {
  /** Where the command will be if it ever commits; 0 when this server does not lead. */
  readonly index: Index;
  /** The term it is in. */
  readonly term: Term;
  /** Whether it believes to lead. */
  readonly isLeader: boolean;
}

/**
 * One Raft server, as the labs see it.
 *
 * @example
 * ```ts
 * import { MemoryStorage } from "@kontiki/kontiki";
 * import { LabRaft } from "@kontiki/kontiki/lab";
 *
 * const server = await LabRaft.make([() => {}], 0, new MemoryStorage(), (message) => {
 *   console.log("apply", message.kind, message.index);
 * });
 * while (!server.getState().isLeader) await new Promise((resolve) => setTimeout(resolve, 10));
 * const { index } = server.start(Uint8Array.of(1));
 * console.assert(index === 1, "the first command of the log");
 * await server.kill();
 * ```
 */
export class LabRaft {
  readonly #node: Node;

  private constructor(node: Node) {
    this.#node = node;
  }

  /** The course's `Make`: a server that continues from what the persister holds. */
  static async make(
    peers: readonly Peer[],
    me: number,
    persister: Storage,
    apply: (message: ApplyMessage) => void,
    environment: LabEnvironment = SYSTEM,
  ): Promise<LabRaft> {
    const { limits, ...world } = environment;
    const node = await Node.start({
      ...limits,
      ...world,
      id: me + 1,
      peers: peers.map((_, index) => index + 1),
      profile: "lab",
      storage: persister,
      transport: {
        send: (envelopes) => envelopes.forEach((one) => peers[one.to - 1]?.(one)),
        waiting: () => 0,
      },
      application: labApplication(apply),
    });
    return new LabRaft(node);
  }

  /** Begins agreement on a command and returns at once; there is no promise that it commits. */
  start(command: Uint8Array): Started {
    const { term } = this.#node.status();
    const position = this.#node.propose(command);
    if (position === null) return { index: 0, term, isLeader: false };
    return { ...position, isLeader: true };
  }

  /** The current term, and whether this server believes to lead it. */
  getState(): { readonly term: Term; readonly isLeader: boolean } {
    const { term, role } = this.#node.status();
    return { term, isLeader: role === "leader" };
  }

  /** The service has an image of everything up to and including `index`. */
  snapshot(index: Index, image: Uint8Array): void {
    this.#node.compact(index, image);
  }

  /** A message from a peer arrived. */
  receive(envelope: Envelope): void {
    this.#node.receive(envelope);
  }

  /** Nothing is applied or sent any more; resolves when the persister is closed. */
  kill(): Promise<void> {
    return this.#node.stop();
  }
}

function labApplication(apply: (message: ApplyMessage) => void): Application {
  return {
    restore({ last: { index, term }, data: snapshot }: Snapshot) {
      apply({ kind: "snapshot", index, term, snapshot });
    },
    apply(entries) {
      for (const { index, kind, data } of entries) {
        // In the lab profile no term opens with a no-op, so every entry holds a command.
        if (kind === "command") apply({ kind, index, command: data });
      }
    },
    // The lab's reads go through the log, and its services ask getState.
    read: () => {},
    changed: () => {},
  };
}
