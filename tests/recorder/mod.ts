/**
 * Records the operations of clients, and checks them.
 *
 * @module
 */

export { type Act, execute, KvRecorder } from "./kv_recorder.ts";
