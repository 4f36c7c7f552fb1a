/**
 * Reads the text of a flag as a value of its type, or says what was wanted instead. Pure.
 *
 * @module
 */

import type { FlagValue, ValueRow } from "./row.ts";

/** What a flag takes, for an error message. */
export function wanted(row: ValueRow): string {
  if (row.choices !== undefined) return `one of ${row.choices.join(", ")}`;
  const from = row.min === undefined ? "" : ` from ${row.min}`;
  const range = row.max === undefined ? (from === "" ? "" : `${from} on`) : `${from} to ${row.max}`;
  switch (row.type) {
    case "text":
      return row.value ?? "a text";
    case "list":
      return row.value ?? "a list with commas";
    case "integer":
      return `a whole number${range}`;
    case "number":
      return `a number${range}`;
    case "boolean":
      return "true or false";
    case "duration":
      return "a duration such as 500ms, 5s or 2m";
    case "bytes":
      return "a size such as 256, 64KiB or 1MiB";
  }
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

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

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
