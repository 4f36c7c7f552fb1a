/**
 * Databases: each is a prefix of keys in the cluster, with an id that says so.
 *
 * Invariant: no name and no key of a client leads out of its database (G8).
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Key, keyBytes, keyOf } from "../../kv/mod.ts";
import { refusal } from "./refusal.ts";

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$/;
const REVISION_BYTES = 8;

/** Whether a database can have the name. */
export function isDatabaseName(name: string): boolean {
  return NAME.test(name);
}

/** The length of a versionstamp. */
export const STAMP_BYTES = 10;

/** One database of a cluster. */
export class Database {
  /** The name in its path. */
  readonly name: string;
  /** All of its keys begin so. The prefix alone is never a key of it. */
  readonly prefix: Key;
  /** Its queue: the keys of messages begin so. */
  readonly queue: Key;
  /** A UUID: the same on every node and after every restart, different in every cluster. */
  readonly id: string;

  /** The database of a name. Throws a refusal for one that no database can have. */
  constructor(cluster: string, name: string) {
    if (!isDatabaseName(name)) {
      throw refusal(
        `Cannot use the database: wanted a name of at most 64 letters, digits, "_", "-" and ".", ` +
          `got "${name.slice(0, 80)}"`,
      );
    }
    this.name = name;
    this.prefix = `db/${name}/`;
    this.queue = `queue/${name}/`;
    this.id = uuidOf(`kontiki\n${cluster}\n${name}`);
  }

  /** The key in the store. */
  key(bytes: Uint8Array): Key {
    return this.prefix + keyOf(bytes);
  }

  /** The key as clients know it. */
  bytes(key: Key): Uint8Array {
    return keyBytes(key.slice(this.prefix.length));
  }
}

/** The versionstamp of a revision: it grows with it. */
export function stampOf(revision: number): Uint8Array {
  const stamp = new Uint8Array(STAMP_BYTES);
  new DataView(stamp.buffer).setBigUint64(0, BigInt(revision));
  return stamp;
}

/** The revision of a versionstamp; `null`: this cluster has given it to nothing. */
export function revisionOf(stamp: Uint8Array): number | null {
  const view = new DataView(stamp.buffer, stamp.byteOffset, STAMP_BYTES);
  const revision = Number(view.getBigUint64(0));
  const isOurs = view.getUint16(REVISION_BYTES) === 0 && Number.isSafeInteger(revision);
  return isOurs && revision > 0 ? revision : null;
}

function uuidOf(text: string): string {
  const digest = createHash("sha256").update(text).digest("hex");
  // A UUID of the kind whose bits their maker chooses.
  const [variant = "8"] = ["8", "9", "a", "b"].slice(parseInt(digest.charAt(16), 16) % 4);
  const parts = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`];
  return [...parts, `${variant}${digest.slice(17, 20)}`, digest.slice(20, 32)].join("-");
}
