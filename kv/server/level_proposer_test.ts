/**
 * Tests of the proposer of feature levels, and of the server that refuses what not all members know.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Member, Members, NodeId, Outcome } from "../../raft/mod.ts";
import { VirtualClock } from "../../tests/sim/virtual_clock.ts";
import { decodeReply, decodeRequest, encodeRequest, type Operation } from "../command/mod.ts";
import { KvStore } from "../store/mod.ts";
import { LevelProposer } from "./level_proposer.ts";
import { KvServer } from "./server.ts";

/** A program of level 3 in a cluster that began with level 2, as its only server that applies. */
class World {
  readonly clock = new VirtualClock();
  readonly store = new KvStore(undefined, undefined, undefined, { first: 2, last: 3 });
  readonly announced = new Map<NodeId, number>();
  readonly proposer: LevelProposer;
  readonly server: KvServer;
  leads = true;
  members: Members = members([1, 2], []);
  /** The levels that were proposed. */
  readonly proposed: number[] = [];

  constructor() {
    const { store, clock } = this;
    const submit = (command: Uint8Array, done: (outcome: Outcome) => void): void => {
      const request = decodeRequest(command);
      if (request?.type === "level") this.proposed.push(request.level);
      if (!this.leads) return done({ kind: "notLeader", leader: 2 });
      done({ kind: "done", reply: store.apply(command) });
    };
    const rsm = { submit } as ConstructorParameters<typeof KvServer>[0]["rsm"];
    this.proposer = new LevelProposer({
      ...{ store, rsm, clock, id: 1 },
      led: () => this.leads ? this.members : null,
      announced: (id) => this.announced.get(id) ?? null,
    });
    this.server = new KvServer({ rsm, reads: "index", levels: this.proposer });
  }

  async sleep(ms: number): Promise<void> {
    await this.clock.wait(new Promise<void>((resolve) => void this.clock.after(ms, resolve)));
  }

  /** The reply to a batch of one operation. */
  execute(operation: Operation): ReturnType<typeof decodeReply> {
    const batch = { checks: [], then: [operation], otherwise: [], at: 0 };
    let reply: ReturnType<typeof decodeReply> = null;
    this.server.handle(encodeRequest({ type: "batch", batch }), (bytes) => {
      reply = decodeReply(bytes);
    });
    return reply;
  }
}

function members(voters: readonly NodeId[], learners: readonly NodeId[]): Members {
  const member = (id: NodeId): Member => ({ id, incarnation: "", peer: "", client: "" });
  return { voters: voters.map(member), outgoing: [], learners: learners.map(member) };
}

const GRANT: Operation = { op: "grant", lease: 7, ttl: 1000 };
const PUT: Operation = { op: "put", key: "k", value: new Uint8Array(1) };

Deno.test("an operation is refused until all members have announced its level, with what to do (O9)", async () => {
  const world = new World();
  const refused = (advice: string) => ({
    type: "unsupported",
    reason: `Cannot execute: needs feature level 3, the cluster has 2: ${advice}`,
  });
  await world.sleep(2000);
  assertEquals(world.execute(GRANT) as unknown, refused("connect n2"));
  world.announced.set(2, 2);
  await world.sleep(2000);
  assertEquals(world.execute(GRANT) as unknown, refused("upgrade n2"));
  assertEquals(world.execute({ ...PUT, lease: 7 }) as unknown, refused("upgrade n2"));
  assertEquals(world.execute(PUT)?.type, "batch");
  world.announced.set(2, 3);
  assertEquals(world.execute(GRANT) as unknown, refused("try again in a moment"));
  await world.sleep(2000);
  assertEquals(world.execute(GRANT)?.type, "batch");
  assertEquals(world.proposed, [3]);
});

Deno.test("a server looks no more once the cluster is at the highest level it knows", async () => {
  const { store } = new World();
  let looks = 0;
  const proposer = new LevelProposer({
    ...{ store, id: 1, led: () => null, announced: () => null },
    rsm: { submit: () => {} },
    clock: {
      after: (_ms, run) => {
        if (++looks < 5) queueMicrotask(run);
        return { cancel: () => {} };
      },
    },
  });
  store.apply(encodeRequest({ type: "level", level: store.level.known }));
  await Promise.resolve();
  assertEquals(looks, 1, "the look that was set before");
  proposer.stop();
});

Deno.test("a learner counts for the level like a voter (O9)", async () => {
  const world = new World();
  world.members = members([1, 2], [5]);
  world.announced.set(2, 3).set(5, 2);
  await world.sleep(2000);
  assertEquals(world.proposed, []);
  assertEquals(world.execute(GRANT)?.type, "unsupported");
  world.announced.set(5, 9);
  await world.sleep(2000);
  assertEquals(world.proposed, [3]);
});

Deno.test("a server that does not lead proposes no level and refuses nothing: the leader decides", async () => {
  const world = new World();
  world.leads = false;
  world.announced.set(2, 3);
  await world.sleep(2000);
  assertEquals(world.proposed, []);
  assertEquals(world.execute(GRANT)?.type, "wrongLeader");
});
