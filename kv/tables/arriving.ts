/**
 * An image that arrives from a leader: its chunks wait in order until they are written.
 *
 * @module
 */

import type {
  Arrival,
  ImageChunk,
  ImagePlace,
  Members,
  Moment,
  Position,
  Snapshot,
} from "../../raft/mod.ts";
import { encodeCursor } from "./image_reader.ts";
import type { Import } from "./import.ts";

/** A leader that sends more than this ahead has it passed over, and sends it again. */
const WAITING_BYTES_MAX = 8 * 2 ** 20;

/** Where every image begins. */
export const BEGIN: ImagePlace = { offset: 0, cursor: new Uint8Array(0) };

/** One image on its way into tables. */
export class Arriving {
  /** The last entry that it covers. */
  readonly last: Moment;
  /** The members at that entry. */
  readonly members: Members;
  readonly import: Import;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #place = BEGIN;
  /** Behind the last chunk that waits. */
  #end = 0;
  /** Whether the last chunk has come. */
  #isWhole = false;

  constructor({ last, members }: Pick<Snapshot, "last" | "members">, into: Import) {
    this.last = last;
    this.members = members;
    this.import = into;
  }

  /** All chunks have come, but perhaps not all are written. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether some chunk is not written yet. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** How far it has come. */
  get arrival(): Arrival {
    const isBusy = this.#isWhole || this.#waiting.length > 0;
    return { last: this.last, place: this.#place, isBusy, snapshot: null };
  }

  /** Whether it is the image of a position. */
  isOf({ index, term }: Position): boolean {
    return this.last.index === index && this.last.term === term;
  }

  /** Takes a chunk if it is the next one. */
  add({ offset, data, total }: ImageChunk): void {
    const end = offset + data.length;
    // A question has no data, and may well be about the end of what has come.
    if (data.length === 0) return;
    if (this.#isWhole || offset !== this.#end || end > total) return;
    if (this.#waitingBytes + data.length > WAITING_BYTES_MAX) return;
    this.#waiting.push(data);
    this.#waitingBytes += data.length;
    this.#end = end;
    this.#isWhole = end === total;
  }

  /** Writes the next chunk; false: none waits. Returns why it cannot be used as a string. */
  async writeNext(): Promise<boolean | string> {
    const data = this.#waiting[0];
    if (data === undefined) return false;
    const problem = await this.import.add(data);
    if (problem !== null) return problem;
    const { cursor, moment } = this.import;
    if (moment!.at !== this.last.index) {
      return `wanted the state at revision ${this.last.index}, got ${moment!.at}`;
    }
    this.#waiting.shift();
    this.#waitingBytes -= data.length;
    const offset = this.#place.offset + data.length;
    this.#place = { offset, cursor: encodeCursor(moment!.deletions, cursor) };
    return true;
  }
}
