/**
 * The transport between the nodes of a cluster.
 *
 * @module
 */

export { HeardFile } from "./heard_file.ts";
export { TcpTransport } from "./tcp_transport.ts";
