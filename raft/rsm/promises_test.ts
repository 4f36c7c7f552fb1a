/**
 * The calls of a replicated state machine as promises: they resolve to the outcome.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ask, submit } from "./promises.ts";
import { Rsm } from "./rsm.ts";
import { entryOf } from "../../tests/helpers/log_entries.ts";

Deno.test("submit and ask resolve to the outcome of the command and of the question", async () => {
  const contexts: number[] = [];
  const machine = {
    apply: (command: Uint8Array) => Uint8Array.of(...command, 1),
    query: (request: Uint8Array) => Uint8Array.of(...request, 2),
    snapshot: () => new Uint8Array(),
    restore: () => {},
  };
  const rsm = new Rsm({
    machine,
    logBytesMax: null,
    clock: { now: () => 0, soon: (run) => run(), after: () => ({ cancel: () => {} }) },
  });
  rsm.attach({
    propose: () => ({ index: 1, term: 1 }),
    read: (context) => contexts.push(context) > 0,
    draw: () => false,
    hasRoom: true,
  });
  const command = Uint8Array.of(7);
  const [submitted, asked] = [submit(rsm, command), ask(rsm, command)];
  rsm.apply([entryOf(1, 1, command)]);
  rsm.read(contexts[0]!, true);
  assertEquals(await submitted, { kind: "done", reply: Uint8Array.of(7, 1) });
  assertEquals(await asked, { kind: "done", reply: Uint8Array.of(7, 2) });
});
