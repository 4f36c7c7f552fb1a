/**
 * The driver's two loops: turns in their order, and saves beside them, whatever fails or arrives.
 *
 * @module
 */

import { assert, assertEquals, AssertionError, assertRejects, assertThrows } from "@std/assert";
import { Configuration } from "./core/members/configuration.ts";
import { EMPTY } from "./core/model/save.ts";
import { Node } from "./node.ts";
import type { NodeOptions } from "./node_options.ts";
import { SystemClock } from "./system_clock.ts";
import type { Entry, Save } from "./core/model/types.ts";
import { entryOf, MEMBERS, momentOf } from "../tests/helpers/log_entries.ts";

const NOTHING = new Uint8Array();

const TICK_MS = 25;

/** A node whose every step the test takes, with a record of its effects. */
class World {
  readonly log: string[] = [];
  readonly failures: unknown[] = [];
  /** Whether a save may wait for room. */
  mayWait = true;
  #soon: (() => void)[] = [];
  #timers: { readonly at: number; readonly run: () => void }[] = [];
  #preparations: ((isWritten: boolean) => void)[] = [];
  #now = 0;
  #saves: { resolve: () => void; reject: (error: Error) => void }[] = [];

  start(options: Partial<NodeOptions> = {}): Promise<Node> {
    return Node.start({
      id: 1,
      peers: [1],
      electionTicks: 2,
      heartbeatTicks: 1,
      random: () => 0,
      storage: {
        load: () => Promise.resolve(EMPTY),
        save: (change) => this.#save(change),
        prepare: ({ last }) => this.#prepare(last.index),
        hasRoom: true,
        stopWaiting: () => this.mayWait = false,
        close: () => Promise.resolve(void this.log.push("close")),
      },
      transport: {
        send: (envelopes) => envelopes.length > 0 && this.log.push("send"),
        waiting: () => 0,
      },
      clock: {
        now: () => this.#now++,
        wall: () => 0,
        after: (ms, run) => {
          const timer = { at: this.#now + ms, run };
          this.#timers.push(timer);
          return { cancel: () => this.#timers = this.#timers.filter((other) => other !== timer) };
        },
        soon: (run) => this.#soon.push(run),
      },
      application: {
        restore: () => void this.log.push("restore"),
        apply: (entries) => this.log.push(`apply ${entries.map(({ index }) => index)}`),
        read: (context, confirmed) => this.log.push(`read ${context} ${confirmed}`),
        changed: ({ role }) => this.log.push(role),
      },
      failed: (error) => this.failures.push(error),
      ...options,
    });
  }

  /** Runs soon-callbacks and lets promises settle. */
  async settle(): Promise<void> {
    for (let rounds = 0; rounds < 20; rounds++) {
      for (const run of this.#soon.splice(0)) run();
      await null;
    }
  }

  /** Blocks the thread for the given time. */
  hold(ms: number): void {
    this.#now += ms;
  }

  async tick(): Promise<void> {
    this.#now += TICK_MS;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { run } of due) run();
    await this.settle();
  }

  async saved(): Promise<void> {
    this.#saves.shift()?.resolve();
    await this.settle();
  }

  async saveFails(): Promise<void> {
    this.#saves.shift()?.reject(new Error("disk"));
    await this.settle();
  }

  /** Completes the snapshot that is being prepared, or gives it up. */
  async prepared(isWritten = true): Promise<void> {
    this.#preparations.shift()?.(isWritten);
    await this.settle();
  }

  /** The effects since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }

  #prepare(index: number): Promise<boolean> {
    this.log.push(`prepare ${index}`);
    return new Promise((resolve) => this.#preparations.push(resolve));
  }

  #save({ tail, snapshot }: Save): Promise<void> {
    const image = snapshot === null ? "" : ` and snapshot ${snapshot.last.index}`;
    this.log.push(`save ${tail?.entries.length ?? 0}${image}`);
    return new Promise((resolve, reject) => this.#saves.push({ resolve, reject }));
  }
}

/** A storage whose methods must not be called. */
const untouched = {
  hasRoom: true,
  save: assertNever,
  prepare: assertNever,
  stopWaiting: assertNever,
  close: assertNever,
};

function assertNever(): never {
  throw new AssertionError("This must not be called");
}

async function leading(options: Partial<NodeOptions> = {}): Promise<{ world: World; node: Node }> {
  const world = new World();
  const node = await world.start(options);
  await world.tick();
  await world.tick(); // stands and votes for itself
  await world.saved(); // its vote counts: it wins and opens the term
  await world.saved();
  assertEquals(world.take(), ["follower", "candidate", "save 0", "leader", "save 1", "apply 1"]);
  return { world, node };
}

Deno.test("Node alone applies only what its save has made durable (L6)", async () => {
  const { world, node } = await leading();
  node.propose(new Uint8Array([1]));
  await world.settle();
  assertEquals(world.take(), ["save 1"]);
  await world.saved();
  assertEquals(world.take(), ["apply 2"]);
});

Deno.test("Node answers reads while a save is under way", async () => {
  const { world, node } = await leading();
  node.propose(new Uint8Array([1]));
  await world.settle();
  node.read(5);
  await world.settle();
  assertEquals(world.take(), ["save 1", "read 5 true"]);
});

Deno.test("Node answers its leader and applies what is committed while a save is under way", async () => {
  const world = new World();
  const node = await world.start({ peers: [1, 2, 3] });
  const entries = [1, 2].map((index) => entryOf(index, 1, new Uint8Array(1)));
  const envelope = { from: 2, to: 1, term: 1 };
  const append = {
    type: "appendEntries",
    answer: null,
    previous: { index: 0, term: 0 },
    round: 0,
  } as const;
  node.receive({ ...envelope, message: { ...append, entries: [], commit: 0 } });
  await world.settle();
  await world.saved(); // the term is durable
  world.take();
  node.receive({ ...envelope, message: { ...append, entries, commit: 0 } });
  await world.settle();
  assertEquals(world.take(), ["save 2"]);
  const beat = { previous: { index: 2, term: 1 }, entries: [], commit: 1, round: 1 };
  node.receive({ ...envelope, message: { ...append, ...beat } });
  await world.settle();
  assertEquals(world.take(), ["send", "apply 1"]);
  await world.saved();
  assertEquals(world.take(), ["send"]);
});

Deno.test("Node collects input that arrives during a save into the next one", async () => {
  const { world, node } = await leading();
  node.propose(new Uint8Array([1]));
  await world.settle();
  for (let i = 0; i < 3; i++) node.propose(new Uint8Array([i]));
  await world.settle();
  assertEquals(world.take(), ["save 1"]);
  await world.saved();
  assertEquals(world.take(), ["apply 2", "save 3"]);
  await world.saved();
  assertEquals(world.take(), ["apply 3,4,5"]);
});

Deno.test("Node stops for good after a failed save (D3)", async () => {
  const { world, node } = await leading();
  node.propose(new Uint8Array([1]));
  await world.settle();
  await world.saveFails();
  node.propose(new Uint8Array([2]));
  await world.tick();
  assertEquals(world.take(), ["save 1"]);
  assertEquals(world.failures.map(String), ["Error: disk"]);
});

Deno.test("Node stops for good after a broken invariant in the application", async () => {
  const world = new World();
  const broken = () => {
    throw new Error("broken");
  };
  const application = { restore: broken, apply: broken, read: broken, changed: () => {} };
  await world.start({ application });
  await world.tick();
  await world.tick();
  await world.saved();
  await world.saved();
  assertEquals(world.failures.map(String), ["Error: broken"]);
});

Deno.test("Node applies nothing after stop, even when a save completes later", async () => {
  const { world, node } = await leading();
  node.propose(new Uint8Array([1]));
  await world.settle();
  const stopped = node.stop();
  await world.saved();
  await stopped;
  assertEquals(world.take(), ["save 1", "close"]);
  assertEquals(node.propose(new Uint8Array([2])), null);
});

Deno.test("Node yields to the event loop between batches of a long apply (X8)", async () => {
  const { world, node } = await leading({ applyEntriesMax: 1 });
  for (let i = 0; i < 3; i++) node.propose(new Uint8Array([i]));
  await world.settle();
  await world.saved();
  assertEquals(world.take(), ["save 3", "apply 2"]);
  await world.tick();
  assertEquals(world.take(), ["apply 3"]);
  await world.tick();
  assertEquals(world.take(), ["apply 4"]);
});

Deno.test("Node draws an image in slices and saves it once it is prepared (S6, X8)", async () => {
  const { world, node } = await leading();
  function* image() {
    for (let step = 0; step < 4; step++) yield;
    return new Uint8Array(3);
  }
  assertEquals([node.draw(1, image), node.draw(1, image)], [true, false]);
  node.propose(new Uint8Array([1]));
  await world.settle();
  await world.saved();
  assertEquals(world.take(), ["save 1", "apply 2"]); // writes continue in between
  await world.tick();
  await world.tick();
  assertEquals(world.take(), ["prepare 1"]);
  assertEquals(node.draw(2, image), false);
  await world.prepared();
  assertEquals(world.take(), ["save 0 and snapshot 1"]);
  assertEquals(node.status().base, { index: 1, term: 1 });
  await world.saved();
  assertEquals(node.draw(2, image), true);
});

Deno.test("Node draws no other image before the save of the last one (X8)", async () => {
  const { world, node } = await leading();
  const drawn: boolean[] = [];
  const image = () => new Uint8Array(3);
  node.draw(1, image);
  node.propose(new Uint8Array([1]));
  await world.settle();
  assertEquals(world.take(), ["prepare 1", "save 1"]);
  await world.prepared(); // during a turn that saves other state
  drawn.push(node.draw(2, assertNever));
  await world.saved();
  drawn.push(node.draw(2, assertNever));
  assertEquals([world.take(), drawn], [["apply 2", "save 0 and snapshot 1"], [false, false]]);
  await world.saved();
  assertEquals([node.draw(2, image), world.take()], [true, ["prepare 2"]]);
});

Deno.test("Node says how large an image is that was written, and that it was given up (S10, D5)", async () => {
  const { world, node } = await leading();
  const ends: (number | null)[] = [];
  const draw = () => node.draw(1, () => new Uint8Array(3), (bytes) => void ends.push(bytes));
  draw();
  await world.prepared(false);
  draw();
  assertEquals(ends, [null]);
  await world.prepared();
  assertEquals(ends, [null, 3]);
});

Deno.test("Node lets a save that waits for room fail when it is stopped (D5)", async () => {
  const { world, node } = await leading();
  node.propose(new Uint8Array([1]));
  await world.settle();
  world.take();
  const stopped = node.stop();
  assertEquals([world.take(), world.mayWait], [[], false]);
  await world.saveFails();
  await stopped;
  assertEquals([world.take(), world.failures], [["close"], []]);
});

Deno.test("Node closes the storage once when it is stopped, also after a failure", async () => {
  const { world, node } = await leading();
  node.propose(new Uint8Array([1]));
  await world.settle();
  await world.saveFails();
  assertEquals(world.take(), ["save 1"]);
  await Promise.all([node.stop(), node.stop()]);
  assertEquals(world.take(), ["close"]);
});

Deno.test("Node refuses invalid options before it opens the storage", async () => {
  const world = new World();
  const storage = { ...untouched, load: () => Promise.reject(new Error("touched")) };
  for (const wrong of [{ id: 4 }, { tickMs: 0 }, { tickMs: NaN }, { electionTicks: 1 }]) {
    await assertRejects(() => world.start({ storage, ...wrong }), RangeError, "Cannot use");
  }
});

Deno.test("Node does not count restore time as leader silence (E6)", async () => {
  const world = new World();
  const snapshot = { last: momentOf(3, 1), members: MEMBERS, data: new Uint8Array(1) };
  const load = () => Promise.resolve({ ...EMPTY, term: 1, snapshot });
  const restore = () => world.hold(10_000);
  const node = await world.start({
    peers: [1, 2],
    electionTicks: 5,
    storage: { ...untouched, load },
    application: { restore, apply: () => {}, read: () => {}, changed: () => {} },
  });
  for (let tick = 0; tick < 3; tick++) await world.tick();
  assertEquals(node.status().role, "follower");
});

Deno.test("Node closes the storage when the application refuses the snapshot", async () => {
  const world = new World();
  const snapshot = { last: momentOf(3, 1), members: MEMBERS, data: new Uint8Array(1) };
  const storage = {
    ...untouched,
    load: () => Promise.resolve({ ...EMPTY, term: 1, snapshot }),
    close: () => Promise.resolve(void world.log.push("close")),
  };
  const restore = () => {
    throw new Error("not an image of mine");
  };
  const application = { restore, apply: () => {}, read: () => {}, changed: () => {} };
  await assertRejects(() => world.start({ storage, application }), Error, "not an image of mine");
  assertEquals(world.take(), ["close"]);
});

Deno.test("Node refuses a command too large for a message, and continues (X5)", async () => {
  const { world, node } = await leading({ commandBytesMax: 4 });
  assertThrows(() => node.propose(new Uint8Array(5)), RangeError, "wanted at most 4 bytes, got 5");
  assertEquals(node.propose(new Uint8Array(4)), { index: 2, term: 1 });
  assertEquals(world.failures, []);
});

Deno.test("Node lets timers run although each answer triggers another command (X8)", async () => {
  const many = 100_000;
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  let isTime = false;
  const apply = ([entry]: readonly Entry[]): void => {
    if (entry!.index === 1) setTimeout(() => isTime = true, 10);
    if (isTime || entry!.index >= many) resolve(entry!.index);
    else node.propose(NOTHING);
  };
  const instant = () => Promise.resolve();
  const node: Node = await new World().start({
    storage: {
      load: () => Promise.resolve(EMPTY),
      save: instant,
      prepare: () => Promise.resolve(true),
      hasRoom: true,
      stopWaiting: () => {},
      close: instant,
    },
    clock: new SystemClock(),
    application: { restore: () => {}, apply, read: () => {}, changed: () => {} },
  });
  const applied = await ended;
  await node.stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert(applied < many, `a timer of 10 ms did not run within ${applied} commands`);
});

Deno.test("Node does not start when the storage cannot be read", async () => {
  const storage = { ...untouched, load: () => Promise.reject(new Error("damaged")) };
  await assertRejects(() => new World().start({ storage }), Error, "damaged");
});

Deno.test("Node restores a snapshot before it applies later entries (S4)", async () => {
  const world = new World();
  const node = await world.start({ peers: [1, 2] });
  const last = momentOf(5, 1);
  const image = { last, members: MEMBERS, offset: 0, data: new Uint8Array(3), total: 3, round: 0 };
  const entries = [entryOf(6, 1, new Uint8Array([6]))];
  const envelope = { from: 2, to: 1, term: 1 };
  node.receive({ ...envelope, message: { type: "installSnapshot", ...image } });
  const append = { previous: last, entries, commit: 6, round: 0 };
  node.receive({ ...envelope, message: { type: "appendEntries", answer: null, ...append } });
  await world.settle();
  assertEquals(world.take(), [
    "follower",
    "restore",
    "apply 6",
    "follower",
    "save 1 and snapshot 5",
  ]);
  await world.saved();
  assertEquals(world.take(), ["send"]);
});

Deno.test("Node waits a full timeout after the last message of its leader (§5.2)", async () => {
  const world = new World();
  const node = await world.start({ peers: [1, 2], electionTicks: 5, profile: "lab" });
  const append = { previous: { index: 0, term: 0 }, entries: [], commit: 0, round: 0 };
  const envelope = { from: 2, to: 1, term: 1 };
  node.receive({ ...envelope, message: { type: "appendEntries", answer: null, ...append } });
  for (let beat = 0; beat < 4; beat++) {
    for (let tick = 0; tick < 3; tick++) await world.tick();
    node.receive({
      ...envelope,
      message: { type: "appendEntries", answer: null, ...append, round: beat + 1 },
    });
    await world.saved();
  }
  assertEquals(node.status().role, "follower");
  for (let tick = 0; tick < 6; tick++) await world.tick();
  assertEquals(node.status().role, "candidate");
});

Deno.test("Node shows its observer each step before the application takes it", async () => {
  const seen: string[] = [];
  const world = new World();
  const { members } = Configuration.of([1]);
  const snapshot = { last: momentOf(3, 1), members, data: NOTHING };
  const storage = {
    ...untouched,
    load: () => Promise.resolve({ ...EMPTY, term: 1, snapshot }),
    save: () => Promise.resolve(),
  };
  const node = await world.start({
    storage,
    application: {
      restore: () => void seen.push("restore"),
      apply: () => seen.push("apply"),
      read: () => seen.push("read"),
      changed: () => seen.push("change"),
    },
    observer: {
      restoring: ({ last }) => seen.push(`restoring ${last.index}`),
      applying: ([entry]) => seen.push(`applying ${entry!.index}`),
      changed: ({ role }) => seen.push(role),
      saved: (ms) => seen.push(ms > 0 ? "saved" : "saved in no time"),
      traced: (event) => seen.push(event.split(" ", 1)[0]!),
    },
  });
  await world.tick();
  await world.tick();
  assertEquals(seen, [
    ...["restoring 3", "restore", "follower", "change"],
    ...["tries", "is", "candidate", "change", "saved"],
    ...["leads", "leader", "change", "saved", "commits", "applying 4", "apply"],
  ]);
  assertEquals(node.status().role, "leader");
});

Deno.test("Node applies nothing of a turn in which sending has stopped it", async () => {
  const stopping: Node[] = [];
  const send = (): void => stopping.forEach((node) => void node.stop());
  const { world, node } = await leading({ transport: { send, waiting: () => 0 } });
  node.propose(new Uint8Array([1]));
  await world.settle();
  stopping.push(node);
  await world.saved();
  assertEquals(world.take(), ["save 1", "close"]);
});
