/**
 * Test of a node that thousands of clients reach at once.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import type { CountingReport } from "../../../cli/table/node_report.ts";
import { Clerk } from "../../../kv/mod.ts";
import { until } from "../../helpers/until.ts";
import type { Crowd } from "../../processes/crowd_worker.ts";
import { ProcessServiceCluster } from "../../processes/process_service_cluster.ts";

const WRITERS = 32;
const CROWD = 3_000;
const STRETCH_MS = 2_000;
const ROUNDS_MAX = 6;
const LATER_CROWDS = 3;
/** What the log and the history of the load may add meanwhile. */
const SLACK_BYTES = 200e6;

/** Puts by some clients, which are counted until they are stopped. */
class Load {
  readonly #cluster: ProcessServiceCluster;
  readonly #work: Promise<void>[];
  #isStopped = false;
  #stored = 0;

  constructor(cluster: ProcessServiceCluster) {
    this.#cluster = cluster;
    this.#work = Array.from({ length: WRITERS }, (_, writer) => this.#write(`w${writer}`));
  }

  /** Puts a second from now until something is over, but for a time at least. */
  async rateUntil(over: Promise<unknown>): Promise<number> {
    const [begin, before] = [performance.now(), this.#stored];
    await Promise.all([over, this.#cluster.sleep(STRETCH_MS)]);
    return (this.#stored - before) / (performance.now() - begin) * 1000;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#work);
  }

  async #write(key: string): Promise<void> {
    const { ids: servers, clientClock: clock } = this.#cluster;
    const clerk = new Clerk({
      ...{ servers, clock, random: Math.random },
      call: (id, request, deadline) => this.#cluster.call(id, request, deadline),
    });
    const value = new Uint8Array(256);
    for (let version = 0; !this.#isStopped; version++) {
      const { type } = await clerk.put(key, value, { version, timeoutMs: 10_000 });
      if (type === "stored") this.#stored++;
      else {
        const found = await clerk.get(key, { timeoutMs: 10_000 });
        version = found.type === "value" ? found.version - 1 : -1;
      }
    }
  }
}

Deno.test("3,000 clients at once cost a leader neither its lead nor half of its throughput, and their memory is given back", async () => {
  const cluster = new ProcessServiceCluster({ seed: 1, nodes: 3, machine: "kv" });
  const worker = new Worker(import.meta.resolve("../../processes/crowd_worker.ts"), {
    type: "module",
  });
  const ask = (crowd: Crowd): Promise<number> =>
    new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage(crowd);
    });
  try {
    await Promise.all(cluster.ids.map((id) => cluster.start(id)));
    const load = new Load(cluster);
    const reports = async () =>
      (await Promise.all(cluster.ids.map((id) => cluster.report(id))))
        .flatMap((report) => report ?? []);
    const leading = async (): Promise<CountingReport> => {
      let found: CountingReport | undefined;
      await until(
        async () => {
          found = (await reports()).find(({ status }) => status.role === "leader");
          return found !== undefined;
        },
        "a leader",
        20_000,
      );
      return found!;
    };
    await load.rateUntil(Promise.resolve());
    const rounds: { readonly share: number; readonly isSameTerm: boolean }[] = [];
    const peaks: number[] = [];
    // Other work on the machine may take a part of some rounds.
    while (!rounds.some(({ share, isSameTerm }) => share > 0.5 && isSameTerm)) {
      assertLess(rounds.length, ROUNDS_MAX, JSON.stringify(rounds));
      const { id, term } = (await leading()).status;
      const calm = await load.rateUntil(Promise.resolve());
      const gathered = ask({ server: cluster.node(id).clients!, size: CROWD });
      const share = await load.rateUntil(gathered) / calm;
      assertEquals(await gathered, CROWD);
      peaks.push((await leading()).memoryBytes);
      rounds.push({ share, isSameTerm: (await leading()).status.term === term });
      await ask(null);
    }
    // Later crowds take the memory of the first.
    const { status: { id }, memoryBytes } = await leading();
    const first = Math.max(memoryBytes, ...peaks);
    for (let crowds = 0; crowds < LATER_CROWDS; crowds++) {
      await ask({ server: cluster.node(id).clients!, size: CROWD });
      assertLess((await leading()).memoryBytes, first + SLACK_BYTES);
      await ask(null);
    }
    await load.stop();
  } finally {
    worker.terminate();
    await cluster.close();
  }
});
