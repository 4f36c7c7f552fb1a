/**
 * A store in this process behind the pure parts of KV Connect, for tests.
 *
 * @module
 */

import { assert } from "@std/assert";
import {
  AtomicWrite,
  AtomicWriteOutput,
  batchOf,
  Database,
  type MessageOf,
  MUTATION,
  type MutationMessage,
  type ReadRangeMessage,
  SnapshotRead,
  snapshotRead,
  SnapshotReadOutput,
  writeAnswer,
} from "../../net/connect/mod.ts";
import {
  type Batch,
  type BatchOutcome,
  decodeReply,
  encodeRequest,
  isReadOnly,
  KvStore,
} from "../../kv/mod.ts";

const encoder = new TextEncoder();

/** Bytes of a text. */
export const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(encoder.encode(text));

/** Text of bytes. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What clients send, with fields left out. */
export type Write = {
  readonly checks?: readonly Partial<MessageOf<typeof AtomicWrite>["checks"][number]>[];
  readonly mutations?: readonly Partial<MutationMessage>[];
  readonly enqueues?: readonly Partial<MessageOf<typeof AtomicWrite>["enqueues"][number]>[];
};

/** The bytes of a write. */
export function writeBody({ checks = [], mutations = [], enqueues = [] }: Write): Uint8Array {
  // What is left out is what a message without it has.
  return AtomicWrite.encode({ checks, mutations, enqueues } as MessageOf<typeof AtomicWrite>)
    .joined();
}

/** The bytes of a read. */
export function readBody(...ranges: readonly Partial<ReadRangeMessage>[]): Uint8Array {
  return SnapshotRead.encode({ ranges } as MessageOf<typeof SnapshotRead>).joined();
}

/** A mutation that sets a key to bytes. */
export function set(
  key: string,
  value: string,
  more: Partial<MutationMessage> = {},
): Partial<MutationMessage> {
  return {
    key: bytesOf(key),
    mutationType: MUTATION.set,
    value: { data: bytesOf(value), encoding: 3 },
    ...more,
  };
}

/** A store with databases. */
export class LocalConnect {
  readonly store = new KvStore();
  /** The number of batches that were executed. */
  batches = 0;

  /** Executes a batch as a node does. */
  execute(batch: Batch): Promise<BatchOutcome> {
    this.batches++;
    const request = encodeRequest({ type: "batch", batch });
    const bytes = isReadOnly(batch) ? this.store.query(request) : this.store.apply(request);
    const reply = decodeReply(bytes);
    if (reply?.type === "batch") return Promise.resolve({ type: "done", result: reply.result });
    assert(reply?.type === "invalid" || reply?.type === "compacted", JSON.stringify(reply));
    return Promise.resolve(reply);
  }

  /** Writes, and returns the answer. Throws the refusal. */
  async write(write: Write, name = "test"): Promise<MessageOf<typeof AtomicWriteOutput>> {
    const batch = batchOf(writeBody(write), new Database("c", name));
    return AtomicWriteOutput.decode(writeAnswer(await this.execute(batch)).joined());
  }

  /** Reads ranges, and returns the answer. Throws the refusal. */
  async read(
    ranges: readonly Partial<ReadRangeMessage>[],
    name = "test",
  ): Promise<MessageOf<typeof SnapshotReadOutput>> {
    const answer = await snapshotRead(
      readBody(...ranges),
      new Database("c", name),
      (batch) => this.execute(batch),
    );
    return SnapshotReadOutput.decode(answer.joined());
  }

  /** The keys of a database with their values, as text. */
  async entries(name = "test"): Promise<readonly string[]> {
    const { ranges } = await this.read([{ end: Uint8Array.of(255), limit: 1000 }], name);
    return ranges[0]!.values.map(({ key, value }) => `${textOf(key)}=${textOf(value)}`);
  }
}
