/**
 * What a snapshot's file holds between its header and the image: a length as a u32, and the members at
 * the snapshot's last entry (M11). Pure.
 *
 * @module
 */

import { decodeMembers, encodeMembers, type Members } from "../core/mod.ts";
import { StorageError } from "./storage_error.ts";

const LENGTH_BYTES = 4;

/** The bytes in front of the image. */
export function encodeSnapshotHead(members: Members): Uint8Array<ArrayBuffer> {
  const bytes = encodeMembers(members);
  const head = new Uint8Array(LENGTH_BYTES + bytes.length);
  new DataView(head.buffer).setUint32(0, bytes.length, true);
  head.set(bytes, LENGTH_BYTES);
  return head;
}

/**
 * The members and the image behind them. Both share the bytes.
 *
 * @throws {StorageError} If there are no members in front.
 */
export function splitSnapshot(
  bytes: Uint8Array,
  place: { readonly file: string; readonly offset: number },
): { readonly members: Members; readonly image: Uint8Array } {
  const damaged = (problem: string): StorageError => new StorageError("damaged", problem, place);
  if (bytes.length < LENGTH_BYTES) throw damaged(`it has only ${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const end = LENGTH_BYTES + length;
  if (end > bytes.length) throw damaged(`its members have ${length} of ${bytes.length} bytes`);
  try {
    const members = decodeMembers(bytes.subarray(LENGTH_BYTES, end));
    return { members, image: bytes.subarray(end) };
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : `${error}`);
  }
}
