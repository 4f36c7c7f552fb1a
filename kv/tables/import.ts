/**
 * Takes in the state of another server, chunk by chunk, and writes it straight into tables. The
 * tables of this server go on serving until all of it has arrived.
 *
 * @module
 */

import type { Table } from "./files/mod.ts";
import { type Cursor, decodeChunk, type Moment, START } from "./stream.ts";
import { RunWriter, type WriteOptions } from "./folder/mod.ts";

/** A stream that arrives. */
export class Import {
  readonly #writer: RunWriter;
  #cursor = START;
  #moment: Moment | null = null;
  #isComplete = false;

  constructor(options: WriteOptions) {
    this.#writer = new RunWriter(options);
  }

  /** Where the stream goes on: any server that has the revision can continue it here. */
  get cursor(): Cursor {
    return this.#cursor;
  }

  /** Which state arrives, known from the first chunk on. */
  get moment(): Moment | null {
    return this.#moment;
  }

  /** Whether the last chunk was added. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Adds the next chunk. Returns why it cannot be used, or `null`: it was added. A chunk that cannot
   * be used changes nothing; the stream may be continued with the right one.
   */
  async add(bytes: Uint8Array): Promise<string | null> {
    if (this.#isComplete) return "wanted no chunk behind the last one";
    const chunk = decodeChunk(bytes, this.#cursor);
    if (typeof chunk === "string") return chunk;
    const { at, deletions } = chunk.moment;
    const wanted = this.#moment ?? chunk.moment;
    if (at !== wanted.at || deletions !== wanted.deletions) {
      return `wanted revision ${wanted.at}, ${wanted.deletions}, got ${at}, ${deletions}`;
    }
    await this.#writer.add(chunk.entries);
    this.#moment = chunk.moment;
    this.#cursor = chunk.next;
    this.#isComplete = chunk.isLast;
    return null;
  }

  /** The tables of the whole state. */
  finish(): Promise<readonly Table[]> {
    return this.#writer.finish();
  }

  /** Gives up. */
  abandon(): Promise<void> {
    return this.#writer.abandon();
  }
}
