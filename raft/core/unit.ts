/**
 * Numbers that count different things, kept apart by the compiler and by nothing at run time.
 *
 * @module
 */

/** A number with a unit: plain numbers fit, numbers of another unit do not. */
export type Unit<Name extends string> = number & { readonly __unit?: Name };
