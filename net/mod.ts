/**
 * Bytes on sockets: frames, connections, the transport between peers, and faults as data.
 *
 * @module
 */

export { decode, DEPTH_MAX, ITEMS_MAX, type WireValue } from "./codec.ts";
export { encode, Encoder } from "./encoder.ts";
export { type Closed, type ClosedKind, Connection, type ConnectionOptions } from "./connection.ts";
export * from "./faults.ts";
export { appendFrame, FRAME_BYTES_MAX, FrameDecoder } from "./frame.ts";
export { parseFaults } from "./parse_faults.ts";
export * from "./tcp_options.ts";
export { TcpTransport } from "./tcp_transport.ts";
export { type CallOutcome, RpcClient, type RpcClientOptions } from "./rpc_client.ts";
export * from "./rpc_options.ts";
export { RpcServer } from "./rpc_server.ts";
export { CONTROL_SOCKET, type ControlOptions, type ControlTarget, openControl } from "./control.ts";
export { ControlClient, ControlError } from "./control_client.ts";
export { type FaultyTraffic, FaultyTransport } from "./faulty_transport.ts";
export type { ServerHello } from "./rpc_frames.ts";
