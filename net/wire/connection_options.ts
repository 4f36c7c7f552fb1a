/**
 * The options of a connection, with their defaults, and why a connection may end.
 *
 * @module
 */

import type { Slab } from "../../raft/mod.ts";
import type { WireValue } from "./codec.ts";
import { FRAME_BYTES_MAX } from "./frame.ts";
import type { UnfinishedFrames } from "./unfinished_frames.ts";

/** The reason why a connection ended. */
export interface Closed {
  /** The kind of the reason. */
  readonly kind: ClosedKind;
  /** One sentence for people. */
  readonly message: string;
}

/**
 * - `local`: this side closed it, and what it had sent has left
 * - `remote`: the other side ended the stream between two frames
 * - `broken`: the system reports a failure, or the stream ended inside a frame
 * - `garbage`: the other side sent what is no frame, no value or no message
 * - `silent`: no frame arrived before a deadline
 * - `stalled`: the other side took no bytes before a deadline
 */
export type ClosedKind = "local" | "remote" | "broken" | "garbage" | "silent" | "stalled";

/** Options of a {@linkcode Connection}. */
export interface ConnectionOptions {
  /**
   * Called with each value that arrives, in order. Binary data in it belongs to the receiver. It
   * must not throw; `Connection.refuse` ends a connection whose values make no sense.
   */
  readonly receive: (value: WireValue) => void;
  /** Called when bytes have arrived that end inside a frame. It must not throw. */
  readonly arriving?: () => void;
  /** Called when bytes that waited have left. It must not throw. */
  readonly drained?: () => void;
  /** Bounds what incomplete frames hold on many connections; `null`: on none. @default {null} */
  readonly unfinished?: UnfinishedFrames | null;
  /** Short frames share buffers of this slab; `null`: each has its own. @default {null} */
  readonly slab?: Slab | null;
  /** The longest frame, in and out. @default {16 MiB} */
  readonly frameBytesMax?: number;
  /** The longest first frame that may come in. @default {as any other} */
  readonly firstFrameBytesMax?: number;
  /** Bytes that may wait to be sent. @default {64 MiB} */
  readonly queueBytesMax?: number;
  /** The time limit for the first frame; `null`: none. @default {null} */
  readonly firstFrameMs?: number | null;
  /** The time limit between two frames; `null`: none. @default {null} */
  readonly idleMs?: number | null;
  /** The time limit for the other side to take bytes that wait. @default {30000} */
  readonly stallMs?: number | null;
}

/** The default of every option that has one. */
export const CONNECTION_DEFAULTS = {
  arriving: () => {},
  drained: () => {},
  unfinished: null,
  slab: null,
  frameBytesMax: FRAME_BYTES_MAX,
  queueBytesMax: 64 * 1024 * 1024,
  firstFrameMs: null,
  idleMs: null,
  stallMs: 30_000,
} as const;
