/**
 * Servers on real sockets, in one process: a cluster of one grows to three and to five and shrinks to
 * the three that came last, under load. Nothing acknowledged is lost, nothing is executed twice, and
 * no server was away for long.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { TcpTransport } from "../../net/mod.ts";
import {
  type Member,
  MemoryStorage,
  Node,
  type NodeId,
  Rsm,
  submit,
  SystemClock,
} from "../../raft/mod.ts";
import { CounterMachine, decodeCounter, INCREMENT } from "../cluster/mod.ts";
import { until } from "../helpers/until.ts";

interface Server {
  readonly node: Node;
  readonly rsm: Rsm;
  readonly machine: CounterMachine;
  readonly transport: TcpTransport;
  /** Whether its node has reported that it was removed from the cluster. */
  isRemoved: boolean;
}

class Cluster {
  readonly servers = new Map<NodeId, Server>();
  readonly #clock = new SystemClock();
  acknowledged = 0;
  unknown = 0;
  longestGapMs = 0;
  #isLoaded = true;

  /** A server with an empty memory: the first begins a cluster, the others wait to be added. */
  async start(id: NodeId): Promise<void> {
    const machine = new CounterMachine();
    const rsm = new Rsm({ machine, logBytesMax: 20_000, clock: this.#clock });
    const transport: TcpTransport = new TcpTransport({
      id,
      cluster: "growth",
      peers: id === 1 ? [1] : [],
      listen: { hostname: "127.0.0.1", port: 0 },
      receive: (envelope) => this.servers.get(id)?.node.receive(envelope) ?? null,
      heard: (from) => this.servers.get(id)?.node.heard(from),
      log: () => {},
    });
    const node = await Node.start({
      id,
      peers: id === 1 ? [1] : [],
      trailingBytes: 5_000,
      storage: new MemoryStorage(),
      transport,
      clock: this.#clock,
      random: Math.random,
      application: rsm,
      failed: (error) => {
        throw error;
      },
      removed: () => this.servers.get(id)!.isRemoved = true,
    });
    rsm.attach(node);
    this.servers.set(id, { node, rsm, machine, transport, isRemoved: false });
  }

  get leader(): Server | undefined {
    return [...this.servers.values()].find(({ node }) => node.status().role === "leader");
  }

  /** One increment after the other, until {@linkcode stop}. */
  async load(): Promise<void> {
    let since = performance.now();
    while (this.#isLoaded) {
      const { leader } = this;
      const outcome = leader === undefined ? null : await submit(leader.rsm, INCREMENT);
      if (outcome?.kind === "done") {
        this.acknowledged++;
        this.longestGapMs = Math.max(this.longestGapMs, performance.now() - since);
        since = performance.now();
      } else {
        if (outcome?.kind === "unknown") this.unknown++;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  }

  /** Changes the members, as often as it takes, and waits until that is committed. */
  async change(voters: readonly NodeId[], learners: readonly NodeId[] = []): Promise<void> {
    const target = { voters: this.#members(voters), learners: this.#members(learners) };
    const isDone = (): boolean => {
      const status = this.leader?.node.status();
      if (status === undefined || status.membersIndex > status.commit) return false;
      const { voters: now, outgoing, learners: rest } = status.members;
      const ids = (members: readonly Member[]) => members.map(({ id }) => id).join();
      return outgoing.length === 0 && ids(now) === ids(target.voters) &&
        ids(rest) === ids(target.learners);
    };
    await until(() => {
      if (isDone()) return true;
      this.leader?.node.changeMembers(target);
      return false;
    }, `the change to ${voters}`);
  }

  async stop(): Promise<void> {
    this.#isLoaded = false;
    for (const { node, rsm, transport } of this.servers.values()) {
      rsm.stop();
      transport.close();
      await node.stop();
    }
  }

  #members(ids: readonly NodeId[]): Member[] {
    return ids.map((id) => {
      const { hostname, port } = this.servers.get(id)!.transport.address;
      return { id, incarnation: "", peer: `${hostname}:${port}`, client: "" };
    });
  }
}

Deno.test("a cluster grows from one server to five and shrinks to three others under load", async () => {
  const cluster = new Cluster();
  for (const id of [1, 2, 3, 4, 5]) await cluster.start(id);
  await until(() => cluster.leader !== undefined);
  const loading = cluster.load();
  await cluster.change([1]); // from now on it is known where n1 listens
  await cluster.change([1], [2, 3]);
  await cluster.change([1, 2, 3]);
  await cluster.change([1, 2, 3], [4, 5]);
  await cluster.change([1, 2, 3, 4, 5]);
  await cluster.change([3, 4, 5]);
  const before = cluster.acknowledged;
  await until(() => cluster.acknowledged > before + 100);
  await until(() => [1, 2].every((id) => cluster.servers.get(id)!.isRemoved));
  const { acknowledged, unknown, longestGapMs } = cluster;
  const last = [3, 4, 5].map((id) => cluster.servers.get(id)!);
  await until(() => last.every(({ machine }) => decodeCounter(machine.snapshot()) >= acknowledged));
  await cluster.stop();
  await loading;
  const counts = last.map(({ machine }) => decodeCounter(machine.snapshot()));
  assert(Math.max(...counts) <= cluster.acknowledged + cluster.unknown + 1, `${counts}`);
  assertEquals(unknown, 0);
  assertLess(longestGapMs, 1_000);
});
