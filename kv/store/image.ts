/**
 * An image of the state: the chunks of its stream, each behind its length.
 *
 * ```text
 * format 2        1 byte
 * length, chunk   4 bytes and the chunk, again and again
 * ```
 *
 * @module
 */

import type { Image } from "../../raft/mod.ts";
import { viewOf } from "../command/mod.ts";
import {
  chunkProblem,
  chunksOf,
  decodeChunk,
  type Entry,
  hashIn,
  isLastChunk,
  MemoryState,
  type Moment,
  START,
  type State,
} from "../tables/mod.ts";

const FORMAT = 2;
const LENGTH_BYTES = 4;

/** The number of bytes that are copied at once, in well under a millisecond. */
const STEP_BYTES = 512 * 1024;

/** Draws the state as it is at the first step. */
export function* drawImage(state: State, moment: Moment): Image {
  const chunks: Uint8Array[] = [];
  let length = 1;
  for (const chunk of chunksOf(state, moment)) {
    chunks.push(chunk);
    length += LENGTH_BYTES + chunk.length;
    yield;
  }
  const image = new Uint8Array(length);
  const view = viewOf(image);
  image[0] = FORMAT;
  let at = 1;
  let copied = 0;
  for (const chunk of chunks) {
    view.setUint32(at, chunk.length);
    image.set(chunk, at + LENGTH_BYTES);
    at += LENGTH_BYTES + chunk.length;
    copied += chunk.length;
    if (copied < STEP_BYTES) continue;
    copied = 0;
    yield;
  }
  return image;
}

/** Whether an image has the right format, and all of its chunks with the right hashes. */
export function isImage(data: Uint8Array): boolean {
  if (data[0] !== FORMAT) return false;
  const view = viewOf(data);
  let hash = START.hash;
  let isLast = false;
  let at = 1;
  while (!isLast && at + LENGTH_BYTES <= data.length) {
    const end = at + LENGTH_BYTES + view.getUint32(at);
    const chunk = data.subarray(at + LENGTH_BYTES, end);
    if (end > data.length || chunkProblem(chunk, hash) !== null) return false;
    hash = hashIn(chunk);
    isLast = isLastChunk(chunk);
    at = end;
  }
  return isLast && at === data.length;
}

/** Makes the state of an image, and gives each entry to a function. */
export function* readImage(
  data: Uint8Array,
  each: (entry: Entry) => void,
): Generator<void, { readonly state: State; readonly revision: number }, void> {
  if (data[0] !== FORMAT) {
    throw new RangeError(`Cannot restore the store: wanted format ${FORMAT}, got ${data[0]}`);
  }
  const state = new MemoryState();
  const view = viewOf(data);
  let cursor = START;
  let isLast = false;
  let moment: Moment = { at: 0, deletions: 0 };
  let at = 1;
  const deletions: Entry[] = [];
  while (!isLast) {
    const length = at + LENGTH_BYTES <= data.length ? view.getUint32(at) : 0;
    const end = at + LENGTH_BYTES + length;
    if (end > data.length) throw garbage(at, "an end before its last chunk");
    const chunk = decodeChunk(data.subarray(at + LENGTH_BYTES, end), cursor);
    if (typeof chunk === "string") throw garbage(at, chunk);
    for (const entry of chunk.entries) {
      if (entry.value === null) deletions.push(entry);
      else state.add(entry);
      each(entry);
    }
    ({ isLast, moment, next: cursor } = chunk);
    at = end;
    yield;
  }
  if (at !== data.length) throw garbage(at, `${data.length - at} bytes behind the last chunk`);
  // A state takes deletions in the order of their revisions.
  deletions.sort((one, other) => one.revision - other.revision);
  for (const entry of deletions) state.add(entry);
  state.forget(moment.at, moment.deletions);
  return { state, revision: moment.at };
}

function garbage(at: number, found: string): RangeError {
  return new RangeError(`Cannot restore the store: wanted a chunk at byte ${at}, got ${found}`);
}
