/**
 * Flags of tools: what cannot be used ends the tool with one line.
 *
 * @module
 */

/** The number that a flag gives. */
export function wholeNumber(flag: string, text: unknown): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`Cannot use --${flag}: wanted a whole number, got ${text}`);
  Deno.exit(2);
}

/** Ends the tool for a flag that it does not have. */
export function refuse(_argument: string, key?: string): boolean {
  if (key === undefined) return true;
  console.error(`Cannot use --${key}: no such flag`);
  Deno.exit(2);
}
