/**
 * Counters that clients with sessions count up under all faults, by seed.
 *
 * @module
 */

export { type CountingResult, runCounting } from "./counting.ts";
