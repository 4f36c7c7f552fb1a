/**
 * Counters that clients with sessions count up under all faults, by seed or on processes.
 *
 * @module
 */

export { type CountingResult, runCounting } from "./counting.ts";
export { type ProcessCounts, runProcessCounting } from "./process_counting.ts";
