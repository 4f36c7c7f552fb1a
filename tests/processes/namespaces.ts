/**
 * A network for each node in its own kernel network namespace, with faults by packet filters, to
 * compare the product's own `Faults` with a real network.
 *
 * The machine's own network is not changed: all interfaces are inside the namespaces.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import type { Place } from "./process_cluster.ts";

const SUBNET = "10.77.0";

/** Namespaces of one cluster, joined by a bridge in another namespace. */
export class Namespaces {
  readonly #name: string;
  readonly #ids: readonly NodeId[];

  private constructor(name: string, ids: readonly NodeId[]) {
    this.#name = name;
    this.#ids = ids;
  }

  /** Makes the namespaces; returns the reason as text where the machine does not allow it. */
  static async make(ids: readonly NodeId[]): Promise<Namespaces | string> {
    const network = new Namespaces(`kontiki-${Deno.pid}`, ids);
    try {
      await network.#make();
      return network;
    } catch (error) {
      if (!(error instanceof CommandFailure || error instanceof Deno.errors.NotFound)) throw error;
      await network.remove();
      return error.message;
    }
  }

  /** The namespace and address of a node. */
  place(id: NodeId): Place {
    const prefix = ["ip", "netns", "exec", this.#of(id)];
    return { hostname: `${SUBNET}.${id}`, prefix };
  }

  /** Blocks all packets from the node, and with `both` also those to it. */
  async cut(id: NodeId, { both }: { readonly both: boolean }): Promise<void> {
    await this.#filter(id, "out", "drop");
    if (both) await this.#filter(id, "in", "drop");
  }

  /** Drops the given percentage of packets at every node. */
  async lose(percent: number): Promise<void> {
    for (const id of this.#ids) {
      await this.#filter(id, "in", `numgen random mod 100 < ${percent} drop`);
    }
  }

  /** Delays every packet; returns false when the kernel cannot. */
  async delay(ms: number): Promise<boolean> {
    try {
      for (const id of this.#ids) {
        const device = ["tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", `${ms}ms`];
        await run("ip", "netns", "exec", this.#of(id), ...device);
      }
      return true;
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      return false;
    }
  }

  /** Removes all faults. */
  async heal(): Promise<void> {
    for (const id of this.#ids) {
      await this.#nft(id, "flush chain inet kontiki in");
      await this.#nft(id, "flush chain inet kontiki out");
      const device = ["tc", "qdisc", "del", "dev", "eth0", "root"];
      await runAnyway("ip", "netns", "exec", this.#of(id), ...device);
    }
  }

  /** Removes the namespaces. */
  async remove(): Promise<void> {
    for (const name of [this.#of(0), ...this.#ids.map((id) => this.#of(id))]) {
      await runAnyway("ip", "netns", "delete", name);
    }
  }

  async #make(): Promise<void> {
    const bridge = this.#of(0);
    await run("ip", "netns", "add", bridge);
    await run("ip", "-n", bridge, "link", "add", "br0", "type", "bridge");
    await run("ip", "-n", bridge, "link", "set", "br0", "up");
    for (const id of this.#ids) {
      const name = this.#of(id);
      const port = `p${id}`;
      await run("ip", "netns", "add", name);
      const peer = ["type", "veth", "peer", "name", port, "netns", bridge];
      await run("ip", "-n", name, "link", "add", "eth0", ...peer);
      await run("ip", "-n", name, "addr", "add", `${SUBNET}.${id}/24`, "dev", "eth0");
      await run("ip", "-n", name, "link", "set", "eth0", "up");
      await run("ip", "-n", name, "link", "set", "lo", "up");
      await run("ip", "-n", bridge, "link", "set", port, "master", "br0");
      await run("ip", "-n", bridge, "link", "set", port, "up");
      await this.#nft(id, "add table inet kontiki");
      for (const [chain, hook] of [["in", "input"], ["out", "output"]]) {
        const head = `add chain inet kontiki ${chain}`;
        await this.#nft(id, `${head} { type filter hook ${hook} priority 0 ; }`);
      }
    }
  }

  #filter(id: NodeId, chain: "in" | "out", rule: string): Promise<void> {
    const device = chain === "in" ? "iifname" : "oifname";
    return this.#nft(id, `add rule inet kontiki ${chain} ${device} eth0 ${rule}`);
  }

  #nft(id: NodeId, command: string): Promise<void> {
    return run("ip", "netns", "exec", this.#of(id), "nft", command);
  }

  #of(id: NodeId): string {
    return `${this.#name}-${id}`;
  }
}

/** A program exited with an error. */
class CommandFailure extends Error {
  override name = "CommandFailure";
}

async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (code === 0) return;
  const text = new TextDecoder().decode(stderr).trim().split("\n")[0];
  throw new CommandFailure(`${program} ${args.join(" ")}: ${text}`);
}

/** As {@linkcode run}, but ignores a failure, which means that there was nothing to do. */
async function runAnyway(program: string, ...args: readonly string[]): Promise<void> {
  try {
    await run(program, ...args);
  } catch (error) {
    if (!(error instanceof CommandFailure || error instanceof Deno.errors.NotFound)) throw error;
  }
}
