/**
 * Makes log segments ahead of need: the next one is durable at its full size, filled with zeros,
 * before the log gets there. So going on in it costs no sync but that of the save itself, a file that
 * became shorter is known to be damaged, and a disk that is full is noticed one segment early.
 *
 * @module
 */

import { type Files, invariant, type WritableFile } from "../core/mod.ts";
import { type SegmentFile, segmentName } from "./file_reading.ts";
import {
  BASE_RECORD_BYTES,
  decodeFileHeader,
  encodeFileHeader,
  FILE_HEADER_BYTES,
  type Identity,
  RECORD_HEADER_BYTES,
} from "./format/mod.ts";

/** The least size of a segment: its header, its first record and one small save. */
export const SEGMENT_BYTES_LEAST = FILE_HEADER_BYTES + BASE_RECORD_BYTES + RECORD_HEADER_BYTES;
/** A log begins with a small segment, and each is twice as large as its predecessor, up to a limit. */
const FIRST_SEGMENT_BYTES = 2 ** 20;
/** The number of bytes written at once. */
const SLICE_BYTES = 256 * 2 ** 10;

/** Options of a {@linkcode SegmentMaker}. */
export interface SegmentMakerOptions {
  readonly files: Files;
  readonly identity: Identity;
  readonly segmentBytesMax: number;
  /** Writes and syncs a temporary file, again and again while the disk is full. */
  readonly write: (name: string, parts: () => Iterable<Uint8Array>) => Promise<void>;
  /** Makes the folder demand a segment that is durable now, before anything relies on it. */
  readonly made: (sequence: number) => Promise<void>;
}

/** A segment without a save. */
export interface NewSegment {
  readonly name: string;
  readonly sequence: number;
  readonly bytes: number;
  readonly headerChecksum: number;
  readonly file: WritableFile;
}

/** Keeps at most one segment ready. */
export class SegmentMaker {
  readonly #options: SegmentMakerOptions;
  #next: Promise<NewSegment> | null = null;
  #ready: NewSegment | null = null;

  /** Makes no segment yet. */
  constructor(options: SegmentMakerOptions) {
    this.#options = options;
  }

  /** The size of the ready segment on disk. */
  get bytes(): number {
    return this.#ready?.bytes ?? 0;
  }

  /** Begins to make the segment after one of so many bytes. */
  makeAfter(sequence: number, bytes: number): void {
    const size = Math.max(FIRST_SEGMENT_BYTES, 2 * bytes);
    this.#begin(this.#make(sequence + 1, Math.min(size, this.#options.segmentBytesMax)));
  }

  /** Takes over a segment that an earlier start left, which is known to hold only zeros. */
  async adopt({ name, sequence, bytes, checksum }: SegmentFile): Promise<void> {
    const file = await this.#options.files.reopen(name);
    this.#begin(Promise.resolve({ name, sequence, bytes, headerChecksum: checksum, file }));
  }

  /** The next segment, with room for so many bytes of records. */
  async take(sequence: number, bytes: number): Promise<NewSegment> {
    const needed = SEGMENT_BYTES_LEAST + bytes;
    const ready = await this.#next;
    this.#next = this.#ready = null;
    invariant(ready === null || ready.sequence === sequence, "The next segment is not the next");
    if (ready !== null && ready.bytes >= needed) return ready;
    await ready?.file.close();
    const size = Math.min(FIRST_SEGMENT_BYTES, this.#options.segmentBytesMax);
    return await this.#make(sequence, Math.max(needed, size));
  }

  /** Waits for the segment being made; its failure was reported, or does not matter any more. */
  async close(): Promise<void> {
    const ready = await this.#next?.catch(() => null);
    await ready?.file.close();
    this.#next = null;
  }

  #begin(making: Promise<NewSegment>): void {
    this.#next = making;
    // A failure is found by the save that needs the segment.
    making.then((made) => this.#ready = made, () => null);
  }

  /** Writes a segment under a temporary name first; it may replace one that is too small. */
  async #make(sequence: number, bytes: number): Promise<NewSegment> {
    const { files, identity, write, made } = this.#options;
    const name = segmentName(sequence);
    const header = encodeFileHeader({ letter: "L", identity, numbers: [sequence, bytes, 0, 0, 0] });
    const headerChecksum = decodeFileHeader(header)?.checksum ?? 0;
    await write(name, () => emptySegment(header, bytes));
    await files.rename(`${name}.tmp`, name);
    await files.syncFolder();
    await made(sequence);
    return { name, sequence, bytes, headerChecksum, file: await files.reopen(name) };
  }
}

/** Zeros are written, because only then the file has its place on the disk. */
function* emptySegment(header: Uint8Array, bytes: number): Generator<Uint8Array> {
  yield header;
  const zeros = new Uint8Array(SLICE_BYTES);
  for (let left = bytes - header.length; left > 0; left -= SLICE_BYTES) {
    yield zeros.subarray(0, left);
  }
}
