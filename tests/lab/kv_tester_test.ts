/**
 * Tests of the lab's tester of the store: it checks the history of its clients.
 *
 * @module
 */

import { assertEquals, AssertionError, assertThrows } from "@std/assert";
import { encodeReply, type Reply } from "../../kv/mod.ts";
import { KvTester } from "./kv_tester.ts";
import { LabGroup } from "./lab_group.ts";
import { SimServiceCluster } from "../sim/sim_service_cluster.ts";

/** A tester whose servers return these replies, one after the other. */
function setUp(answers: readonly Reply[]) {
  const cluster = new SimServiceCluster({ seed: 1, nodes: 1, machine: "kv" });
  const left = [...answers];
  cluster.call = () => Promise.resolve(encodeReply(left.shift()!));
  const counts = { operations: 0, undecided: 0 };
  const tester = new KvTester({
    cluster,
    group: new LabGroup(cluster, { network: "reliable" }),
    report: {
      next: () => Promise.resolve(),
      operation: () => void counts.operations++,
      undecided: () => void counts.undecided++,
    },
    network: "reliable",
    machine: "kv",
  });
  return { tester, counts };
}

Deno.test("KvTester refuses a history that is not linearizable", async () => {
  const { tester, counts } = setUp([{ type: "stored" }, { type: "noKey" }]);
  const client = tester.client();
  await tester.put(client, { key: "k", value: "v", version: 0 });
  await tester.get(client, "k");
  assertEquals(counts.operations, 2);
  const wanted = "not linearizable";
  const { message } = assertThrows(() => tester.checkHistory(60_000), AssertionError, wanted);
  await Deno.remove(message.slice(message.lastIndexOf(" ") + 1));
});

Deno.test("KvTester reports a history whose check ran out of time", async () => {
  const { tester, counts } = setUp([{ type: "stored" }]);
  await tester.put(tester.client(), { key: "k", value: "v", version: 0 });
  tester.checkHistory(0);
  assertEquals(counts.undecided, 1);
});
