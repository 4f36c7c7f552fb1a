/**
 * Calculations on numbers in the encodings of KV Connect.
 *
 * @module
 */

export { calculate } from "./calculate.ts";
