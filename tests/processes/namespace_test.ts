/**
 * The product's own faults against those of a real network: a cluster of processes goes through the
 * same cuts, losses and delays twice, once by its control sockets and once by packet filters in
 * network namespaces, and must behave in the same way. Skipped, with the reason printed, where the
 * machine does not allow namespaces.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type Disturbance,
  oneWay,
  partition,
  reliable,
  undisturbed,
} from "../../net/faults/faults.ts";
import type { NodeId } from "../../raft/core/types.ts";
import { Namespaces } from "./namespaces.ts";
import { ProcessCluster } from "./process_cluster.ts";

/** What is done to a network, in one way or the other. */
interface Harm {
  /** Nothing leaves the node; with `both` nothing comes in either. */
  cut(id: NodeId, options: { readonly both: boolean }): Promise<void>;
  lose(percent: number): Promise<void>;
  /** False: cannot be done here. */
  delay(ms: number): Promise<boolean>;
  heal(): Promise<void>;
}

const IDS = [1, 2, 3];

function harmByFaults(cluster: ProcessCluster): Harm {
  const disturb = async (change: Partial<Disturbance>): Promise<void> => {
    const disturbance = { ...undisturbed, ...change };
    await cluster.setFaults({ request: disturbance, reply: disturbance });
  };
  return {
    cut: async (id, { both }) => {
      const others = IDS.filter((other) => other !== id);
      await cluster.setFaults({
        blocked: both ? partition([[id], others]) : oneWay([id], others),
      });
    },
    lose: (percent) => disturb({ drop: percent / 100 }),
    delay: async (ms) => {
      await disturb({ delay: { kind: "uniform", minMs: ms, maxMs: ms } });
      return true;
    },
    heal: () => cluster.setFaults({ blocked: [], ...reliable }),
  };
}

/** Commands that were applied where they were proposed: acknowledged. */
const acknowledged = new Map<number, number>();
let value = 0;

/** One command, acknowledged by one of these nodes and applied by so many of them. */
async function agree(
  cluster: ProcessCluster,
  { among, servers, withinMs }: {
    readonly among: readonly NodeId[];
    readonly servers: number;
    readonly withinMs: number;
  },
): Promise<NodeId> {
  const end = performance.now() + withinMs;
  const mine = ++value;
  while (performance.now() < end) {
    for (const id of among) {
      const position = await cluster.propose(id, Uint8Array.of(mine));
      if (position === null) continue;
      for (let look = 0; look < 50 && performance.now() < end; look++) {
        await cluster.sleep(20);
        let count = 0;
        for (const other of among) {
          const [first] = await cluster.applied(other, position.index);
          if (first?.index === position.index && first.command[0] === mine) count++;
        }
        if (count < servers) continue;
        acknowledged.set(position.index, mine);
        return id;
      }
    }
    await cluster.sleep(20);
  }
  throw new Error(`Cannot agree among ${among.join(", ")} within ${withinMs} ms`);
}

/** Everything that was acknowledged is there, at every node. */
async function verify(cluster: ProcessCluster): Promise<void> {
  for (const id of IDS) {
    const applied = new Map(
      (await cluster.applied(id, 1)).map(({ index, command }) => [index, command[0]]),
    );
    for (const [index, command] of acknowledged) {
      assertEquals(applied.get(index), command, `n${id} at ${index}`);
    }
  }
  await cluster.verify();
}

async function suffer(cluster: ProcessCluster, harm: Harm): Promise<void> {
  acknowledged.clear();
  const all = { among: IDS, servers: 3, withinMs: 60_000 };
  for (const id of IDS) await cluster.start(id);
  for (const both of [true, false]) {
    const leader = await agree(cluster, all);
    const others = IDS.filter((id) => id !== leader);
    await harm.cut(leader, { both });
    // A leader that cannot be heard is replaced, though with a one-way cut it hears the others.
    await agree(cluster, { among: others, servers: 2, withinMs: 60_000 });
    await harm.heal();
    await agree(cluster, all);
  }
  await harm.lose(30);
  await agree(cluster, { among: IDS, servers: 2, withinMs: 60_000 });
  await harm.heal();
  await agree(cluster, all);
  // An answer takes twice as long, and has to come well before the shortest timeout (§5.6).
  if (await harm.delay(100)) {
    await agree(cluster, { among: IDS, servers: 2, withinMs: 60_000 });
    await harm.heal();
  } else console.log("skipped: a delay of 100 ms, as the kernel has no netem");
  await agree(cluster, all);
  await verify(cluster);
  assert(acknowledged.size >= 6);
}

Deno.test("a cluster survives cuts, loss and delay when faults do them", async () => {
  const cluster = new ProcessCluster({ seed: 1, nodes: 3, machine: "log" });
  try {
    await suffer(cluster, harmByFaults(cluster));
  } finally {
    await cluster.close();
  }
});

Deno.test("a cluster survives cuts, loss and delay when packet filters do them", async () => {
  const network = await Namespaces.make(IDS);
  if (typeof network === "string") {
    console.log(`skipped: no network namespaces here: ${network}`);
    return;
  }
  const cluster = new ProcessCluster({
    seed: 1,
    nodes: 3,
    machine: "log",
    place: (id) => network.place(id),
  });
  try {
    await suffer(cluster, network);
  } finally {
    await cluster.close();
    await network.remove();
  }
});
