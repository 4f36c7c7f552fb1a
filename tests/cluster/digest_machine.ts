/**
 * The state machine of the swarm: its state is the number of entries applied and a digest of them,
 * so an image is small and two machines can be compared by one number. Images are padded to a
 * chosen length with bytes derived from the digest and the machine's salt, so that a chunk that is
 * lost, repeated or taken from another image is detected, even from another image of the same
 * state.
 *
 * @module
 */

import type { Application, Entry, Index, Snapshot, Status } from "../../raft/mod.ts";
import type { Applied } from "./cluster.ts";

/** The digest after each index, as computed by the first machine that applied it. */
export type DigestHistory = number[];

/** Options of a {@linkcode DigestMachine}. */
export interface DigestMachineOptions {
  /** Shared by all machines of a run. */
  readonly history: DigestHistory;
  /** Number of entries between two images; `null` for no images. */
  readonly compactEvery: number | null;
  readonly imageBytes: number;
  /** Differs for each start of each server, so that no two draw the same bytes of a state. */
  readonly salt: number;
  /** Hands over an image; false when it is refused because an earlier one is not saved yet. */
  readonly compact: (index: Index, data: Uint8Array) => boolean;
  readonly decided: (context: number, confirmed: boolean) => void;
}

const HEADER_BYTES = 16;

/** Applies entries to a digest. */
export class DigestMachine implements Application {
  readonly #options: DigestMachineOptions;
  #index: Index = 0;
  #digest = 0x811c_9dc5;
  #compacted: Index = 0;

  constructor(options: DigestMachineOptions) {
    this.#options = options;
  }

  /** The last index applied. */
  get index(): Index {
    return this.#index;
  }

  restore(snapshot: Snapshot): void {
    const view = new DataView(
      snapshot.data.buffer,
      snapshot.data.byteOffset,
      snapshot.data.byteLength,
    );
    if (snapshot.data.length < HEADER_BYTES) throw new Error("Cannot restore: the image is cut");
    this.#index = view.getFloat64(0);
    this.#digest = view.getUint32(8);
    this.#compacted = this.#index;
    if (this.#index !== snapshot.last.index) {
      throw new Error(`Cannot restore: wanted image ${snapshot.last.index}, got ${this.#index}`);
    }
    const whole = this.#image(snapshot.data.length, view.getUint32(12));
    if (whole.some((byte, place) => byte !== snapshot.data[place])) {
      throw new Error(`Cannot restore: image ${this.#index} has bytes of another`);
    }
    this.#compare();
  }

  apply(entries: readonly Entry[]): void {
    for (const { index, term, data, times } of entries) {
      if (index !== this.#index + 1) {
        throw new Error(`Cannot apply: wanted entry ${this.#index + 1}, got ${index}`);
      }
      this.#index = index;
      let digest = Math.imul(this.#digest ^ term, 0x0100_0193);
      digest = Math.imul(digest ^ times.steady, 0x0100_0193);
      digest = Math.imul(digest ^ times.wall, 0x0100_0193);
      for (const byte of data) digest = Math.imul(digest ^ byte, 0x0100_0193);
      this.#digest = digest >>> 0;
      this.#compare();
      const { compactEvery, compact, imageBytes, salt } = this.#options;
      if (compactEvery !== null && index - this.#compacted >= compactEvery) {
        if (compact(index, this.#image(HEADER_BYTES + imageBytes, salt))) this.#compacted = index;
      }
    }
  }

  read(context: number, confirmed: boolean): void {
    this.#options.decided(context, confirmed);
  }

  changed(_status: Status): void {}

  /** Returns nothing, as only the digest of commands is kept. */
  applied(_from: Index): Applied[] {
    return [];
  }

  #compare(): void {
    const agreed = this.#options.history[this.#index] ??= this.#digest;
    if (agreed !== this.#digest) {
      throw new Error(`Machines differ after entry ${this.#index}: ${agreed}, ${this.#digest}`);
    }
  }

  #image(length: number, salt: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, this.#index);
    view.setUint32(8, this.#digest);
    view.setUint32(12, salt);
    let state = this.#digest ^ salt;
    for (let place = HEADER_BYTES; place < length; place++) {
      state = Math.imul(state ^ place, 0x0100_0193);
      bytes[place] = state >>> 16;
    }
    return bytes;
  }
}
