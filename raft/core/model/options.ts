/**
 * The options of the core: defaults and validation, in one place.
 *
 * @module
 */

import type { Images } from "./images.ts";
import type { Random } from "./ports.ts";
import type { Clocks } from "./times.ts";
import type { Members } from "../members/mod.ts";
import type { NodeId } from "./types.ts";

/** Node ids fit in 32 bits, so that every language and every encoding can carry them. */
export const NODE_ID_MAX = 2 ** 32 - 1;

/**
 * Rules beyond the paper's Figure 2. `production`: a no-op opens each term (§8), pre-votes (thesis
 * §9.6), and a leader that hears no majority steps down (thesis §6.2). `lab`: none of these, as the
 * course's tests demand (the first command gets index 1).
 */
export type Profile = "production" | "lab";

/** Options of a server. Tests make limits tiny. */
export interface RaftOptions {
  /** The id of this server. */
  readonly id: NodeId;
  /**
   * The voters with which the cluster begins, this server included; none for a server that is to be
   * added to a cluster. Members in the log or in a snapshot overrule them.
   */
  readonly peers: readonly NodeId[];
  /**
   * The members with which the cluster began, where more than their numbers is known; `peers` is empty
   * then, and this server may be none of them. @default {the voters in `peers`}
   */
  readonly founders?: Members | null;
  /** Names this server's storage: members with another name are not this server. @default {""} */
  readonly incarnation?: string;
  /** The rules beyond Figure 2. @default {"production"} */
  readonly profile?: Profile;
  /**
   * Ticks without a leader after which a server starts an election: at least this many, and less
   * than twice as many, drawn anew each time (§5.2). @default {20; lab: 30}
   */
  readonly electionTicks?: number;
  /** Ticks between heartbeats. @default {2; lab: 10} */
  readonly heartbeatTicks?: number;
  /** Entries in one append. @default {4096} */
  readonly appendEntriesMax?: number;
  /**
   * Size of the entries in one append; a single larger one still travels. This, and a chunk of a
   * snapshot, must fit a message of the transport.
   * @default {64 KiB}
   */
  readonly appendBytesMax?: number;
  /** Appends, or chunks of a snapshot, under way to one peer. @default {512} */
  readonly inFlightAppendsMax?: number;
  /** Size of the entries or chunks under way to one peer; one append more may exceed it. @default {32 MiB} */
  readonly inFlightBytesMax?: number;
  /** With so much waiting in the transport for a peer, no more is sent to it. @default {1 MiB} */
  readonly queuedBytesMax?: number;
  /** Size of one chunk of a snapshot. @default {64 KiB} */
  readonly snapshotChunkBytes?: number;
  /** Entries handed to the application in one turn. @default {256} */
  readonly applyEntriesMax?: number;
  /**
   * Size of the entries handed to the application in one turn; a single larger one is still handed
   * over. Applying a few large batches takes as long as applying many small ones. @default {64 KiB}
   */
  readonly applyBytesMax?: number;
  /**
   * Size of the compacted entries kept in memory for peers that lag: enough for seconds of full load.
   * For a peer to which a snapshot is on its way, up to eight times as much is kept behind that.
   * @default {16 MiB; lab: 0}
   */
  readonly trailingBytes?: number;
}

/** What the core needs beside its options. */
export interface RaftEnvironment {
  /** Spreads the election timeouts. */
  readonly random: Random;
  /** Gives the entries of a leader their times. */
  readonly clock: Clocks;
  /** Where images come from and go to. @default {bytes, which the storage keeps} */
  readonly images?: Images | undefined;
  /** As `Application.accepts`, for images of bytes. @default {any image is accepted} */
  readonly accepts?: ((image: Uint8Array) => boolean) | undefined;
  /** As `Transport.waiting`. @default {nothing ever waits} */
  readonly waiting?: ((to: NodeId) => number) | undefined;
  /** Called on every change of role, vote, commit and snapshot, with a description. */
  readonly trace?: ((event: string) => void) | undefined;
}

/** Options with every default filled in. */
export type FullRaftOptions = Required<RaftOptions>;

/** The course allows ten heartbeats a second, and wants a leader within five. */
const LAB = { electionTicks: 30, heartbeatTicks: 10, trailingBytes: 0 } as const;
const PRODUCTION = { electionTicks: 20, heartbeatTicks: 2, trailingBytes: 16 << 20 } as const;

const DEFAULTS = {
  founders: null,
  incarnation: "",
  profile: "production",
  appendEntriesMax: 4096,
  appendBytesMax: 64 << 10,
  inFlightAppendsMax: 512,
  inFlightBytesMax: 32 << 20,
  queuedBytesMax: 1 << 20,
  snapshotChunkBytes: 64 << 10,
  applyEntriesMax: 256,
  applyBytesMax: 64 << 10,
} as const;

/** Fills in the defaults and checks every value. */
export function fillRaftOptions(options: RaftOptions): FullRaftOptions {
  const ofProfile = options.profile === "lab" ? LAB : PRODUCTION;
  const full: FullRaftOptions = { ...DEFAULTS, ...ofProfile, ...options };
  if (full.profile !== "production" && full.profile !== "lab") {
    throw new RangeError(
      `Cannot use the profile: wanted "production" or "lab", got "${full.profile}"`,
    );
  }
  checkPeers(full);
  for (const name of LIMITS) checkAtLeast(name, full[name], 1);
  checkAtLeast("trailingBytes", full.trailingBytes, 0);
  if (full.heartbeatTicks >= full.electionTicks) {
    throw new RangeError(
      `Cannot use heartbeatTicks: wanted less than electionTicks (${full.electionTicks}), got ${full.heartbeatTicks}`,
    );
  }
  return full;
}

const LIMITS = [
  "electionTicks",
  "heartbeatTicks",
  "appendEntriesMax",
  "appendBytesMax",
  "inFlightAppendsMax",
  "inFlightBytesMax",
  "queuedBytesMax",
  "snapshotChunkBytes",
  "applyEntriesMax",
  "applyBytesMax",
] as const;

function checkPeers({ id, peers }: RaftOptions): void {
  for (const peer of peers) {
    checkAtLeast("peers", peer, 1);
    if (peer <= NODE_ID_MAX) continue;
    throw new RangeError(`Cannot use peers: wanted ids up to ${NODE_ID_MAX}, got ${peer}`);
  }
  if (new Set(peers).size !== peers.length) {
    throw new RangeError(`Cannot use peers: wanted each id once, got ${peers.join(", ")}`);
  }
  checkAtLeast("id", id, 1);
  if (peers.length > 0 && !peers.includes(id)) {
    throw new RangeError(`Cannot use id: wanted one of the peers ${peers.join(", ")}, got ${id}`);
  }
}

function checkAtLeast(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`Cannot use ${name}: wanted a whole number from ${least} up, got ${value}`);
}
