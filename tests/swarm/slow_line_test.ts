/**
 * Lines that are long or narrow: a follower that is far behind catches up in about the time that its
 * bytes take, nothing is sent twice, and no leader is lost over it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Application, Entry, NodeId, RaftOptions } from "../../raft/mod.ts";
import { SimCluster } from "../sim/sim_cluster.ts";
import type { SimMachine } from "../sim/sim_options.ts";

const MIB = 2 ** 20;

interface Behind {
  readonly cluster: SimCluster;
  readonly leader: NodeId;
  readonly slow: NodeId;
}

/** A cluster as `kontiki node` runs it, with one follower down. */
async function behind(
  { hopMs, raft = {}, machine = () => application({}) }: {
    readonly hopMs: number;
    readonly raft?: Partial<RaftOptions>;
    readonly machine?: (context: { readonly id: NodeId }) => SimMachine;
  },
): Promise<Behind> {
  const cluster = new SimCluster({
    seed: 1,
    nodes: 3,
    machine,
    raft,
    hopMs: { minMs: hopMs, maxMs: hopMs },
    saveMs: { minMs: 1, maxMs: 1 },
  });
  for (const id of cluster.ids) await cluster.start(id);
  let leader: NodeId | undefined;
  while (leader === undefined) {
    await cluster.sleep(50);
    leader = cluster.ids.find((id) => cluster.leads(id));
  }
  const slow = cluster.ids.find((id) => id !== leader)!;
  while (cluster.look(slow)!.commit === 0) await cluster.sleep(1);
  await cluster.crash(slow);
  return { cluster, leader, slow };
}

function application(told: Partial<Application>): SimMachine {
  const deaf = { restore: () => {}, apply: () => {}, read: () => {}, changed: () => {} };
  return { ...deaf, ...told, applied: () => [] };
}

/** Starts the follower; how long it takes to have all that its leader has now. */
async function catchUpMs({ cluster, leader, slow }: Behind): Promise<number> {
  const target = cluster.look(leader)!.last.index;
  const begin = cluster.now();
  await cluster.start(slow);
  while (cluster.look(slow)!.last.index < target) {
    await cluster.sleep(1);
    if (cluster.now() - begin > 120_000) break;
  }
  return cluster.now() - begin;
}

Deno.test("a follower 64 MiB behind catches up in 0.6 s over a round trip of 100 ms", async () => {
  const all = await behind({ hopMs: 50 });
  const { cluster, leader } = all;
  const command = new Uint8Array(MIB);
  for (let number = 0; number < 64; number++) cluster.submit(leader, command);
  while (cluster.look(leader)!.commit < 65) await cluster.sleep(1);
  const ms = await catchUpMs(all);
  await cluster.close();
  assert(ms < 600, `it took ${ms} ms`);
});

Deno.test("catching up over 1 MB/s costs the bytes that are missing, and no election", async () => {
  const all = await behind({ hopMs: 5 });
  const { cluster, leader, slow } = all;
  const command = new Uint8Array(1024);
  for (let number = 0; number < 16 * 1024; number++) {
    cluster.submit(leader, command);
    if (number % 512 === 0) await cluster.sleep(2);
  }
  let bytes = 0;
  cluster.onSend = ({ to, message }) => {
    if (to !== slow || message.type !== "appendEntries") return;
    for (const entry of message.entries) bytes += entry.data.length;
  };
  await cluster.setFaults({ bytesPerSecondMax: 1e6 });
  const { term } = cluster.look(leader)!;
  const ms = await catchUpMs(all);
  assertEquals(cluster.look(leader)!.term, term);
  await cluster.close();
  assert(bytes < 1.1 * 16 * MIB, `${bytes} bytes were sent`);
  assert(ms < 1.15 * 16 * MIB / 1e3, `it took ${ms} ms`);
});

Deno.test("an entry of 8 MiB over 0.5 MB/s is sent once, and its leader stays", async () => {
  const all = await behind({ hopMs: 5 });
  const { cluster, leader, slow } = all;
  cluster.submit(leader, new Uint8Array(8 * MIB));
  let sent = 0;
  cluster.onSend = ({ to, message }) => {
    if (to !== slow || message.type !== "appendEntries") return;
    if (message.entries.some(({ data }) => data.length === 8 * MIB)) sent++;
  };
  await cluster.setFaults({ bytesPerSecondMax: 5e5 });
  const { term } = cluster.look(leader)!;
  const ms = await catchUpMs(all);
  assertEquals([sent, cluster.look(slow)!.term], [1, term]);
  await cluster.close();
  assert(ms < 1.1 * 8 * MIB / 500, `it took ${ms} ms`);
});

Deno.test("an image of 8 MiB arrives over 1 MB/s in less than 1.5 times its bytes' time", async () => {
  const all = await behind({ hopMs: 5, raft: { trailingBytes: 0 } });
  const { cluster, leader } = all;
  for (let number = 0; number < 9; number++) cluster.submit(leader, new Uint8Array(8));
  await cluster.sleep(200);
  cluster.compact(leader, cluster.look(leader)!.applied, new Uint8Array(8 * MIB));
  await cluster.sleep(100);
  await cluster.setFaults({ bytesPerSecondMax: 1e6 });
  const { term } = cluster.look(leader)!;
  const ms = await catchUpMs(all);
  assertEquals(cluster.look(leader)!.term, term);
  await cluster.close();
  assert(ms < 1.5 * 8 * MIB / 1e3, `it took ${ms} ms`);
});

Deno.test("a follower of a loaded cluster needs one snapshot, however often its leader draws one", async () => {
  let restored = 0;
  const machine = ({ id }: { readonly id: NodeId }) =>
    application({
      restore: () => void restored++,
      apply: (entries: readonly Entry[]) => {
        const last = entries.at(-1)!.index;
        if (last % 100 === 0) queueMicrotask(() => cluster.compact(id, last, new Uint8Array(MIB)));
      },
    });
  const raft = { trailingBytes: 20_000, applyEntriesMax: 100 };
  const all: Behind = await behind({ hopMs: 1, raft, machine });
  const { cluster, leader, slow }: Behind = all;
  const load = async (ms: number) => {
    for (let passed = 0; passed < ms; passed++) {
      cluster.submit(leader, new Uint8Array(100));
      await cluster.sleep(1);
    }
  };
  await load(500);
  await cluster.setFaults({ bytesPerSecondMax: 5e6 });
  await cluster.start(slow);
  await load(2000);
  const lag = cluster.look(leader)!.last.index - cluster.look(slow)!.last.index;
  await cluster.close();
  assertEquals(restored, 1);
  assert(lag < 50, `it is ${lag} entries behind`);
});
