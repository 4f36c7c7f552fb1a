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
  /** Where the other nodes listen for clients. */
  readonly others: readonly string[];
  readonly cluster: string;
}

/** A node that does not answer by then is left out. */
const ANSWER_MS = 300;

/** Asks the nodes. */
export class HttpNodes {
  readonly #own: () => NodeReport;
  readonly #others: readonly RpcClient[];
  #asking: Promise<readonly ConnectNode[]> | null = null;

  constructor({ own, others, cluster }: HttpNodesOptions) {
    this.#own = own;
    this.#others = others.flatMap((endpoint) => {
      const server = parseAddress(endpoint);
      return server === null ? [] : new RpcClient({ server, cluster });
    });
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
    for (const other of this.#others) other.close();
  }

  async #ask(): Promise<readonly ConnectNode[]> {
    const others = await Promise.all(this.#others.map(async (other) => {
      const outcome = await other.call(REPORT_REQUEST, { withinMs: ANSWER_MS });
      const report = outcome.kind === "replied" ? parseNodeReport(outcome.payload) : null;
      const url = report?.http ?? null;
      return report === null || url === null ? [] : [{ url, isLeader: isLeader(report) }];
    }));
    return [{ url: null, isLeader: isLeader(this.#own()) }, ...others.flat()];
  }
}

function isLeader({ status }: NodeReport): boolean {
  return status.role === "leader";
}
