/**
 * Bytes on sockets: frames, connections, the transport between peers, and faults as data.
 *
 * @module
 */

export {
  type Address,
  appendFrame,
  type Closed,
  type ClosedKind,
  Connection,
  type ConnectionOptions,
  decode,
  DEPTH_MAX,
  encode,
  Encoder,
  FRAME_BYTES_MAX,
  FrameDecoder,
  ITEMS_MAX,
  type PeerTraffic,
  TCP_LIMITS,
  type TcpLimits,
  type TcpTransportOptions,
  type WireValue,
} from "./wire/mod.ts";
export {
  bridge,
  CONTROL_SOCKET,
  ControlClient,
  ControlError,
  type ControlOptions,
  type ControlTarget,
  decide,
  type Delay,
  type Disturbance,
  type Faults,
  type FaultyTraffic,
  FaultyTransport,
  halves,
  isBlocked,
  isolate,
  type Kind,
  kindOf,
  type Link,
  majoritiesRing,
  minorityWith,
  noFaults,
  oneWay,
  openControl,
  parseFaults,
  partition,
  reliable,
  reordered,
  undisturbed,
  unreliable,
} from "./faults/mod.ts";
export { TcpTransport } from "./peers/mod.ts";
export {
  type CallOutcome,
  type Reply,
  RPC_LIMITS,
  RpcClient,
  type RpcClientOptions,
  type RpcLimits,
  RpcServer,
  type RpcServerOptions,
  type ServerHello,
} from "./rpc/mod.ts";
