/**
 * Kinds of fields that operations, checks and results are made of, each with its bytes and its form
 * in JSON. A row of the table of operations lists fields; its codec follows from them.
 *
 * Invariants: what {@linkcode Field.write} accepts, {@linkcode Field.read} reads back the same, and
 * it reads nothing else; so two servers never read the same bytes differently.
 *
 * @module
 */

import { KEY_BYTES_MAX } from "../tables/mod.ts";
import { type Key, MalformedBytes, type Reader, type Writer } from "./bytes.ts";
import { isSystemKey, textOfKey, toKey } from "./key_text.ts";

/** Longest value, in bytes. */
export const VALUE_BYTES_MAX = 1024 * 1024;

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [name: string]: Json;
};

/** One kind of field. */
export interface Field<T> {
  /** Says in one phrase what it takes, for errors and for the protocol page. */
  readonly wanted: string;
  /** Its layout, for the protocol page. */
  readonly layout: string;
  /** What JSON may leave out means this; without it, nothing may be left out. */
  readonly fallback?: T;
  /** Whether the value is one of this kind. */
  is(value: unknown): value is T;
  write(to: Writer, value: T): void;
  /** Throws {@linkcode MalformedBytes}. */
  read(from: Reader): T;
  toJson(value: T): Json;
  /** The value; anything that {@linkcode is} refuses where the JSON is none. */
  fromJson(json: unknown): unknown;
}

/** The type of a field's value. */
export type ValueOf<F> = F extends Field<infer T> ? T : never;

/** A key. */
export const key: Field<Key> = {
  wanted: `a key of 1 to ${KEY_BYTES_MAX} bytes that does not begin with 255`,
  layout: "length (`u16`), key",
  is: (value): value is Key => isKey(value, 1) && !isSystemKey(value as Key),
  write: writeKey,
  read: (from) => {
    const name = readKey(from, 1);
    if (isSystemKey(name)) throw new MalformedBytes("wanted a key that does not begin with 255");
    return name;
  },
  toJson: jsonOfKey,
  fromJson: keyOfJson,
};

/** The end of a range: a key that is not in it; `null`: there is no end. */
export const bound: Field<Key | null> = {
  wanted: "a key, or null for no end",
  layout: "length (`u16`, 0: none), key",
  fallback: null,
  is: (value): value is Key | null => value === null || isKey(value, 1),
  write: (to, value) => writeKey(to, value ?? ""),
  read: (from) => readKey(from, 0) || null,
  toJson: (value) => value === null ? null : jsonOfKey(value),
  fromJson: (json) => json === null ? null : keyOfJson(json),
};

/** The start of a range, or a prefix: also the empty one, before all keys. */
export const start: Field<Key> = {
  wanted: `a key of at most ${KEY_BYTES_MAX} bytes`,
  layout: "length (`u16`), key",
  fallback: "",
  is: (value): value is Key => isKey(value, 0),
  write: writeKey,
  read: (from) => readKey(from, 0),
  toJson: jsonOfKey,
  fromJson: (json) => json === "" ? "" : keyOfJson(json),
};

/** The bytes of a value. */
export const value: Field<Uint8Array> = {
  wanted: `a value of at most ${VALUE_BYTES_MAX} bytes`,
  layout: "length (`u32`), value",
  is: (bytes): bytes is Uint8Array => {
    return bytes instanceof Uint8Array && bytes.length <= VALUE_BYTES_MAX;
  },
  write: (to, bytes) => {
    to.u32(bytes.length);
    to.bytes(bytes);
  },
  read: (from) => {
    const length = from.u32();
    if (length > VALUE_BYTES_MAX) throw new MalformedBytes(`wanted ${value.wanted}, got ${length}`);
    return from.bytes(length);
  },
  toJson: jsonOfBytes,
  fromJson: bytesOfJson,
};

/** A version, a revision or a count. */
export const whole: Field<number> = {
  wanted: "a whole number from 0 on",
  layout: "`u64`",
  is: (number): number is number => Number.isSafeInteger(number) && (number as number) >= 0,
  write: (to, number) => to.u64(number),
  read: (from) => from.u64(),
  toJson: (number) => number,
  fromJson: (json) => json,
};

/** When a key ends. */
export const expires: Field<number> = {
  ...whole,
  wanted: "milliseconds since 1970, or 0 for never",
  layout: "`u64`, milliseconds since 1970, 0: never",
  fallback: 0,
};

/** An unsigned number of 64 bits. JSON has it as a number, or as text where that would round it. */
export const amount: Field<bigint> = {
  wanted: "a whole number from 0 to 2^64 - 1",
  layout: "`u64`, all 64 bits",
  is: (number): number is bigint => {
    return typeof number === "bigint" && BigInt.asUintN(64, number) === number;
  },
  write: (to, number) => to.long(number),
  read: (from) => from.long(),
  toJson: (number) => number <= Number.MAX_SAFE_INTEGER ? Number(number) : `${number}`,
  fromJson: (json) => {
    const isNumber = Number.isSafeInteger(json) || typeof json === "string" && /^\d+$/.test(json);
    return isNumber ? BigInt(json as string | number) : json;
  },
};

/** One of some words. */
export function choice<const Word extends string>(words: readonly [Word, ...Word[]]): Field<Word> {
  const wanted = `one of ${words.join(", ")}`;
  return {
    wanted,
    layout: `\`u8\`: ${words.map((word, place) => `${place} ${word}`).join(", ")}`,
    fallback: words[0],
    is: (word): word is Word => words.includes(word as Word),
    write: (to, word) => to.u8(words.indexOf(word)),
    read: (from) => {
      const place = from.u8();
      const word = words[place];
      if (word === undefined) throw new MalformedBytes(`wanted ${wanted}, got ${place}`);
      return word;
    },
    toJson: (word) => word,
    fromJson: (json) => json,
  };
}

/** Yes or no. */
export const flag: Field<boolean> = {
  wanted: "true or false",
  layout: "`u8`: 0 or 1",
  fallback: false,
  is: (value): value is boolean => typeof value === "boolean",
  write: (to, isSet) => to.u8(isSet ? 1 : 0),
  read: (from) => {
    const code = from.u8();
    if (code > 1) throw new MalformedBytes(`wanted 0 or 1, got ${code}`);
    return code === 1;
  },
  toJson: (isSet) => isSet,
  fromJson: (json) => json,
};

/** How many items at most. */
export function limit(max: number): Field<number> {
  const wanted = `a whole number from 1 to ${max}`;
  return {
    wanted,
    layout: "`u16`",
    fallback: max,
    is: (count): count is number => {
      return Number.isSafeInteger(count) && (count as number) >= 1 && (count as number) <= max;
    },
    write: (to, count) => to.u16(count),
    read: (from) => {
      const count = from.u16();
      if (count >= 1 && count <= max) return count;
      throw new MalformedBytes(`wanted ${wanted}, got ${count}`);
    },
    toJson: (count) => count,
    fromJson: (json) => json,
  };
}

/** A list of values of one kind, at most 1,000 of them. */
export function listOf<T>(item: Field<T>, name: string): Field<readonly T[]> {
  const most = 1000;
  const wanted = `at most ${most} ${name}`;
  return {
    wanted,
    layout: `count (\`u16\`), each ${item.layout}`,
    is: (list): list is readonly T[] => {
      return Array.isArray(list) && list.length <= most && list.every(item.is);
    },
    write: (to, list) => {
      to.u16(list.length);
      for (const each of list) item.write(to, each);
    },
    read: (from) => {
      const count = from.u16();
      if (count > most) throw new MalformedBytes(`wanted ${wanted}, got ${count}`);
      return Array.from({ length: count }, () => item.read(from));
    },
    toJson: (list) => list.map(item.toJson),
    fromJson: (json) => Array.isArray(json) ? json.map(item.fromJson) : json,
  };
}

/** A key in JSON: text, or base64 where its bytes are not UTF-8. */
export function jsonOfKey(name: Key): string | { readonly base64: string } {
  return textOfKey(name) ?? { base64: btoa(name) };
}

/** Bytes in JSON: text, or base64 where they are not UTF-8. */
export function jsonOfBytes(bytes: Uint8Array): Json {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  return { base64: btoa(binaryOf(bytes)) };
}

function isKey(name: unknown, least: number): boolean {
  if (typeof name !== "string" || name.length < least || name.length > KEY_BYTES_MAX) return false;
  for (let place = 0; place < name.length; place++) if (name.charCodeAt(place) > 0xff) return false;
  return true;
}

function writeKey(to: Writer, name: Key): void {
  to.u16(name.length);
  to.key(name);
}

function readKey(from: Reader, least: number): Key {
  const length = from.u16();
  if (length >= least && length <= KEY_BYTES_MAX) return from.key(length);
  throw new MalformedBytes(`wanted a key of ${least} to ${KEY_BYTES_MAX} bytes, got ${length}`);
}

function keyOfJson(json: unknown): unknown {
  try {
    if (typeof json === "string") return toKey(json);
    const bytes = bytesOfJson(json);
    return bytes instanceof Uint8Array ? toKey(bytes) : json;
  } catch (error) {
    if (error instanceof RangeError) return json;
    throw error;
  }
}

function bytesOfJson(json: unknown): unknown {
  if (typeof json === "string") return new TextEncoder().encode(json);
  if (typeof json !== "object" || json === null) return json;
  const { base64, ...rest } = json as { readonly base64?: unknown };
  if (typeof base64 !== "string" || Object.keys(rest).length > 0) return json;
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch (error) {
    if (error instanceof DOMException) return json;
    throw error;
  }
}

function binaryOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return text;
}

/** A value in an error message. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "bigint") return `${value}`;
  if (typeof value === "string" && value.length > 60) return `a text of ${value.length} characters`;
  const text = JSON.stringify(value, (_, each) => typeof each === "bigint" ? `${each}` : each);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
