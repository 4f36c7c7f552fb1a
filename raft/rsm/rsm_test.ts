/**
 * Tests of the replicated state machine on a scripted log: the outcome of each submit.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { BareServer } from "../../tests/helpers/bare_server.ts";
import { drawn, finish } from "../../tests/cluster/drawn.ts";
import { entryBytes } from "../core/model/log.ts";
import { ask, submit } from "./promises.ts";
import { Rsm } from "./rsm.ts";
import type { Outcome, ReplicatedLog, RsmOptions } from "./rsm_options.ts";
import type { Status } from "../core/model/status.ts";
import type { Entry, Position, Snapshot } from "../core/model/types.ts";
import type { StateMachine } from "../core/model/ports.ts";
import { entryOf, MEMBERS, momentOf } from "../../tests/helpers/log_entries.ts";

/** Time that does not pass. */
const after = () => ({ cancel: () => {} });
const clockOf = (now: () => number) => ({ now, soon: (run: () => void) => run(), after });
const clock = clockOf(() => 0);

/** Replies to a command with all commands so far, as text. */
class Journal implements StateMachine {
  text = "";

  apply(command: Uint8Array): Uint8Array {
    this.text += decode(command);
    return encode(this.text);
  }

  query(request: Uint8Array): Uint8Array {
    return encode(`${decode(request)}?${this.text}`);
  }

  snapshot(): Uint8Array {
    return encode(this.text);
  }

  restore(data: Uint8Array): void {
    this.text = decode(data);
  }
}

/** A log that accepts all commands in its term and otherwise only acts when the test calls it. */
class FakeLog implements ReplicatedLog {
  hasRoom = true;
  term = 1;
  next = 1;
  leading = true;
  readonly contexts: number[] = [];
  readonly compacted: Snapshot[] = [];
  isDrawing = false;

  propose(_command: Uint8Array): Position | null {
    return this.leading ? { index: this.next++, term: this.term } : null;
  }

  read(context: number): boolean {
    if (this.leading) this.contexts.push(context);
    return this.leading;
  }

  draw(...[index, snapshot, ended]: Parameters<ReplicatedLog["draw"]>): boolean {
    if (this.isDrawing) return false;
    const image = snapshot();
    const data = image instanceof Uint8Array ? image : drawn(image);
    this.compacted.push({ last: momentOf(index, this.term), members: MEMBERS, data });
    ended(data.length);
    return true;
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function entry(index: number, term: number, command: string | null): Entry {
  return entryOf(index, term, command === null ? null : encode(command));
}

function status(role: Status["role"], term: number): Status {
  return { ...new BareServer().status, role, term, leader: role === "leader" ? 1 : 2 };
}

interface Setting {
  readonly machine: Journal;
  readonly log: FakeLog;
  readonly rsm: Rsm;
  /** The outcomes so far as text, by the name of the submit. */
  readonly outcomes: Record<string, string>;
  readonly send: (command: string) => void;
}

function setUp(options: Partial<RsmOptions> = {}): Setting {
  const machine = new Journal();
  const log = new FakeLog();
  const rsm = new Rsm({ machine, logBytesMax: null, clock, ...options });
  rsm.attach(log);
  const outcomes: Record<string, string> = {};
  const send = (command: string): void =>
    rsm.submit(encode(command), (outcome) => {
      assertEquals(outcomes[command], undefined);
      outcomes[command] = show(outcome);
    });
  return { machine, log, rsm, outcomes, send };
}

function show(outcome: Outcome): string {
  return outcome.kind === "done" ? `done ${decode(outcome.reply)}` : outcome.kind;
}

Deno.test("Rsm refuses commands that wait in front of the log when the disk is full (D5)", () => {
  const log = new FakeLog();
  const rsm = new Rsm({
    machine: {
      apply: () => encode("r"),
      query: () => encode("q"),
      snapshot: () => encode("s"),
      restore: () => {},
    },
    logBytesMax: null,
    clock: clockOf(() => 0),
    inLogMax: 1,
  });
  rsm.attach(log);
  const outcomes: Outcome["kind"][] = [];
  for (let place = 0; place < 3; place++) {
    rsm.submit(encode("c"), ({ kind }) => void outcomes.push(kind));
  }
  log.hasRoom = false;
  rsm.apply([entryOf(1, 1, encode("c"))]);
  assertEquals([outcomes, rsm.waiting], [["done", "full", "full"], 0]);
});

Deno.test("Rsm matches results to submits when entries are applied together", () => {
  const { rsm, outcomes, send } = setUp();
  send("a");
  send("b");
  send("c");
  rsm.apply([entry(1, 1, "a"), entry(2, 1, "b")]);
  assertEquals(outcomes, { a: "done a", b: "done ab" });
  rsm.apply([entry(3, 1, "c")]);
  assertEquals(outcomes["c"], "done abc");
  assertEquals(rsm.waiting, 0);
});

Deno.test("Rsm refuses at once and names the leader when it does not lead", async () => {
  const { rsm, log } = setUp();
  log.leading = false;
  rsm.changed(status("follower", 3));
  assertEquals(await submit(rsm, encode("a")), { kind: "notLeader", leader: 2 });
  assertEquals(await ask(rsm, encode("a")), { kind: "notLeader", leader: 2 });
});

Deno.test("Rsm drops results of entries from before a restart", () => {
  const { rsm, log, outcomes, send } = setUp();
  log.term = 5;
  log.next = 3;
  send("new");
  // A replay after a restart: the same machine and indices, older terms.
  rsm.apply([entry(1, 2, "x"), entry(2, 4, "y")]);
  assertEquals(outcomes, {});
  rsm.apply([entry(3, 5, "new")]);
  assertEquals(outcomes, { new: "done xynew" });
});

Deno.test("Rsm reports lost when an entry of another term has the index", () => {
  const { rsm, outcomes, send } = setUp();
  send("a");
  send("b");
  send("c");
  rsm.apply([entry(1, 1, "a"), entry(2, 3, "other")]);
  // Entries after one of a later term can never be applied either.
  assertEquals(outcomes, { a: "done a", b: "lost", c: "lost" });
});

Deno.test("Rsm reports only one submit lost when an entry of an older term has its index", () => {
  const { rsm, log, outcomes, send } = setUp();
  log.term = 5;
  send("a");
  send("b");
  rsm.apply([entry(1, 4, "older")]);
  assertEquals(outcomes, { a: "lost" });
  assertEquals(rsm.waiting, 1);
});

Deno.test("Rsm reports lost when a no-op has the index", () => {
  const { rsm, outcomes, send } = setUp();
  send("a");
  rsm.apply([entry(1, 2, null)]);
  assertEquals(outcomes, { a: "lost" });
});

Deno.test("Rsm reports unknown when the term changes or leadership ends", () => {
  const { rsm, log, outcomes, send } = setUp();
  rsm.changed(status("leader", 1));
  send("a");
  rsm.changed(status("leader", 1));
  assertEquals(outcomes, {});
  rsm.changed(status("follower", 2));
  assertEquals(outcomes, { a: "unknown" });
  log.term = 3;
  send("b");
  rsm.changed(status("leader", 3));
  assertEquals(outcomes["b"], undefined);
  rsm.changed(status("follower", 3));
  assertEquals(outcomes["b"], "unknown");
});

Deno.test("Rsm ends submits of the old term when it leads again in a later term", () => {
  const { rsm, log, outcomes, send } = setUp();
  send("old");
  log.term = 4;
  log.next = 1;
  send("new");
  assertEquals(outcomes, { old: "unknown" });
  rsm.apply([entry(1, 4, "new")]);
  assertEquals(outcomes["new"], "done new");
});

Deno.test("Rsm does not mix up results when a submit is made while old ones are ended", () => {
  const { rsm, log, outcomes, send } = setUp();
  rsm.submit(encode("a"), (outcome) => {
    outcomes["a"] = show(outcome);
    send("b");
  });
  log.term = 2;
  send("c");
  assertEquals(outcomes, { a: "unknown" });
  rsm.apply([entry(2, 2, "c"), entry(3, 2, "b"), entry(4, 2, "d")]);
  assertEquals(outcomes, { a: "unknown", c: "done c", b: "done cb" });
});

Deno.test("Rsm reports unknown when a snapshot covers the index", () => {
  const { rsm, machine, outcomes, send } = setUp();
  send("a");
  send("b");
  finish(rsm.restore({ last: momentOf(1, 1), members: MEMBERS, data: encode("image") }));
  assertEquals(outcomes, { a: "unknown" });
  rsm.apply([entry(2, 1, "b")]);
  assertEquals(outcomes["b"], "done imageb");
  assertEquals(machine.text, "imageb");
});

Deno.test("Rsm ends all pending submits and queries when it is stopped", async () => {
  const { rsm, outcomes, send } = setUp();
  send("a");
  const question = ask(rsm, encode("q"));
  rsm.stop();
  assertEquals(outcomes, { a: "unknown" });
  assertEquals((await question).kind, "notLeader");
  assertEquals((await submit(rsm, encode("b"))).kind, "notLeader");
  assertEquals(rsm.waiting, 0);
});

Deno.test("Rsm answers a query only after the log has confirmed it", async () => {
  const { rsm, log } = setUp();
  const first = ask(rsm, encode("q"));
  const second = ask(rsm, encode("r"));
  rsm.apply([entry(1, 1, "a")]);
  const [one, two] = log.contexts;
  rsm.read(two ?? 0, true);
  rsm.read(one ?? 0, false);
  assertEquals(show(await second), "done r?a");
  assertEquals((await first).kind, "notLeader");
});

Deno.test("Rsm takes a snapshot when the applied entries exceed the limit", () => {
  const { rsm, log } = setUp({ logBytesMax: 3 * entryBytes(entry(1, 1, "a")) });
  rsm.apply([entry(1, 1, "a"), entry(2, 1, "b")]);
  assertEquals(log.compacted, []);
  rsm.apply([entry(3, 1, "c"), entry(4, 1, "d")]);
  assertEquals(log.compacted, [{ last: momentOf(4, 1), members: MEMBERS, data: encode("abcd") }]);
  rsm.apply([entry(5, 1, "e")]);
  assertEquals(log.compacted.length, 1);
});

Deno.test("Rsm counts applied bytes from a received snapshot on", () => {
  const { rsm, log } = setUp({ logBytesMax: 2 * entryBytes(entry(1, 1, "a")) });
  rsm.apply([entry(1, 1, "a"), entry(2, 1, "b")]);
  finish(rsm.restore({ last: momentOf(9, 1), members: MEMBERS, data: encode("abc") }));
  rsm.apply([entry(10, 1, "d"), entry(11, 1, "e")]);
  assertEquals(log.compacted, []);
});

Deno.test("Rsm retries a snapshot that was refused because an earlier one was not ready", () => {
  const { rsm, log } = setUp({ logBytesMax: entryBytes(entry(1, 1, "a")) });
  log.isDrawing = true;
  rsm.apply([entry(1, 1, "a"), entry(2, 1, "b")]);
  log.isDrawing = false;
  rsm.apply([entry(3, 1, null)]); // too small to trigger a snapshot
  assertEquals(log.compacted, [{ last: momentOf(3, 1), members: MEMBERS, data: encode("ab") }]);
});

Deno.test("Rsm takes a snapshot of what it has applied or restored when it is asked to", () => {
  const { rsm, log } = setUp();
  rsm.apply([entry(1, 1, "a"), entry(2, 1, "b")]);
  assertEquals(rsm.snapshot(), true);
  finish(rsm.restore({ last: momentOf(9, 1), members: MEMBERS, data: encode("image") }));
  assertEquals(rsm.snapshot(), true);
  assertEquals(log.compacted.map(({ last, data }) => [last.index, decode(data)]), [
    [2, "ab"],
    [9, "image"],
  ]);
  log.isDrawing = true;
  assertEquals(rsm.snapshot(), false);
});

Deno.test("Rsm never takes a snapshot without a limit", () => {
  const { rsm, log } = setUp();
  for (let index = 1; index <= 1000; index++) rsm.apply([entry(index, 1, "a")]);
  assertEquals(log.compacted, []);
});

Deno.test("Rsm refuses more submits than its limit", () => {
  const { rsm, outcomes, send } = setUp({ waitingMax: 2 });
  send("a");
  send("b");
  send("c");
  assertEquals(outcomes, { c: "overloaded" });
  rsm.apply([entry(1, 1, "a")]);
  send("d");
  assertEquals(outcomes["d"], undefined);
});

Deno.test("Rsm refuses more pending bytes than its limit", async () => {
  const rsm = new Rsm({ machine: new Journal(), logBytesMax: null, clock, waitingBytesMax: 10 });
  rsm.attach(new FakeLog());
  rsm.submit(new Uint8Array(6), () => {});
  assertEquals((await ask(rsm, new Uint8Array(5))).kind, "overloaded");
  rsm.changed(status("follower", 2));
  rsm.submit(new Uint8Array(10), () => {});
  assertEquals(rsm.waiting, 1);
});

Deno.test("Rsm gives back the bytes of every submit, however it ends", async () => {
  const log = new FakeLog();
  const rsm = new Rsm({
    machine: new Journal(),
    logBytesMax: null,
    clock,
    waitingBytesMax: 10,
    inLogMax: 1,
  });
  rsm.attach(log);
  const endings: readonly ((index: number) => void)[] = [
    (index) => rsm.apply([entry(index, log.term, "done")]),
    (index) => rsm.apply([entry(index, ++log.term, "lost")]),
    () => rsm.changed(status("follower", log.term)),
    (index) =>
      finish(
        rsm.restore({ last: momentOf(index, log.term), members: MEMBERS, data: encode("image") }),
      ),
  ];
  for (const end of endings) {
    const index = log.next;
    const first = submit(rsm, new Uint8Array(6));
    const second = submit(rsm, new Uint8Array(4)); // waits in front of the log
    assertEquals(await submit(rsm, new Uint8Array(1)), { kind: "overloaded" });
    assertEquals(log.next, index + 1);
    end(index);
    await first;
    rsm.apply([entry(index + 1, log.term, "second")]);
    assertEquals((await second).kind, "done");
    assertEquals(rsm.waiting, 0);
  }
  const all = submit(rsm, new Uint8Array(10));
  rsm.apply([entry(log.next - 1, log.term, "all")]);
  assertEquals((await all).kind, "done");
});

Deno.test("Rsm holds commands back while as many are in the log as may be", () => {
  const { rsm, log, outcomes, send } = setUp({ inLogMax: 2 });
  for (const command of "abcd") send(command);
  assertEquals([log.next, rsm.waiting], [3, 4]);
  rsm.apply([entry(1, 1, "a")]);
  assertEquals(log.next, 4);
  rsm.apply([entry(2, 1, "b"), entry(3, 1, "c")]);
  rsm.apply([entry(4, 1, "d")]);
  assertEquals(outcomes, { a: "done a", b: "done ab", c: "done abc", d: "done abcd" });
});

Deno.test("Rsm lets one command of any size into an empty log", () => {
  const { rsm, log, outcomes, send } = setUp({ inLogBytesMax: 2 });
  send("long");
  send("longer");
  assertEquals(log.next, 2);
  rsm.apply([entry(1, 1, "long")]);
  rsm.apply([entry(2, 1, "longer")]);
  assertEquals(Object.keys(outcomes), ["long", "longer"]);
});

Deno.test("Rsm refuses for certain what never entered the log when it stops leading", () => {
  const { rsm, log, outcomes, send } = setUp({ inLogMax: 1 });
  send("a");
  send("b");
  log.leading = false;
  rsm.changed(status("follower", 2));
  assertEquals(outcomes, { a: "unknown", b: "notLeader" });
});

Deno.test("Rsm keeps requests out of the log that no caller waits for any more", () => {
  let now = 0;
  const { rsm, log } = setUp({ inLogMax: 1, clock: clockOf(() => now) });
  const kinds: string[] = [];
  const send = (withinMs: number): void =>
    rsm.submit(encode("x"), ({ kind }) => kinds.push(kind), withinMs);
  send(1000);
  send(50);
  send(1000);
  now = 51;
  rsm.apply([entry(1, 1, "x")]);
  assertEquals(kinds, ["done", "overloaded"]);
  assertEquals([log.next, rsm.waiting], [3, 1]);
});

Deno.test("Rsm refuses at once what it cannot finish in time, and takes it when it can", () => {
  let now = 0;
  const { rsm } = setUp({ inLogMax: 1, clock: clockOf(() => now) });
  const kinds: string[] = [];
  const send = (withinMs: number): void =>
    rsm.submit(encode("x"), ({ kind }) => kinds.push(kind), withinMs);
  for (let count = 0; count < 10; count++) send(10_000);
  now = 100;
  rsm.apply([entry(1, 1, "x")]); // 100 ms each: the next of nine in front waits 900 ms
  assertEquals(kinds, ["done"]);
  send(1000);
  assertEquals(kinds, ["done", "overloaded"]);
  send(2000);
  assertEquals([kinds.length, rsm.waiting], [2, 10]);
});

Deno.test("Rsm does not take idle time for slowness", () => {
  let now = 0;
  const { rsm } = setUp({ inLogMax: 1, clock: clockOf(() => now) });
  const kinds: string[] = [];
  const send = (): void => rsm.submit(encode("x"), ({ kind }) => kinds.push(kind), 1000);
  for (let index = 1; index <= 4; index += 2) {
    send();
    send();
    now += 10;
    rsm.apply([entry(index, 1, "x")]);
    rsm.apply([entry(index + 1, 1, "x")]);
    now += 60_000;
  }
  for (let count = 0; count < 5; count++) send();
  assertEquals([kinds, rsm.waiting], [Array(4).fill("done"), 5]);
});

Deno.test("Rsm does not read for a caller that waits no longer", () => {
  let now = 0;
  const { rsm, log } = setUp({ clock: clockOf(() => now) });
  const kinds: string[] = [];
  for (const withinMs of [100, 50]) {
    rsm.ask(encode("q"), ({ kind }) => kinds.push(kind), withinMs);
  }
  now = 80;
  for (const context of log.contexts) rsm.read(context, true);
  assertEquals(kinds, ["done", "overloaded"]);
});

Deno.test("Rsm counts the bytes of a query until it is answered", async () => {
  const log = new FakeLog();
  const rsm = new Rsm({ machine: new Journal(), logBytesMax: null, clock, waitingBytesMax: 10 });
  rsm.attach(log);
  for (const [place, confirmed] of [true, false, true].entries()) {
    const answer = ask(rsm, new Uint8Array(8));
    rsm.read(log.contexts[place]!, confirmed);
    assertEquals((await answer).kind, confirmed ? "done" : "notLeader");
  }
});

Deno.test("Rsm accepts a submit from within the callback of another", () => {
  const { rsm, outcomes, send } = setUp();
  rsm.submit(encode("a"), () => send("b"));
  rsm.apply([entry(1, 1, "a"), entry(2, 1, "b")]);
  assertEquals(outcomes, { b: "done ab" });
});

Deno.test("Rsm keeps order and loses nothing when very many submits are pending", () => {
  const { rsm } = setUp();
  let done = 0;
  const total = 40_000;
  for (let index = 1; index <= total; index++) {
    rsm.submit(new Uint8Array(0), (outcome) => {
      assertEquals(outcome.kind, "done");
      assertEquals(++done, index);
    });
  }
  for (let index = 1; index <= total; index++) rsm.apply([entry(index, 1, "")]);
  assertEquals(done, total);
  assert(rsm.waiting === 0);
});
