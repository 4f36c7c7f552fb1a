/**
 * Commands as the lab's tests submit them: whole numbers below 2^53, as few bytes as the number
 * needs, and strings for the test that counts bytes. A command is compared by its bytes, so equal
 * numbers are equal commands.
 *
 * @module
 */

const BYTE_VALUES = 256;
const NUMBER_BYTES_MAX = 7;

/** The shortest big-endian form of a whole number below 2^53. */
export function encodeNumber(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Cannot encode a command: wanted an integer from 0 on, got ${value}`);
  }
  const digits: number[] = [];
  for (let rest = value; digits.length === 0 || rest > 0; rest = Math.floor(rest / BYTE_VALUES)) {
    digits.unshift(rest % BYTE_VALUES);
  }
  return Uint8Array.from(digits);
}

/** The number that a command encodes; `null` when it is not a number. */
export function decodeNumber(command: Uint8Array): number | null {
  if (command.length === 0 || command.length > NUMBER_BYTES_MAX) return null;
  return command.reduce((value, digit) => value * BYTE_VALUES + digit, 0);
}

/** Encodes a string as a command. */
export function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Describes a command: its number, or the length of its text. */
export function describeCommand(command: Uint8Array): string {
  const value = decodeNumber(command);
  return value === null ? `text of ${command.length} bytes` : String(value);
}
