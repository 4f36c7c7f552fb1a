/**
 * The commands that the servers of a lab group have applied, and the lab's checks of them
 * (sections 7.2 and 7.3). The lab keeps one map per server; here is one agreed log and a height per
 * server, which is stricter: once any server has applied a command at an index, every server must
 * apply the same command there, also after restarts.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import type { Index } from "../../raft/mod.ts";
import { type Applied, describeCommand, isSameBytes } from "../cluster/mod.ts";

/** The agreed log, and how much of it each server has applied since its last start. */
export class LabLog {
  /** `#agreed[0]` is the command at index 1. */
  readonly #agreed: Uint8Array[] = [];
  readonly #heights: number[];

  constructor(count: number) {
    this.#heights = Array.from({ length: count }, () => 0);
  }

  /** The last index the server has applied since its last start. */
  height(server: number): Index {
    return this.#heights[server] ?? 0;
  }

  /** Resets the height of a server that restarts, as it applies or loads everything again. */
  forget(server: number): void {
    this.#heights[server] = 0;
  }

  /** The number of servers that have applied the index, and the command. */
  committed(index: Index): { readonly servers: number; readonly command: Uint8Array | null } {
    const servers = this.#heights.filter((height) => height >= index).length;
    return { servers, command: servers > 0 ? this.#agreed[index - 1] ?? null : null };
  }

  /** Records a command; throws when it is out of order or differs from the agreed command. */
  record(server: number, { index, command }: Applied): void {
    const height = this.height(server);
    // Two overlapping reads of a server return the same entries twice.
    if (index > height + 1) {
      throw new AssertionError(
        `Server ${server} applied index ${index} out of order: index ${height} was its last`,
      );
    }
    const known = this.#agreed[index - 1];
    if (known === undefined) {
      this.#agreed[index - 1] = command;
    } else if (!isSameBytes(known, command)) {
      throw new AssertionError(
        `Server ${server} applied ${describeCommand(command)} at index ${index}, ` +
          `where ${describeCommand(known)} had been applied`,
      );
    }
    this.#heights[server] = Math.max(height, index);
  }

  /** The heights as text. */
  describe(): string {
    return this.#heights.join(",");
  }
}
