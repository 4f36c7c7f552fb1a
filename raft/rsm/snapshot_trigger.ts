/**
 * When a server takes its next snapshot.
 *
 * The log may grow with the image, so that however large the state is, snapshots write at most about
 * three bytes for each byte of the log. The servers of a cluster apply the same bytes; each draws
 * another threshold, so that they do not all write an image at the same moment.
 *
 * @module
 */

import type { Random } from "../core/mod.ts";

/** The log may take at least this share of the size of the image. */
const IMAGE_SHARE = 0.5;
/** A server takes its snapshot up to this share of the threshold early. */
const SPREAD = 0.25;
/** After this share of the threshold more, a snapshot that was given up is tried again. */
const RETRY_SHARE = 0.25;

/** What the size of the log is compared with. */
export interface Threshold {
  /** The least threshold. */
  readonly logBytesMax: number;
  /** The size of the last image. */
  readonly imageBytes: number;
  /** From 0 up to 1: how early this server is. */
  readonly draw: number;
}

/** The size of the log after which the next snapshot is taken. */
export function thresholdBytes({ logBytesMax, imageBytes, draw }: Threshold): number {
  return Math.max(logBytesMax, IMAGE_SHARE * imageBytes) * (1 - SPREAD * draw);
}

/** Counts what is applied, and says when a snapshot is due. */
export class SnapshotTrigger {
  readonly #logBytesMax: number;
  readonly #random: Random;
  #thresholdBytes: number;
  /** Size of the entries applied since the last snapshot. */
  #bytes = 0;
  /** `#bytes` when the snapshot that is being drawn began. */
  #begunBytes = 0;

  constructor(logBytesMax: number, random: Random) {
    this.#logBytesMax = logBytesMax;
    this.#random = random;
    this.#thresholdBytes = this.#drawThreshold(0);
  }

  get isDue(): boolean {
    return this.#bytes > this.#thresholdBytes;
  }

  /** Entries of this size were applied. */
  applied(bytes: number): void {
    this.#bytes += bytes;
  }

  /** A snapshot of what is applied so far is being drawn. */
  begun(): void {
    this.#begunBytes = this.#bytes;
    this.#thresholdBytes = Infinity;
  }

  /** The snapshot has this size and stands in for what was applied before it; `null`: it was given up. */
  ended(imageBytes: number | null): void {
    if (imageBytes === null) {
      this.#thresholdBytes = this.#bytes + RETRY_SHARE * this.#logBytesMax;
      return;
    }
    this.#bytes -= this.#begunBytes;
    this.#thresholdBytes = this.#drawThreshold(imageBytes);
  }

  /** An image of this size, of another server or of an earlier run, has replaced the state. */
  restored(imageBytes: number): void {
    this.#bytes = this.#begunBytes = 0;
    this.#thresholdBytes = this.#drawThreshold(imageBytes);
  }

  #drawThreshold(imageBytes: number): number {
    const draw = this.#random();
    return thresholdBytes({ logBytesMax: this.#logBytesMax, imageBytes, draw });
  }
}
