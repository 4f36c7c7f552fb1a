/**
 * The links between the servers of a lab group, and the lab's connected flags (section 4 of the
 * lab's tests). This is bookkeeping; the group applies it to the cluster. A flag says that the test
 * relies on a server; a partition cuts links and keeps the flags, a disconnect changes both.
 *
 * @module
 */

import { assert } from "@std/assert";

/** Flags and cuts of servers numbered from 0; all servers are connected at first. */
export class LabLinks {
  readonly #connected: boolean[];
  readonly #passes: boolean[][];

  constructor(count: number) {
    this.#connected = Array.from({ length: count }, () => true);
    this.#passes = this.#connected.map(() => Array.from({ length: count }, () => true));
  }

  isConnected(server: number): boolean {
    return this.#connected[server] === true;
  }

  /** Links a server with all connected servers. */
  connect(server: number): void {
    this.#connected[server] = true;
    for (const other of this.#servers()) {
      if (this.isConnected(other)) this.#set(server, other, true);
    }
  }

  /** Cuts a server off from all others. */
  disconnect(server: number): void {
    this.#connected[server] = false;
    for (const other of this.#servers()) this.#set(server, other, false);
  }

  /** Joins the members of each part and cuts the parts from each other. */
  partition(left: readonly number[], right: readonly number[]): void {
    for (const part of [left, right]) {
      for (const member of part) {
        for (const other of part) this.#set(member, other, true);
      }
    }
    for (const member of left) {
      for (const other of right) this.#set(member, other, false);
    }
  }

  /** Every direction in which nothing passes. */
  blocked(): readonly { readonly from: number; readonly to: number }[] {
    const servers = this.#servers();
    return servers.flatMap((from) =>
      servers.filter((to) => from !== to && !this.#passes[from]?.[to]).map((to) => ({ from, to }))
    );
  }

  /** The flags as text: `+` for connected. */
  describe(): string {
    return this.#connected.map((connected) => connected ? "+" : "-").join("");
  }

  #servers(): readonly number[] {
    return this.#connected.map((_flag, server) => server);
  }

  #set(one: number, other: number, passes: boolean): void {
    const forth = this.#passes[one];
    const back = this.#passes[other];
    assert(forth !== undefined && back !== undefined, `No servers ${one} and ${other}`);
    forth[other] = passes;
    back[one] = passes;
  }
}
