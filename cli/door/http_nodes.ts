/**
 * The nodes of a cluster that answer HTTP, as far as they answer this one.
 *
 * @module
 */

import { parseAddress, RpcClient } from "../../net/mod.ts";
import type { ConnectNode } from "../../net/connect/mod.ts";
import { type NodeReport, parseNodeReport, REPORT_REQUEST } from "../table/mod.ts";

/** Options of {@linkcode HttpNodes}. */
export interface HttpNodesOptions {
  readonly own: () => NodeReport;
  /** Where the other nodes listen for clients at this moment. */
  readonly others: () => readonly string[];
  readonly cluster: string;
}

/** A node that does not answer by then is left out. */
const ANSWER_MS = 300;

/** Asks the nodes. */
export class HttpNodes {
  readonly #own: () => NodeReport;
  readonly #others: () => readonly string[];
  readonly #cluster: string;
  /** By address. */
  readonly #clients = new Map<string, RpcClient>();
  #asking: Promise<readonly ConnectNode[]> | null = null;

  constructor({ own, others, cluster }: HttpNodesOptions) {
    this.#own = own;
    this.#others = others;
    this.#cluster = cluster;
  }

  /**
   * This node, and every other node that reports an HTTP address. Calls at the same time share one
   * round of requests.
   */
  list(): Promise<readonly ConnectNode[]> {
    return this.#asking ??= this.#ask().finally(() => this.#asking = null);
  }

  /** Closes the connections to the others. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  /** The connections to the others, made and closed as members come and go. */
  #connected(): readonly RpcClient[] {
    const places = this.#others();
    for (const [place, client] of this.#clients) {
      if (places.includes(place)) continue;
      client.close();
      this.#clients.delete(place);
    }
    for (const place of places) {
      const server = parseAddress(place);
      if (server === null || this.#clients.has(place)) continue;
      this.#clients.set(place, new RpcClient({ server, cluster: this.#cluster }));
    }
    return [...this.#clients.values()];
  }

  async #ask(): Promise<readonly ConnectNode[]> {
    const others = await Promise.all(
      this.#connected().map(async (other) => {
        const outcome = await other.call(REPORT_REQUEST, { withinMs: ANSWER_MS });
        const report = outcome.kind === "replied" ? parseNodeReport(outcome.payload) : null;
        const url = report?.http ?? null;
        return report === null || url === null ? [] : [{ url, isLeader: isLeader(report) }];
      }),
    );
    return [{ url: null, isLeader: isLeader(this.#own()) }, ...others.flat()];
  }
}

function isLeader({ status }: NodeReport): boolean {
  return status.role === "leader";
}
