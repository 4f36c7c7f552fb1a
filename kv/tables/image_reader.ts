/**
 * Images of tables as other servers read them: the chunks of the stream at a held revision, from any
 * place on. The place's cursor names the key to go on at, the hash of everything before it, and which
 * deletions the image contains, so that it means the same on every server.
 *
 * @module
 */

import type { Clock, ImagePiece, ImagePlace, Timer } from "../../raft/mod.ts";
import { keyBytes, keyOf } from "./files/mod.ts";
import type { Tables } from "./tables.ts";
import { type Cursor, type Moment, piecesOf, START, type StreamPiece } from "./stream.ts";

/** The time after which an unused reader releases its files and its revision. */
const IDLE_MS = 30_000;

/** The number of images, or places of one, that are read at a time. */
const READERS_MAX = 4;

const HEAD_BYTES = 16;

/** A scan that waits for the next request. */
interface Reader {
  readonly at: number;
  readonly pieces: Generator<StreamPiece, void, void>;
  offset: number;
  usedMs: number;
}

/** Reads images, several at a time. */
export class ImageReader {
  readonly #tables: Tables;
  readonly #clock: Clock;
  #readers: Reader[] = [];
  /** Runs while there are readers. */
  #idle: Timer | null = null;

  constructor(tables: Tables, clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
  }

  /**
   * The piece at a place of the image at a revision; `null`: it can no longer be read. `deletions` is
   * what an image contains that begins here.
   */
  read(
    { at, deletions }: Moment,
    { offset, cursor }: ImagePlace,
    bytesMax: number,
  ): ImagePiece | null {
    const place = cursor.length === 0 ? { deletions, from: START } : decodeCursor(cursor);
    const reader = this.#readerAt(
      { at, deletions: place.deletions },
      { offset, from: place.from },
      bytesMax,
    );
    if (reader === null) return null;
    reader.usedMs = this.#clock.now();
    const { value: piece } = reader.pieces.next();
    if (piece === undefined) return null;
    if (piece.isLast) this.#close(reader);
    reader.offset += piece.bytes.length;
    const next = { offset: reader.offset, cursor: encodeCursor(place.deletions, piece.next) };
    return { data: piece.bytes, next, isLast: piece.isLast };
  }

  /** Ends all reading. */
  close(): void {
    for (const reader of [...this.#readers]) this.#close(reader);
  }

  #readerAt(
    moment: Moment,
    { offset, from }: { readonly offset: number; readonly from: Cursor },
    bytesMax: number,
  ): Reader | null {
    const found = this.#readers.find((reader) =>
      reader.at === moment.at && reader.offset === offset
    );
    if (found !== undefined) return found;
    // First of all: the reader that makes room may be all that holds the revision.
    if (this.#readers.length >= READERS_MAX) this.#close(this.#readers[0]!);
    if (!this.#tables.canStream(moment)) return null;
    const pieces = piecesOf(this.#tables, moment, { cursor: from, bytesMax });
    const reader = { at: moment.at, pieces, offset, usedMs: 0 };
    this.#readers.push(reader);
    this.#closeWhenIdle();
    return reader;
  }

  #close(reader: Reader): void {
    reader.pieces.return();
    this.#readers = this.#readers.filter((other) => other !== reader);
    if (this.#readers.length > 0) return;
    this.#idle?.cancel();
    this.#idle = null;
  }

  #closeWhenIdle(): void {
    this.#idle ??= this.#clock.after(IDLE_MS, () => {
      this.#idle = null;
      const now = this.#clock.now();
      for (const reader of [...this.#readers]) {
        if (now - reader.usedMs >= IDLE_MS) this.#close(reader);
      }
      if (this.#readers.length > 0) this.#closeWhenIdle();
    });
  }
}

/** Deletions, hash and key, as bytes. */
export function encodeCursor(deletions: number, { from, hash }: Cursor): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + from.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(deletions));
  view.setBigUint64(8, BigInt(`0x${hash}`));
  bytes.set(keyBytes(from), HEAD_BYTES);
  return bytes;
}

/** What other servers sent is believed only as a place: a wrong one makes chunks that do not fit. */
export function decodeCursor(
  bytes: Uint8Array,
): { readonly deletions: number; readonly from: Cursor } {
  if (bytes.length < HEAD_BYTES) return { deletions: 0, from: START };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hash = view.getBigUint64(8).toString(16).padStart(16, "0");
  const from = keyOf(bytes.subarray(HEAD_BYTES));
  return { deletions: Number(view.getBigUint64(0)), from: { from, hash } };
}
