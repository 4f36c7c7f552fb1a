/**
 * Requests and replies between clients and nodes.
 *
 * @module
 */

export type { ConnectFailure, ConnectFailureKind } from "./connect_failure.ts";
export type { CallLimits, CallOutcome } from "./call.ts";
export type { ClientStream, StreamEnd, StreamHandlers } from "./client_streams.ts";
export { listenPrivately, removeSocket } from "./private_socket.ts";
export type { RpcClientOptions } from "./client_options.ts";
export { KnownNodes, REPORT_REQUEST } from "./known_nodes.ts";
export { RpcClient } from "./rpc_client.ts";
export type { ServerHello } from "./rpc_frames.ts";
export { type Answer, RPC_LIMITS, type RpcLimits, type RpcServerOptions } from "./rpc_options.ts";
export { RpcServer, type ServerLoad } from "./rpc_server.ts";
export type { OpenStream, Producer, StreamPart } from "./server_streams.ts";
