/**
 * The store over the network. This is the only folder that imports both the store's requests and
 * sockets.
 *
 * @module
 */

export { clerkCall } from "./clerk_call.ts";
export {
  connect,
  type ConnectOptions,
  type GivenUp,
  type OperationOptions,
  type ReadOutcome,
  StoreClient,
  type WriteOptions,
  type WriteOutcome,
} from "./connect.ts";
