/**
 * What a lab group has seen its servers apply, and the lab's checks on it (sections 7.2 and 7.3).
 * Where the lab kept one map per server, here is one agreed log and a height per server: a command
 * once applied at an index anywhere must be found there for ever, across every restart, which is
 * stricter than the lab.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import type { Index } from "../../raft/mod.ts";
import { type Applied, describeCommand, isSameBytes } from "../cluster/mod.ts";

/** The agreed log, and how much of it each server has applied in its present or last life. */
export class LabLog {
  /** Place 0 is index 1. */
  readonly #agreed: Uint8Array[] = [];
  readonly #heights: number[];

  constructor(count: number) {
    this.#heights = Array.from({ length: count }, () => 0);
  }

  /** The last index the server has applied in its present or last life. */
  height(server: number): Index {
    return this.#heights[server] ?? 0;
  }

  /** A server starts again: it has to apply everything anew, or to load it. */
  forget(server: number): void {
    this.#heights[server] = 0;
  }

  /** How many servers have applied the index, and what. */
  committed(index: Index): { readonly servers: number; readonly command: Uint8Array | null } {
    const servers = this.#heights.filter((height) => height >= index).length;
    return { servers, command: servers > 0 ? this.#agreed[index - 1] ?? null : null };
  }

  /** Takes down what a server applied; throws when it is out of order or differs from another. */
  record(server: number, { index, command }: Applied): void {
    const height = this.height(server);
    // Two looks may overlap; the second then reports again what is already known.
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

  /** The heights for people. */
  describe(): string {
    return this.#heights.join(",");
  }
}
