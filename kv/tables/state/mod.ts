/**
 * The interface of a state, and the state that lives in memory.
 *
 * @module
 */

export { Holds } from "./holds.ts";
export { isForgotten, MemoryState } from "./memory_state.ts";
export { MemoryTable } from "./memory_table.ts";
export type { Range, Scannable } from "./range.ts";
export type { State } from "./state.ts";
