/**
 * Requests and replies between clients and nodes.
 *
 * @module
 */

export type { ConnectFailure, ConnectFailureKind } from "./connect_failure.ts";
export type { CallLimits, CallOutcome } from "./call.ts";
export { RpcClient, type RpcClientOptions } from "./rpc_client.ts";
export type { ServerHello } from "./rpc_frames.ts";
export { type Answer, RPC_LIMITS, type RpcLimits, type RpcServerOptions } from "./rpc_options.ts";
export { RpcServer, type ServerLoad } from "./rpc_server.ts";
