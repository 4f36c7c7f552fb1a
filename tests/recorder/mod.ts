/**
 * Clients whose calls are recorded, and judged at the end.
 *
 * @module
 */

export { type Act, execute, KvRecorder } from "./kv_recorder.ts";
