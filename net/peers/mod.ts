/**
 * The transport between the nodes of a cluster.
 *
 * @module
 */

export { TcpTransport } from "./tcp_transport.ts";
