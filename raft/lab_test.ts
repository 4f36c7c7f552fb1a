/**
 * Tests of the lab's interface in virtual time: what the course's skeleton requires of each call.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../tests/sim/seeded_random.ts";
import { VirtualClock } from "../tests/sim/virtual_clock.ts";
import { type ApplyMessage, LabRaft, type Peer } from "./lab.ts";
import { MemoryStorage } from "./storage/memory_storage.ts";
import type { Envelope } from "./core/model/types.ts";

interface Server {
  raft: LabRaft;
  readonly applied: ApplyMessage[];
  readonly persister: MemoryStorage;
}

function text(message: ApplyMessage | undefined): string {
  if (message === undefined) return "nothing";
  const bytes = message.kind === "command" ? message.command : message.snapshot;
  return `${message.kind} ${message.index} ${new TextDecoder().decode(bytes)}`;
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

class Group {
  readonly clock = new VirtualClock();
  readonly servers: Server[] = [];
  readonly #random = new SeededRandom(7);

  static async start(count: number): Promise<Group> {
    const group = new Group();
    for (let me = 0; me < count; me++) {
      const server = { applied: [], persister: new MemoryStorage({ slow: group.#slow() }) };
      group.servers.push({ ...server, raft: await group.#make(me, count, server) });
    }
    return group;
  }

  async restart(me: number): Promise<void> {
    const server = this.servers[me]!;
    await server.raft.kill();
    server.raft = await this.#make(me, this.servers.length, server);
  }

  /** Waits until a server leads. */
  async leader(): Promise<Server> {
    for (let tries = 0; tries < 50; tries++) {
      await this.clock.sleep(100);
      const leader = this.servers.find(({ raft }) => raft.getState().isLeader);
      if (leader !== undefined) return leader;
    }
    throw new Error("no leader in 5 s");
  }

  /** A storage whose saves take a virtual millisecond; virtual time waits for their effects. */
  #slow() {
    const after = (ms: number, run: () => void) =>
      this.clock.after(ms, () => {
        this.clock.touch();
        run();
      });
    const now = () => this.clock.now();
    const soon = (run: () => void) => this.clock.soon(run);
    return { clock: { now, wall: now, soon, after }, delayMs: () => 1 };
  }

  #make(me: number, count: number, server: Omit<Server, "raft">): Promise<LabRaft> {
    const peers: Peer[] = Array.from({ length: count }, (_, to) => (envelope: Envelope) => {
      this.clock.after(1, () => this.servers[to]?.raft.receive(envelope));
    });
    const random = () => this.#random.next();
    const failed = (error: unknown) => {
      throw error;
    };
    return LabRaft.make(peers, me, server.persister, (message) => server.applied.push(message), {
      clock: this.clock,
      random,
      failed,
    });
  }
}

Deno.test("LabRaft gives the first command index 1 and applies it on every server", async () => {
  const group = await Group.start(3);
  const leader = await group.leader();
  const { term } = leader.raft.getState();
  assert(term >= 1);
  assertEquals(leader.raft.start(bytes("a")), { index: 1, term, isLeader: true });
  await group.clock.sleep(200);
  for (const { applied } of group.servers) assertEquals(applied.map(text), ["command 1 a"]);
});

Deno.test("LabRaft refuses a command at once when it does not lead", async () => {
  const group = await Group.start(3);
  const leader = await group.leader();
  const other = group.servers.find((server) => server !== leader)!;
  assertEquals(other.raft.start(bytes("a")).isLeader, false);
});

Deno.test("LabRaft restarts from its snapshot and the commands after it", async () => {
  const group = await Group.start(1);
  const { raft, applied } = await group.leader();
  for (const command of ["a", "b", "c"]) raft.start(bytes(command));
  await group.clock.sleep(100);
  raft.snapshot(2, bytes("ab"));
  await group.clock.sleep(100);
  applied.length = 0;
  await group.restart(0);
  await group.leader();
  group.servers[0]!.raft.start(bytes("d"));
  await group.clock.sleep(100);
  assertEquals(applied.map(text), ["snapshot 2 ab", "command 3 c", "command 4 d"]);
});

Deno.test("LabRaft neither accepts nor applies commands after it was killed", async () => {
  const group = await Group.start(1);
  const { raft, applied } = await group.leader();
  await raft.kill();
  assertEquals(raft.start(bytes("a")).isLeader, false);
  await group.clock.sleep(1000);
  assertEquals(applied, []);
});
