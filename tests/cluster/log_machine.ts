/**
 * The state machine of labs 3A to 3D: remembers the command at each index. With snapshots it takes
 * an image after every tenth entry, from within apply, as the lab's tester does; the image contains
 * all commands so far.
 *
 * Invariant: entries are applied in order, without gaps or repeats; otherwise it throws.
 *
 * @module
 */

import type { Application, Entry, Index, Snapshot } from "../../raft/mod.ts";
import type { Applied } from "./cluster.ts";

/** Options of a {@linkcode LogMachine}. */
export interface LogMachineOptions {
  /** Receives the images; by default none are taken. */
  readonly compact?: (index: Index, data: Uint8Array) => void;
}

/** The lab's tester takes a snapshot after 9, 19, 29, … entries. */
const SNAPSHOT_INTERVAL = 10;

/** Commands by index; `null` for the no-ops in between. */
export class LogMachine implements Application {
  readonly #compact: LogMachineOptions["compact"];
  /** `#commands[place]` is the command at index `place + 1`. */
  #commands: (Uint8Array | null)[] = [];

  constructor(options: LogMachineOptions = {}) {
    this.#compact = options.compact;
  }

  restore(snapshot: Snapshot): void {
    const commands = decodeCommands(snapshot.data);
    if (commands.length !== snapshot.last.index) {
      throw new Error(
        `Cannot restore: wanted an image of ${snapshot.last.index} entries, got ${commands.length}`,
      );
    }
    this.#commands = commands;
  }

  apply(entries: readonly Entry[]): void {
    for (const { index, kind, data } of entries) {
      if (index !== this.#commands.length + 1) {
        throw new Error(
          `Cannot apply: wanted entry ${this.#commands.length + 1}, got ${index} (out of order)`,
        );
      }
      this.#commands.push(kind === "command" ? data : null);
      if ((index + 1) % SNAPSHOT_INTERVAL === 0) {
        this.#compact?.(index, encodeCommands(this.#commands));
      }
    }
  }

  /** Does nothing: no test of this machine reads. */
  read(): void {}

  /** Does nothing: the machine does not depend on the leader. */
  changed(): void {}

  /** Commands from an index on that were applied or restored since the start. */
  applied(from: Index): Applied[] {
    const applied: Applied[] = [];
    for (let index = Math.max(1, from); index <= this.#commands.length; index++) {
      const command = this.#commands[index - 1];
      if (command) applied.push({ index, command });
    }
    return applied;
  }
}

/** Marks a no-op in place of the length of a command. */
const NO_OP = 0xffff_ffff;

/** Encodes commands as lengths and bytes, one after the other. */
function encodeCommands(commands: readonly (Uint8Array | null)[]): Uint8Array {
  const total = commands.reduce((sum, command) => sum + 4 + (command?.length ?? 0), 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const command of commands) {
    view.setUint32(offset, command?.length ?? NO_OP);
    if (command !== null) bytes.set(command, offset + 4);
    offset += 4 + (command?.length ?? 0);
  }
  return bytes;
}

/** The reverse of {@linkcode encodeCommands}. */
function decodeCommands(bytes: Uint8Array): (Uint8Array | null)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const commands: (Uint8Array | null)[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const length = view.getUint32(offset);
    offset += 4;
    if (length === NO_OP) {
      commands.push(null);
      continue;
    }
    commands.push(bytes.slice(offset, offset + length));
    offset += length;
  }
  return commands;
}
