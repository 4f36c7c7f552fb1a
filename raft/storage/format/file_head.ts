/**
 * The head that opens every file of a storage folder. Pure: bytes in, values out, and back.
 *
 * All numbers are little-endian. A file begins with 96 bytes:
 *
 *     0 "KONTIKI" and a letter: V vote, L log segment, S snapshot     8 u32 format version
 *     12 u32 node   16 cluster, 32 bytes of UTF-8, filled up with 0   48 five u64 (f64 range)
 *     88 u32 0      92 u32 CRC-32 of the 92 bytes before
 *
 * @module
 */

import type { NodeId } from "../../core/mod.ts";
import { crc32 } from "./crc32.ts";

/** The version this program writes. */
export const FORMAT_VERSION = 3;
/** The oldest version this program reads. */
export const FORMAT_VERSION_LEAST = 3;
export const FILE_HEADER_BYTES = 96;
const MAGIC = "KONTIKI";

/** Whose folder it is. */
export interface Identity {
  /** The cluster's name: 1 to 32 bytes of UTF-8. */
  readonly cluster: string;
  /** The server whose files they are. */
  readonly node: NodeId;
}

/** What a file is, by the last letter of its first eight bytes. */
export type FileLetter = "V" | "L" | "S";

/** The first 96 bytes of a file. */
export interface FileHeader {
  readonly letter: FileLetter;
  readonly version: number;
  readonly identity: Identity;
  /**
   * Vote: term, voted for (0: nobody), least segment, least snapshot index and term. Segment: sequence,
   * bytes of the file. Snapshot: index, term, bytes of the image, and its times (steady, wall).
   */
  readonly numbers: readonly [number, number, number, number, number];
  readonly checksum: number;
}

/** A folder's owner, or the reason why it cannot be one. */
export function checkIdentity(identity: Identity): void {
  const bytes = new TextEncoder().encode(identity.cluster).length;
  if (bytes < 1 || bytes > 32 || identity.cluster.includes("\0")) {
    throw new RangeError(`Cannot name a cluster: wanted 1 to 32 bytes, got "${identity.cluster}"`);
  }
  if (!Number.isInteger(identity.node) || identity.node < 1 || identity.node > 0xffff_ffff) {
    throw new RangeError(`Cannot name a node: wanted 1 to 2^32 - 1, got ${identity.node}`);
  }
}

export function encodeFileHeader(
  header: Pick<FileHeader, "letter" | "identity"> & { readonly numbers: readonly number[] },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(MAGIC + header.letter, bytes);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setUint32(12, header.identity.node, true);
  new TextEncoder().encodeInto(header.identity.cluster, bytes.subarray(16, 48));
  header.numbers.forEach((number, i) => setUint53(view, 48 + 8 * i, number));
  view.setUint32(92, crc32(bytes.subarray(0, 92)), true);
  return bytes;
}

/** The header, or `null` when the bytes are not a whole one. */
export function decodeFileHeader(bytes: Uint8Array): FileHeader | null {
  if (bytes.length < FILE_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, FILE_HEADER_BYTES);
  const checksum = view.getUint32(92, true);
  if (crc32(bytes.subarray(0, 92)) !== checksum) return null;
  const text = new TextDecoder();
  const letter = text.decode(bytes.subarray(7, 8));
  if (text.decode(bytes.subarray(0, 7)) !== MAGIC || !isFileLetter(letter)) return null;
  const cluster = text.decode(bytes.subarray(16, 48)).replace(/\0+$/, "");
  const at = (i: number): number => getUint53(view, 48 + 8 * i);
  return {
    letter,
    version: view.getUint32(8, true),
    identity: { cluster, node: view.getUint32(12, true) },
    numbers: [at(0), at(1), at(2), at(3), at(4)],
    checksum,
  };
}

function isFileLetter(letter: string): letter is FileLetter {
  return letter === "V" || letter === "L" || letter === "S";
}

export function setUint53(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

export function getUint53(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
