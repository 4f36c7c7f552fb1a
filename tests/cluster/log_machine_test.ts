/**
 * Tests of the state machines of the lab and of the swarm.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { entries } from "../helpers/bare_server.ts";
import { DigestMachine } from "./digest_machine.ts";
import { LogMachine } from "./log_machine.ts";
import { entryOf, MEMBERS, momentOf } from "../helpers/log_entries.ts";

const TWENTY = entries(new Array<number>(20).fill(1));

Deno.test("LogMachine takes images after 9 and 19 entries, from which another machine continues", () => {
  const images = new Map<number, Uint8Array>();
  const machine = new LogMachine({ compact: (index, data) => images.set(index, data) });
  machine.apply(TWENTY);
  assertEquals([...images.keys()], [9, 19]);
  const other = new LogMachine();
  other.restore({ last: momentOf(19, 1), members: MEMBERS, data: images.get(19)! });
  other.apply(TWENTY.slice(19));
  assertEquals(other.applied(1), machine.applied(1));
  assertEquals(machine.applied(19).map(({ index }) => index), [19, 20]);
});

Deno.test("LogMachine omits no-ops from its applied commands", () => {
  const machine = new LogMachine();
  machine.apply([entryOf(1, 1), ...entries([1], 2)]);
  assertEquals(machine.applied(1).map(({ index }) => index), [2]);
});

Deno.test("LogMachine throws on an entry or image of another index", () => {
  const machine = new LogMachine();
  assertThrows(() => machine.apply(TWENTY.slice(1)), Error, "wanted entry 1, got 2");
  machine.apply(TWENTY.slice(0, 1));
  assertThrows(() => machine.apply(TWENTY.slice(0, 1)), Error, "wanted entry 2, got 1");
  const last = momentOf(3, 1);
  assertThrows(
    () => machine.restore({ last, members: MEMBERS, data: new Uint8Array() }),
    Error,
    "got 0",
  );
});

function digestMachine(
  history: number[],
  images: Map<number, Uint8Array>,
  salt = 7,
): DigestMachine {
  return new DigestMachine({
    history,
    compactEvery: 5,
    imageBytes: 50,
    salt,
    compact: (index, data) => Boolean(images.set(index, data)),
    decided: () => {},
  });
}

Deno.test("DigestMachine detects a different entry, and an image with bytes of another", () => {
  const history: number[] = [];
  const images = new Map<number, Uint8Array>();
  digestMachine(history, images).apply(TWENTY);
  assertEquals([...images.keys()], [5, 10, 15, 20]);
  const other = digestMachine(history, new Map());
  other.restore({ last: momentOf(10, 1), members: MEMBERS, data: images.get(10)! });
  assertEquals(other.index, 10);
  assertThrows(() => other.apply([{ ...TWENTY[10]!, term: 2 }]), Error, "Machines differ");
  const mixed = images.get(10)!.slice();
  mixed.set(images.get(15)!.subarray(40), 40);
  assert(String(mixed) !== String(images.get(10)));
  const snapshot = { last: momentOf(10, 1), members: MEMBERS, data: mixed };
  assertThrows(() => other.restore(snapshot), Error, "bytes of another");
  const elsewhere = new Map<number, Uint8Array>();
  digestMachine(history, elsewhere, 8).apply(TWENTY);
  mixed.set(images.get(10)!);
  mixed.set(elsewhere.get(10)!.subarray(40), 40);
  assertThrows(() => other.restore(snapshot), Error, "bytes of another");
});
