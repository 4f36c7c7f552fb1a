/**
 * Keys between text, as people and programs write them, and the binary strings of the store.
 *
 * @module
 */

import { KEY_BYTES_MAX, keyBytes, keyOf } from "../tables/mod.ts";
import type { Key } from "./bytes.ts";

const encoder = new TextEncoder();
// A byte order mark is part of a key like any other character: two keys must never become one.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Keys from here on are the store's own. No text in UTF-8 begins so. */
export const SYSTEM_KEYS = "\xff";

/** Whether a key is one of the store's own. */
export function isSystemKey(key: Key): boolean {
  return key.charCodeAt(0) === 0xff;
}

/** The key of a text or of bytes. Throws a `RangeError` for one that no server would take. */
export function toKey(key: string | Uint8Array): Key {
  const name = typeof key === "string" ? binaryKey(key) : keyOf(key);
  const { length } = name;
  if (isSystemKey(name)) {
    throw new RangeError("Cannot use the key: wanted one that does not begin with 255");
  }
  if (length >= 1 && length <= KEY_BYTES_MAX) return name;
  const wanted = length === 0 ? "at least 1 byte" : `at most ${KEY_BYTES_MAX} bytes`;
  throw new RangeError(`Cannot use the key: wanted ${wanted}, got ${length}`);
}

/** The key behind all keys that begin with the prefix; `null`: there is none. */
export function endOfPrefix(prefix: Key): Key | null {
  let length = prefix.length;
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length--;
  if (length === 0) return null;
  const last = prefix.charCodeAt(length - 1);
  return prefix.slice(0, length - 1) + String.fromCharCode(last + 1);
}

/** The text of a key, or `null`: its bytes are not UTF-8. */
export function textOfKey(key: Key): string | null {
  if (isAscii(key)) return key;
  try {
    return decoder.decode(keyBytes(key));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** A prefix or a key as a binary string, of any length. */
export function binaryKey(text: string): Key {
  if (isAscii(text)) return text;
  // Half a surrogate pair would be replaced without a word, and two keys become one.
  if (!text.isWellFormed()) {
    throw new RangeError("Cannot use the key: wanted well-formed Unicode, got half a character");
  }
  return keyOf(encoder.encode(text));
}

/**
 * What the keys begin with that stand in the queue of a lock. A "/" in its name is written as "%2F", so
 * that no queue lies inside that of another lock.
 */
export function queueOfLock(lock: Key): Key {
  return `lock/${lock.replaceAll("%", "%25").replaceAll("/", "%2F")}/`;
}

function isAscii(text: string): boolean {
  for (let place = 0; place < text.length; place++) {
    if (text.charCodeAt(place) >= 0x80) return false;
  }
  return true;
}
