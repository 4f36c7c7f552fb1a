/**
 * The replicated state machine against a scripted log: who gets which outcome, and when.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { BareServer } from "../tests/helpers/bare_server.ts";
import { drawn } from "../tests/cluster/drawn.ts";
import { entryBytes } from "./core/log.ts";
import { ask, type Log, type Outcome, Rsm, submit } from "./rsm.ts";
import type { Entry, Position, Snapshot, Status } from "./core/types.ts";
import type { Image, StateMachine } from "./core/ports.ts";

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

/** A log that accepts everything in its term, and does nothing by itself. */
class FakeLog implements Log {
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

  draw(index: number, snapshot: () => Uint8Array | Image): boolean {
    if (this.isDrawing) return false;
    const image = snapshot();
    this.compacted.push({
      last: { index, term: this.term },
      data: image instanceof Uint8Array ? image : drawn(image),
    });
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
  return { index, term, command: command === null ? null : encode(command) };
}

function status(role: Status["role"], term: number): Status {
  return { ...new BareServer().status, role, term, leader: role === "leader" ? 1 : 2 };
}

interface Setting {
  readonly machine: Journal;
  readonly log: FakeLog;
  readonly rsm: Rsm;
  /** The outcomes so far as text, by name of the submit. */
  readonly outcomes: Record<string, string>;
  readonly send: (command: string) => void;
}

function setUp(options: { logBytesMax?: number; waitingMax?: number } = {}): Setting {
  const machine = new Journal();
  const log = new FakeLog();
  const rsm = new Rsm({ machine, logBytesMax: null, ...options });
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

Deno.test("Rsm hands each result to its own submit when entries are applied together", () => {
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

Deno.test("Rsm gives nobody a result when the entry is of an earlier life", () => {
  const { rsm, log, outcomes, send } = setUp();
  log.term = 5;
  log.next = 3;
  send("new");
  // The replay after a restart: the same machine, the same indices, older terms.
  rsm.apply([entry(1, 2, "x"), entry(2, 4, "y")]);
  assertEquals(outcomes, {});
  rsm.apply([entry(3, 5, "new")]);
  assertEquals(outcomes, { new: "done xynew" });
});

Deno.test("Rsm reports lost when an entry of another term took the place", () => {
  const { rsm, outcomes, send } = setUp();
  send("a");
  send("b");
  send("c");
  rsm.apply([entry(1, 1, "a"), entry(2, 3, "other")]);
  // What stands behind an entry of a later term can never be applied either.
  assertEquals(outcomes, { a: "done a", b: "lost", c: "lost" });
});

Deno.test("Rsm reports lost for one place only when an older entry took it", () => {
  const { rsm, log, outcomes, send } = setUp();
  log.term = 5;
  send("a");
  send("b");
  rsm.apply([entry(1, 4, "older")]);
  assertEquals(outcomes, { a: "lost" });
  assertEquals(rsm.waiting, 1);
});

Deno.test("Rsm reports lost when a no-op took the place", () => {
  const { rsm, outcomes, send } = setUp();
  send("a");
  rsm.apply([entry(1, 2, null)]);
  assertEquals(outcomes, { a: "lost" });
});

Deno.test("Rsm reports unknown when the term moves or leadership ends", () => {
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

Deno.test("Rsm releases the submits of the old term when it leads again in between", () => {
  const { rsm, log, outcomes, send } = setUp();
  send("old");
  log.term = 4;
  log.next = 1;
  send("new");
  assertEquals(outcomes, { old: "unknown" });
  rsm.apply([entry(1, 4, "new")]);
  assertEquals(outcomes["new"], "done new");
});

Deno.test("Rsm hands nobody the result of another who submitted when the old term was released", () => {
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

Deno.test("Rsm reports unknown when a snapshot jumps over the place", () => {
  const { rsm, machine, outcomes, send } = setUp();
  send("a");
  send("b");
  rsm.restore({ last: { index: 1, term: 1 }, data: encode("image") });
  assertEquals(outcomes, { a: "unknown" });
  rsm.apply([entry(2, 1, "b")]);
  assertEquals(outcomes["b"], "done imageb");
  assertEquals(machine.text, "imageb");
});

Deno.test("Rsm ends every wait when it is stopped", async () => {
  const { rsm, outcomes, send } = setUp();
  send("a");
  const question = ask(rsm, encode("q"));
  rsm.stop();
  assertEquals(outcomes, { a: "unknown" });
  assertEquals((await question).kind, "notLeader");
  assertEquals((await submit(rsm, encode("b"))).kind, "notLeader");
  assertEquals(rsm.waiting, 0);
});

Deno.test("Rsm answers a question only when the log confirmed it", async () => {
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
  assertEquals(log.compacted, [{ last: { index: 4, term: 1 }, data: encode("abcd") }]);
  rsm.apply([entry(5, 1, "e")]);
  assertEquals(log.compacted.length, 1);
});

Deno.test("Rsm counts the log from a snapshot that arrived on", () => {
  const { rsm, log } = setUp({ logBytesMax: 2 * entryBytes(entry(1, 1, "a")) });
  rsm.apply([entry(1, 1, "a"), entry(2, 1, "b")]);
  rsm.restore({ last: { index: 9, term: 1 }, data: encode("abc") });
  rsm.apply([entry(10, 1, "d"), entry(11, 1, "e")]);
  assertEquals(log.compacted, []);
});

Deno.test("Rsm asks again for a snapshot when an earlier one was not ready", () => {
  const { rsm, log } = setUp({ logBytesMax: entryBytes(entry(1, 1, "a")) });
  log.isDrawing = true;
  rsm.apply([entry(1, 1, "a"), entry(2, 1, "b")]);
  log.isDrawing = false;
  rsm.apply([entry(3, 1, null)]); // too small to ask by itself
  assertEquals(log.compacted, [{ last: { index: 3, term: 1 }, data: encode("ab") }]);
});

Deno.test("Rsm never takes a snapshot when there is no limit", () => {
  const { rsm, log } = setUp();
  for (let index = 1; index <= 1000; index++) rsm.apply([entry(index, 1, "a")]);
  assertEquals(log.compacted, []);
});

Deno.test("Rsm refuses more when as many wait as may", () => {
  const { rsm, outcomes, send } = setUp({ waitingMax: 2 });
  send("a");
  send("b");
  send("c");
  assertEquals(outcomes, { c: "overloaded" });
  rsm.apply([entry(1, 1, "a")]);
  send("d");
  assertEquals(outcomes["d"], undefined);
});

Deno.test("Rsm refuses more when too many bytes wait", async () => {
  const rsm = new Rsm({ machine: new Journal(), logBytesMax: null, waitingBytesMax: 10 });
  rsm.attach(new FakeLog());
  rsm.submit(new Uint8Array(6), () => {});
  assertEquals((await ask(rsm, new Uint8Array(5))).kind, "overloaded");
  rsm.changed(status("follower", 2));
  rsm.submit(new Uint8Array(10), () => {});
  assertEquals(rsm.waiting, 1);
});

Deno.test("Rsm counts the bytes of a question until it is answered", async () => {
  const log = new FakeLog();
  const rsm = new Rsm({ machine: new Journal(), logBytesMax: null, waitingBytesMax: 10 });
  rsm.attach(log);
  for (const [place, confirmed] of [true, false, true].entries()) {
    const answer = ask(rsm, new Uint8Array(8));
    rsm.read(log.contexts[place]!, confirmed);
    assertEquals((await answer).kind, confirmed ? "done" : "notLeader");
  }
});

Deno.test("Rsm accepts a submit when a result is being handed out", () => {
  const { rsm, outcomes, send } = setUp();
  rsm.submit(encode("a"), () => send("b"));
  rsm.apply([entry(1, 1, "a"), entry(2, 1, "b")]);
  assertEquals(outcomes, { b: "done ab" });
});

Deno.test("Rsm keeps order and forgets nothing when very many submits wait", () => {
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
