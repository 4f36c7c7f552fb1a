/**
 * What one put and one get cost above the log: decode, submit, apply, reply; nothing is replicated.
 *
 * @module
 */

import { type Entry, type Position, type ReplicatedLog, Rsm, SystemClock } from "../../raft/mod.ts";
import { encodeRequest } from "../command/mod.ts";
import { KvServer } from "./server.ts";
import { KvStore } from "../store/store.ts";
import { entryOf } from "../../tests/helpers/log_entries.ts";

const BATCH = 1000;

/** Accepts a batch of commands, then hands them to the machine in one turn, as a node does. */
class InstantLog implements ReplicatedLog {
  hasRoom = true;
  #index = 0;
  readonly entries: Entry[] = [];
  readonly contexts: number[] = [];

  propose(command: Uint8Array): Position {
    const position = { index: ++this.#index, term: 1 };
    this.entries.push(entryOf(position.index, position.term, command));
    return position;
  }

  read(context: number): boolean {
    this.contexts.push(context);
    return true;
  }

  draw(): boolean {
    return true;
  }
}

const log = new InstantLog();
const rsm = new Rsm({ machine: new KvStore(), logBytesMax: null, clock: new SystemClock() });
rsm.attach(log);
const server = new KvServer({ rsm, reads: "index" });
const value = new Uint8Array(256);
const keys = Array.from({ length: BATCH }, (_, number) => `key-${number}`);
let version = 0;
let replies = 0;

Deno.bench(`${BATCH} puts of 256 bytes through the server`, () => {
  for (const key of keys) {
    server.handle(encodeRequest({ type: "put", key, value, version }), () => replies++);
  }
  version++;
  rsm.apply(log.entries.splice(0));
});

Deno.bench(`${BATCH} gets of 256 bytes through the server`, () => {
  for (const key of keys) server.handle(encodeRequest({ type: "get", key }), () => replies++);
  for (const context of log.contexts.splice(0)) rsm.read(context, true);
});
