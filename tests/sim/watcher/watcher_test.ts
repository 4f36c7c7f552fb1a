/**
 * Shows each violation to the watcher, which must report it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Configuration } from "../../../raft/mod.ts";
import type { Entry, Envelope, Message, NodeId } from "../../../raft/core/model/types.ts";
import { append, BareServer, entries, REQUEST, VOTE } from "../../helpers/bare_server.ts";
import { DurableLog } from "./durable_log.ts";
import { Watcher } from "./watcher.ts";
import { MEMBERS, momentOf } from "../../helpers/log_entries.ts";

/** Three nodes with disks that a test fills. */
class Scene {
  readonly violations: string[] = [];
  readonly durable = new Map<NodeId, DurableLog>([1, 2, 3].map((id) => [id, new DurableLog()]));
  readonly watcher = new Watcher({
    begin: Configuration.of([1, 2, 3]),
    durable: this.durable,
    report: ({ message }) => this.violations.push(message),
  });

  constructor() {
    for (const id of [1, 2, 3]) this.watcher.started(id);
  }

  save(id: NodeId, list: readonly Entry[], vote = { term: 1, votedFor: null as NodeId | null }) {
    const tail = list.length === 0 ? null : { from: list[0]!.index, entries: list };
    const change = { vote, snapshot: null, tail };
    this.durable.get(id)!.apply(change);
    this.watcher.saved(id, change);
  }

  send(message: Message, { from = 1, to = 2, term = 1 } = {}): void {
    const envelope: Envelope = { from, to, term, message };
    this.watcher.sent(envelope);
  }

  expect(part: string): void {
    assert(this.violations.length > 0, `nothing was reported: wanted ${part}`);
    assert(this.violations[0]!.includes(part), `${this.violations[0]}: wanted ${part}`);
  }
}

const ACCEPTED = {
  type: "appendEntriesReply",
  accepted: true,
  question: null,
  match: 2,
  round: 0,
} as const;

Deno.test("Watcher accepts promises that were kept", () => {
  const scene = new Scene();
  for (const id of [1, 2, 3]) scene.save(id, entries([1, 1]), { term: 1, votedFor: 1 });
  scene.send(REQUEST);
  scene.send(VOTE, { from: 2, to: 1 });
  scene.send(ACCEPTED, { from: 2, to: 1 });
  for (const id of [1, 2, 3]) scene.watcher.applied(id, entries([1, 1]));
  assertEquals(scene.violations, []);
});

Deno.test("Watcher reports promises that are not on the disk", () => {
  const cases: [Message, string][] = [
    [VOTE, "grants a vote that it has not saved"],
    [REQUEST, "asks for votes without its own"],
    [ACCEPTED, "acknowledges entries that it has not saved"],
    [{
      ...{
        type: "appendEntries",
        answer: null,
        previous: { index: 0, term: 0 },
        entries: [],
        round: 0,
      } as const,
      commit: 1,
    }, "announces a commit that no quorum holds"],
  ];
  for (const [message, part] of cases) {
    const scene = new Scene();
    scene.save(1, entries([1]));
    scene.send(message);
    scene.expect(part);
  }
  const scene = new Scene();
  scene.send(ACCEPTED, { term: 7 });
  scene.expect("speaks of a term it has not saved");
});

Deno.test("Watcher reports an entry that is applied before a quorum holds it", () => {
  const scene = new Scene();
  scene.save(1, entries([1]));
  scene.watcher.applied(1, entries([1]));
  scene.expect("no quorum holds it");
});

Deno.test("Watcher reports different entries, gaps and repeats", () => {
  for (
    const [list, part] of [
      [entries([2]), "1@2 is applied where 1@1 was applied before"],
      [entries([1], 2), "entry 2 is applied after 0"],
    ] as const
  ) {
    const scene = new Scene();
    for (const id of [1, 2]) scene.save(id, entries([1]));
    scene.watcher.applied(1, entries([1]));
    scene.watcher.applied(2, list);
    scene.expect(part);
  }
  const scene = new Scene();
  for (const id of [1, 2]) scene.save(id, entries([1]));
  scene.watcher.applied(1, entries([1]));
  scene.watcher.applied(1, entries([1]));
  scene.expect("entry 1 is applied after 1");
});

Deno.test("Watcher reports an image of entries that no server applied, and an image that goes back", () => {
  const scene = new Scene();
  scene.watcher.restored(1, { last: momentOf(3, 1), members: MEMBERS, data: new Uint8Array() });
  scene.expect("which no server applied");
  const other = new Scene();
  for (const id of [1, 2]) other.save(id, entries([1, 1]));
  other.watcher.applied(1, entries([1, 1]));
  other.watcher.restored(1, { last: momentOf(1, 1), members: MEMBERS, data: new Uint8Array() });
  other.expect("image 1 is restored after 2");
});

Deno.test("Watcher reports two logs that share a position and differ before it", () => {
  const scene = new Scene();
  scene.save(1, entries([1, 3]));
  scene.save(2, entries([2, 3]));
  scene.expect("two logs differ at or before 2@3");
});

Deno.test("Watcher reports a log that is cut where it was applied", () => {
  const scene = new Scene();
  for (const id of [1, 2]) scene.save(id, entries([1, 1]));
  scene.watcher.applied(1, entries([1, 1]));
  const server = new BareServer({ log: [1, 2], term: 2 });
  server.hear(2, 2, append([2, 2], { commit: 2 }));
  scene.watcher.turned(1, server.raft);
  scene.expect("a log is cut at 2, applied before");
});

Deno.test("Watcher reports two leaders of one term", () => {
  const scene = new Scene();
  for (const id of [1, 3]) scene.save(id, [], { term: 1, votedFor: 1 });
  for (const id of [1, 2]) {
    const server = new BareServer({ id });
    while (server.status.role === "follower") server.tick(1);
    server.hear(3, 1, VOTE);
    scene.watcher.turned(id, server.raft);
  }
  scene.expect("n1 and n2 both lead term 1");
});

Deno.test("Watcher reports a leader that lacks what was committed before", () => {
  const scene = new Scene();
  for (const id of [2, 3]) scene.save(id, entries([1, 1]));
  scene.watcher.applied(2, entries([1, 1]));
  for (const id of [1, 3]) scene.save(id, [], { term: 5, votedFor: 1 });
  const server = new BareServer({ log: [1], term: 4 });
  server.lead();
  scene.watcher.turned(1, server.raft);
  scene.expect("leads term 5 without the committed 2@1");
});

Deno.test("Watcher reports a leader that no quorum of the voters has elected (M4)", () => {
  const scene = new Scene();
  scene.save(3, [], { term: 1, votedFor: 2 });
  for (const id of [1, 2]) scene.save(id, [], { term: 1, votedFor: id });
  const server = new BareServer();
  server.lead();
  scene.watcher.turned(1, server.raft);
  scene.expect("leads term 1 without the votes of a quorum");
});

Deno.test("Watcher accepts a leader that wins late and lacks what a later one committed", () => {
  const scene = new Scene();
  for (const id of [2, 3]) scene.save(id, entries([1, 1]), { term: 7, votedFor: null });
  scene.watcher.applied(2, entries([1, 1]));
  const server = new BareServer({ log: [1], term: 4 });
  server.lead();
  scene.watcher.turned(1, server.raft);
  assertEquals(scene.violations, []);
});
