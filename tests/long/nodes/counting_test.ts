/**
 * Counters that clients with sessions count up on real processes, while nodes are killed and cut off
 * and the network loses messages: the sums are exact, and no two increments get one answer (C3).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Clerk } from "../../../kv/mod.ts";
import { noFaults, partition, undisturbed } from "../../../net/mod.ts";
import { ProcessServiceCluster } from "../../processes/process_service_cluster.ts";

const CLERKS = 6;
const SECONDS = 15;
const COUNTERS = 3;

Deno.test("increments through sessions happen exactly once on processes that are killed (C3)", async () => {
  const cluster = new ProcessServiceCluster({ seed: 1, nodes: 3, machine: "kv" });
  const answers = Array.from({ length: COUNTERS }, (): bigint[] => []);
  let requests = 0;
  let isOver = false;
  const clerk = (): Clerk =>
    new Clerk({
      servers: cluster.ids,
      call: (id, request, deadline) => {
        requests++;
        return cluster.call(id, request, deadline);
      },
      ...{ clock: cluster.clientClock, random: Math.random, sessions: true, attemptMs: 500 },
    });
  const count = async (counting: Clerk): Promise<void> => {
    while (!isOver) {
      const counter = Math.floor(Math.random() * COUNTERS);
      const then = [{ op: "add", key: `c${counter}`, amount: 1n, overflow: "wrap" }] as const;
      const batch = { checks: [], then, otherwise: [], at: 0 };
      const done = await counting.batch(batch, { timeoutMs: 120_000 });
      assert(done.type === "done", done.type);
      const [result] = done.result.results;
      assert(result?.op === "add");
      answers[counter]!.push(result.value);
    }
  };
  try {
    await Promise.all(cluster.ids.map((id) => cluster.start(id)));
    const counting = Promise.all(
      Array.from({ length: CLERKS }, clerk).flatMap((each) => [count(each), count(each)]),
    );
    counting.catch(() => undefined);
    const end = performance.now() + SECONDS * 1000;
    for (let round = 0; performance.now() < end; round++) {
      const victim = cluster.ids[round % cluster.ids.length]!;
      const lossy = { ...undisturbed, drop: 0.05 };
      await cluster.setFaults({ request: lossy, reply: lossy });
      if (round % 2 === 0) {
        await cluster.crash(victim);
        await cluster.sleep(700);
        await cluster.start(victim);
      } else {
        const others = cluster.ids.filter((id) => id !== victim);
        await cluster.setFaults({ blocked: partition([[victim], others]) });
        await cluster.sleep(1000);
        await cluster.setFaults({ blocked: noFaults.blocked });
      }
      await cluster.sleep(700);
    }
    await cluster.setFaults(noFaults);
    isOver = true;
    await counting;
    const reader = clerk();
    for (const [counter, given] of answers.entries()) {
      const found = await reader.get(`c${counter}`, { timeoutMs: 60_000 });
      assert(found.type === "value", found.type);
      const sum = new DataView(found.value.slice().buffer).getBigUint64(0, true);
      assertEquals(sum, BigInt(given.length), `c${counter}`);
      given.sort((one, other) => Number(one - other));
      assertEquals(given, given.map((_, place) => BigInt(place + 1)), `c${counter}`);
    }
    const increments = answers.reduce((all, { length }) => all + length, 0);
    assert(increments > 50, `${increments} increments`);
    assert(requests > increments, `${requests} requests for ${increments} increments`);
  } finally {
    isOver = true;
    await cluster.close();
  }
});
