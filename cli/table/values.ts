/**
 * Reads the text of a flag as a value of its type, or says what was wanted instead. Pure.
 *
 * @module
 */

import type { FlagValue, ValueRow } from "./row.ts";

/** Units and what they stand for, in ascending order. */
type Units = Readonly<Record<string, number>>;

const durationUnits: Units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const byteUnits: Units = { "": 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** What a flag takes, for an error message. */
export function wanted(row: ValueRow): string {
  if (row.choices !== undefined) return `one of ${row.choices.join(", ")}`;
  switch (row.type) {
    case "text":
      return row.value ?? "a text";
    case "list":
      return row.value ?? "a list with commas";
    case "integer":
      return `a whole number${range(row, {})}`;
    case "number":
      return `a number${range(row, {})}`;
    case "boolean":
      return "true or false";
    case "duration":
      return `a duration${range(row, durationUnits)} such as 500ms, 5s or 2m`;
    case "bytes":
      return `a size${range(row, byteUnits)} such as 256, 64KiB or 1MiB`;
  }
}

function range({ min, max }: ValueRow, units: Units): string {
  if (min !== undefined && max !== undefined) {
    return ` from ${inUnits(min, units)} to ${inUnits(max, units)}`;
  }
  if (min !== undefined) return ` of at least ${inUnits(min, units)}`;
  return max === undefined ? "" : ` of at most ${inUnits(max, units)}`;
}

/** The number in the largest unit that divides it, as the flag itself takes it. */
function inUnits(count: number, units: Units): string {
  const [unit, factor] = Object.entries(units).findLast(([, factor]) => count % factor === 0) ??
    ["", 1];
  return `${count / factor}${unit}`;
}

/** The value of a text, or `null` where it is not one of the flag's type. */
export function readValue(row: ValueRow, text: string): FlagValue {
  if (row.choices !== undefined && !row.choices.includes(text)) return null;
  switch (row.type) {
    case "text":
      return text;
    case "list": {
      const parts = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
      return parts.length === 0 ? null : parts;
    }
    case "boolean":
      if (text === "1" || text === "true") return true;
      return text === "0" || text === "false" ? false : null;
    case "integer":
      return /^-?\d+$/.test(text) ? inRange(row, Number(text)) : null;
    case "number":
      return /^-?\d+(\.\d+)?$/.test(text) ? inRange(row, Number(text)) : null;
    case "duration":
      return inRange(row, parseDuration(text));
    case "bytes":
      return inRange(row, parseBytes(text));
  }
}

function inRange(row: ValueRow, value: number | null): number | null {
  if (value === null || !Number.isFinite(value)) return null;
  if (row.type === "integer" && !Number.isSafeInteger(value)) return null;
  const isInside = value >= (row.min ?? -Infinity) && value <= (row.max ?? Infinity);
  return isInside ? value : null;
}

/** Milliseconds of a text such as `500ms`, `5s` or `2m`; `null` for anything else. */
export function parseDuration(text: string): number | null {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const factor = durationUnits[unit ?? ""];
  return factor === undefined ? null : Number(count) * factor;
}

/** Bytes of a text such as `256`, `64KiB` or `1MiB`; `null` for anything else. */
export function parseBytes(text: string): number | null {
  const [, count, unit = "none"] = /^(\d+)(B|KiB|MiB|GiB|)$/.exec(text) ?? [];
  const factor = byteUnits[unit];
  return factor === undefined ? null : Number(count) * factor;
}

/** The bytes that hexadecimal digits stand for, two for each; `null` for anything else. */
export function parseHex(text: string): Uint8Array | null {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}
