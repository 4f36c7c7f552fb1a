/**
 * Number types with units, which only the compiler distinguishes.
 *
 * @module
 */

/** A number with a unit: plain numbers are assignable, numbers of another unit are not. */
export type Unit<Name extends string> = number & { readonly __unit?: Name };
