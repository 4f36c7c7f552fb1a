/**
 * Bytes on one connection: MessagePack, frames, and the limits that both keep.
 *
 * @module
 */

export { acceptAll, type Acceptor } from "./acceptor.ts";
export { decode, DEPTH_MAX, ITEMS_MAX, type WireValue } from "./codec.ts";
export { type Closed, type ClosedKind, Connection, type ConnectionOptions } from "./connection.ts";
export { encode, Encoder } from "./encoder.ts";
export { appendFrame, FRAME_BYTES_MAX, FrameDecoder } from "./frame.ts";
export { type Refusal, Refusals, sourceOf } from "./refusals.ts";
export {
  type Address,
  type PeerTraffic,
  TCP_LIMITS,
  type TcpLimits,
  type TcpTransportOptions,
} from "./tcp_options.ts";
