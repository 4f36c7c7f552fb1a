/**
 * Bytes on one connection: MessagePack, frames, hellos, and their limits.
 *
 * @module
 */

export { decode, DEPTH_MAX, ITEMS_MAX, type Plain, type WireValue } from "./codec.ts";
export { Connection } from "./connection.ts";
export type { Closed, ClosedKind, ConnectionOptions } from "./connection_options.ts";
export { acceptAll, type Acceptor, type AcceptorOptions } from "./acceptor.ts";
export { type ConnectionLimits, connectionLimits } from "./descriptors.ts";
export { encode, Encoder } from "./encoder.ts";
export { appendFrame, FRAME_BYTES_MAX, FrameDecoder } from "./frame.ts";
export {
  agree,
  agreed,
  type Agreement,
  type ClusterName,
  decodeHelloRefusal,
  type HelloRefusal,
  isWhole,
  MARK,
  otherCluster,
  printable,
  type Versions,
  wrongMark,
} from "./hello.ts";
export { type Guest, Lobby, type Visitor } from "./lobby.ts";
export { type Refusal, Refusals, sourceOf } from "./refusals.ts";
export {
  type FrameHolder,
  UnfinishedFrames,
  type UnfinishedFramesOptions,
} from "./unfinished_frames.ts";
export {
  type Address,
  parseAddress,
  type PeerClaim,
  type PeerIdentity,
  type PeerTraffic,
  TCP_LIMITS,
  type TcpLimits,
  type TcpTransportOptions,
} from "./tcp_options.ts";
