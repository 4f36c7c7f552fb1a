/**
 * A cluster is upgraded node by node, under load: releases that speak a common version work together.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { NeedsUpgrade } from "../../../kv/mod.ts";
import { connect } from "../../../net/store/mod.ts";
import { listLog } from "../../helpers/list_log.ts";
import { startNode } from "../../helpers/serving_node.ts";
import { until } from "../../helpers/until.ts";
import { withFolder } from "../../helpers/with_folder.ts";
import { freePort } from "../../../cli/cluster/free_port.ts";
import type { NodeSettings, RunningNode } from "../../../cli/node/node_settings.ts";

interface Release {
  /** Versions of the protocol of peers. */
  readonly speaks: readonly [number, number];
  /** The feature level. */
  readonly knows: number;
}

function settingsOf(release: Release): Pick<NodeSettings, "versions" | "levels"> {
  const [lowest, highest] = release.speaks;
  const versions = { lowest, highest, features: 0 };
  return { versions, levels: { first: 2, last: release.knows } };
}

/** Three releases, each of which speaks with the one before. Leases are of level 3. */
const FIRST: Release = { speaks: [4, 4], knows: 2 };
const SECOND: Release = { speaks: [4, 5], knows: 3 };
const THIRD: Release = { speaks: [5, 6], knows: 3 };
/** Speaks with the third release, and does not know what its log may hold. */
const DOWNGRADED: Release = { speaks: [5, 6], knows: 2 };

/** Three nodes, each with its release. */
class Upgraded {
  readonly nodes = new Map<number, RunningNode>();
  readonly lines: string[] = [];
  readonly #folder: string;
  readonly #ports = Array.from({ length: 6 }, () => freePort());

  constructor(folder: string) {
    this.#folder = folder;
  }

  #place(at: number) {
    return { hostname: "127.0.0.1", port: this.#ports[at]! };
  }

  get endpoints(): string[] {
    return [3, 4, 5].map((at) => `127.0.0.1:${this.#ports[at]}`);
  }

  async start(id: number, release: Release): Promise<void> {
    const peers = new Map([1, 2, 3].map((peer) => [peer, this.#place(peer - 1)]));
    const place = { id, peers, clients: this.#place(id + 2), data: `${this.#folder}/${id}` };
    const log = listLog(this.lines);
    const settings = { ...place, hasIds: true, tickMs: 10, log, ...settingsOf(release) };
    this.nodes.set(id, await startNode(settings));
  }

  async stop(id: number): Promise<void> {
    await this.nodes.get(id)!.stop();
    this.nodes.delete(id);
  }

  /** Restarts a node with another release, and waits until it has caught up. */
  async upgrade(id: number, release: Release): Promise<void> {
    await this.stop(id);
    await this.start(id, release);
    const reports = () => [...this.nodes.values()].map((node) => node.report().status);
    await until(() => {
      const commit = Math.max(...reports().map((status) => status.commit));
      return this.nodes.get(id)!.report().status.applied >= commit - 50;
    });
  }
}

Deno.test("a cluster is upgraded node by node and release by release, and no put fails (I4)", async () => {
  await withFolder(async (folder) => {
    const cluster = new Upgraded(folder);
    await Promise.all([1, 2, 3].map((id) => cluster.start(id, FIRST)));
    const store = connect(cluster.endpoints);
    let isLoaded = true;
    let written = 0;
    const load = (async () => {
      while (isLoaded) {
        const change = { version: written, timeoutMs: 20_000 };
        const { outcome } = await store.put("k", Uint8Array.of(written % 256), change);
        assertEquals(outcome, "yes", `put ${written}`);
        written += 1;
      }
    })();
    const grant = async () => await store.batch().grant(written + 1, 60_000).commit();
    const isServing = async (): Promise<void> => {
      const before = written;
      await until(() => written >= before + 20, "twenty puts");
    };
    try {
      await isServing();
      // Two releases at once have no version in common with the first.
      await cluster.stop(3);
      await cluster.start(3, THIRD);
      await until(() =>
        cluster.lines.some((line) => /refuses this node: wanted protocol/.test(line))
      );
      await isServing();
      for (const release of [SECOND, THIRD]) {
        for (const id of [3, 1, 2]) {
          const before = await grant();
          if (release === THIRD) assertEquals(before.outcome, "yes");
          else {
            assert(before.outcome === "no" && before.reason === "invalid");
            assertMatch(before.message, /needs feature level 3, the cluster has 2: .*upgrade n2/);
          }
          await cluster.upgrade(id, release);
          await isServing();
        }
        await until(async () => (await grant()).outcome === "yes", "a lease");
      }
    } finally {
      isLoaded = false;
      await load;
    }
    assert(written > 140, `${written} puts`);
    assertEquals([...cluster.nodes.keys()].length, 3);
    await store.close();
    await cluster.stop(1);
    const stopped = await cluster.start(1, DOWNGRADED)
      .then(() => cluster.nodes.get(1)!.ended, (error: unknown) => error);
    assert(stopped instanceof NeedsUpgrade, `${stopped}`);
    assertMatch(stopped.message, /it knows feature level 2. Start this node with a newer program/);
    await cluster.start(1, THIRD);
    for (const id of [1, 2, 3]) await cluster.stop(id);
  });
});
