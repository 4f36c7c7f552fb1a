/**
 * The head that opens every file of a storage folder. Pure: bytes in, values out, and back.
 *
 * All numbers are little-endian. A file begins with 128 bytes:
 *
 *     0 "KONTIKI" and a letter     8 u32 format version     12 u32 node
 *     16 name of the cluster, 32 bytes of UTF-8, filled up with 0
 *     48 id of the cluster, 16 bytes   64 incarnation of the folder, 16 bytes
 *     80 five u64 (f64 range)   120 u32 group   124 u32 CRC-32 of the 124 bytes before
 *
 * Letters: V vote, L log segment, S snapshot, M members. Formats 1 and 2 had 96 bytes, without the
 * ids and the group.
 *
 * @module
 */

import type { NodeId } from "../../core/mod.ts";
import { crc32 } from "./crc32.ts";

/** The version this program writes. */
export const FORMAT_VERSION = 3;
/** The oldest version this program reads. */
export const FORMAT_VERSION_LEAST = 3;
export const FILE_HEADER_BYTES = 128;
/** The head of a file of format 1 or 2. */
const OLD_HEADER_BYTES = 96;
/** The one group of servers that there is. */
const GROUP = 0;
/** Bytes of an id; as text it has two hexadecimal digits for each. */
const ID_BYTES = 16;
const MAGIC = "KONTIKI";

/** Whose folder it is. */
export interface Identity {
  /** The cluster's name: 1 to 32 bytes of UTF-8. */
  readonly cluster: string;
  /** The server whose files they are. */
  readonly node: NodeId;
  /**
   * Drawn at the birth of the cluster: 32 hexadecimal digits. Tells clusters of one name apart; empty
   * where no birth has given the folder one.
   */
  readonly clusterId: string;
  /**
   * Drawn when the folder was made: 32 hexadecimal digits. A folder that was lost and made again has
   * another one, so it is known that it forgot what it voted for (D8).
   */
  readonly incarnation: string;
}

/** The name of a folder's owner; the ids, where they are known. */
export type ExpectedIdentity = Pick<Identity, "cluster" | "node"> & Partial<Identity>;

/** What a file is, by the last letter of its first eight bytes. */
export type FileLetter = "V" | "L" | "S" | "M";

/** The first 128 bytes of a file. */
export interface FileHeader {
  readonly letter: FileLetter;
  readonly version: number;
  readonly identity: Identity;
  /**
   * Vote: term, voted for (0: nobody), least segment, least snapshot index and term. Segment: sequence,
   * bytes of the file. Snapshot: index, term, bytes of the image, and its times (steady, wall).
   * Members: bytes of the text that follows.
   */
  readonly numbers: readonly [number, number, number, number, number];
  readonly checksum: number;
}

/** A folder's owner, or the reason why it cannot be one. */
export function checkIdentity(identity: ExpectedIdentity): void {
  const bytes = new TextEncoder().encode(identity.cluster).length;
  if (bytes < 1 || bytes > 32 || identity.cluster.includes("\0")) {
    throw new RangeError(`Cannot name a cluster: wanted 1 to 32 bytes, got "${identity.cluster}"`);
  }
  if (!Number.isInteger(identity.node) || identity.node < 1 || identity.node > 0xffff_ffff) {
    throw new RangeError(`Cannot name a node: wanted 1 to 2^32 - 1, got ${identity.node}`);
  }
  for (const id of [identity.clusterId ?? "", identity.incarnation ?? ""]) {
    if (id === "" || ID.test(id)) continue;
    throw new RangeError(
      `Cannot use an id: wanted ${2 * ID_BYTES} hexadecimal digits, got "${id}"`,
    );
  }
}

const ID = /^[0-9a-f]{32}$/;

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function setId(bytes: Uint8Array, offset: number, id: string): void {
  for (let i = 0; 2 * i < id.length; i++) {
    bytes[offset + i] = Number.parseInt(id.slice(2 * i, 2 * i + 2), 16);
  }
}

/** Zeros stand for no id. */
function idAt(bytes: Uint8Array, offset: number): string {
  const id = hexOf(bytes.subarray(offset, offset + ID_BYTES));
  return /^0+$/.test(id) ? "" : id;
}

export function encodeFileHeader(
  header: Pick<FileHeader, "letter" | "identity"> & { readonly numbers: readonly number[] },
): Uint8Array<ArrayBuffer> {
  const { cluster, clusterId, incarnation, node } = header.identity;
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(MAGIC + header.letter, bytes);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setUint32(12, node, true);
  new TextEncoder().encodeInto(cluster, bytes.subarray(16, 48));
  setId(bytes, 48, clusterId);
  setId(bytes, 64, incarnation);
  header.numbers.forEach((number, i) => setUint53(view, 80 + 8 * i, number));
  view.setUint32(120, GROUP, true);
  view.setUint32(124, crc32(bytes.subarray(0, 124)), true);
  return bytes;
}

/** The header, or `null` when the bytes are not a whole one. Of an older one only the name counts. */
export function decodeFileHeader(bytes: Uint8Array): FileHeader | null {
  if (bytes.length < OLD_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint32(8, true);
  const length = version < FORMAT_VERSION_LEAST ? OLD_HEADER_BYTES : FILE_HEADER_BYTES;
  if (bytes.length < length) return null;
  const checksum = view.getUint32(length - 4, true);
  if (crc32(bytes.subarray(0, length - 4)) !== checksum) return null;
  const text = new TextDecoder();
  const letter = text.decode(bytes.subarray(7, 8));
  if (text.decode(bytes.subarray(0, 7)) !== MAGIC || !isFileLetter(letter)) return null;
  const cluster = text.decode(bytes.subarray(16, 48)).replace(/\0+$/, "");
  const at = (i: number): number => getUint53(view, length - 48 + 8 * i);
  return {
    letter,
    version,
    identity: {
      cluster,
      node: view.getUint32(12, true),
      clusterId: idAt(bytes, 48),
      incarnation: idAt(bytes, 64),
    },
    numbers: [at(0), at(1), at(2), at(3), at(4)],
    checksum,
  };
}

function isFileLetter(letter: string): letter is FileLetter {
  return letter === "V" || letter === "L" || letter === "S" || letter === "M";
}

export function setUint53(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

export function getUint53(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
