/**
 * What a snapshot's file holds between its header and the image: a length as a u32, and an object in
 * JSON with the members at the snapshot's last entry (M11) and the format of the image. Fields of later
 * versions are passed over; an image of a later format is refused (I4). Pure.
 *
 * @module
 */

import { decodeMembers, encodeMembers, type Members } from "../core/mod.ts";
import { StorageError } from "./storage_error.ts";

const LENGTH_BYTES = 4;
/** The format of the image that this program writes; one without a format is of the first. */
const IMAGE_FORMAT = 1;

/** The bytes in front of the image. */
export function encodeSnapshotHead(members: Members): Uint8Array<ArrayBuffer> {
  const fields = JSON.parse(new TextDecoder().decode(encodeMembers(members)));
  const bytes = new TextEncoder().encode(JSON.stringify({ ...fields, format: IMAGE_FORMAT }));
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
    const head = bytes.subarray(LENGTH_BYTES, end);
    const { format = IMAGE_FORMAT } = JSON.parse(new TextDecoder().decode(head));
    if (format !== IMAGE_FORMAT) {
      const problem = `its image has format ${format}, and this program reads ${IMAGE_FORMAT}`;
      throw new StorageError("newer", problem, place);
    }
    return { members: decodeMembers(head), image: bytes.subarray(end) };
  } catch (error) {
    if (error instanceof StorageError) throw error;
    throw damaged(error instanceof Error ? error.message : `${error}`);
  }
}
