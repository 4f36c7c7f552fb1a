/**
 * Images that are bytes, as a machine in memory draws them (§7). The core holds them, and the storage
 * keeps them. Chunks are taken in order only; what comes twice, out of order or too long is passed
 * over, and the sender learns from the arrival where to go on.
 *
 * @module
 */

import {
  type Arrival,
  type ImageChunk,
  type ImagePiece,
  type ImagePlace,
  type Images,
  isSame,
  type NodeId,
  type Snapshot,
} from "../model/mod.ts";
import type { Members } from "../members/mod.ts";

const NO_CURSOR = new Uint8Array(0);

/** What has arrived of one image. */
interface Transfer {
  readonly from: NodeId;
  readonly last: ImageChunk["last"];
  readonly members: Members;
  readonly chunks: Uint8Array[];
  received: number;
}

/** Images of a machine in memory. */
export class ByteImages implements Images {
  readonly durable = null;
  readonly canApply = true;
  readonly hasRoom = true;
  readonly piecesMax = Infinity;
  readonly #accepts: (image: Uint8Array) => boolean;
  #transfer: Transfer | null = null;

  /** The function says whether the machine can read an image. @default {any} */
  constructor(accepts: (image: Uint8Array) => boolean = () => true) {
    this.#accepts = accepts;
  }

  async open(): Promise<void> {}

  attach(): void {}

  size({ data }: Snapshot): number {
    return data.length;
  }

  /** Another server may have drawn other bytes. */
  canContinue(): boolean {
    return false;
  }

  read({ data: image }: Snapshot, { offset }: ImagePlace, bytesMax: number): ImagePiece {
    const data = image.subarray(offset, offset + bytesMax);
    const end = offset + data.length;
    const next = { offset: end, cursor: NO_CURSOR };
    return { data, next, isLast: end === image.length };
  }

  receive({ from, last, members, offset, data, total }: ImageChunk): Arrival {
    // A transfer survives elections and restarts of its leader, whose image of a position is always
    // the same. Another leader may have drawn other bytes.
    const isSameImage = this.#transfer?.from === from && isSame(this.#transfer.last, last);
    const fresh = { from, last, members, chunks: [], received: 0 };
    const transfer = isSameImage ? this.#transfer! : fresh;
    this.#transfer = transfer;
    if (offset === transfer.received && offset + data.length <= total) {
      if (data.length > 0) transfer.chunks.push(data);
      transfer.received += data.length;
    }
    if (transfer.received < total) return arrivalOf(transfer, null);
    this.#transfer = null;
    const image = joined(transfer);
    // The leader learns that nothing has come, and begins again.
    if (!this.#accepts(image)) return arrivalOf({ ...transfer, received: 0 }, null);
    return arrivalOf(transfer, { last, members, data: image });
  }

  takeArrival(): null {
    return null;
  }

  advance(): void {}

  flush(): void {}

  async close(): Promise<void> {}
}

function arrivalOf({ last, received }: Transfer, snapshot: Snapshot | null): Arrival {
  const place = { offset: received, cursor: NO_CURSOR };
  return { last, place, isBusy: false, snapshot };
}

function joined({ chunks, received }: Transfer): Uint8Array {
  const data = new Uint8Array(received);
  let offset = 0;
  for (const chunk of chunks) {
    data.set(chunk, offset);
    offset += chunk.length;
  }
  return data;
}
