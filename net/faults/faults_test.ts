/**
 * Tests of faults as data: shapes, decisions, and the parsing of faults from a socket.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  bridge,
  decide,
  type Delay,
  type Disturbance,
  type Faults,
  halves,
  isBlocked,
  isolate,
  kindOf,
  type Link,
  majoritiesRing,
  minorityWith,
  noFaults,
  oneWay,
  partition,
  reordered,
  undisturbed,
  unreliable,
} from "./faults.ts";
import { parseFaults } from "./parse_faults.ts";

/** A simple, repeatable generator of random numbers. */
function generator(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function names(links: readonly Link[]): string[] {
  return links.map(({ from, to }) => `${from}→${to}`).sort();
}

/** For each node, the nodes that it can exchange messages with in both directions. */
function circles(ids: readonly number[], blocked: readonly Link[]): string[] {
  const faults = { ...noFaults, blocked };
  return ids.map((from) =>
    ids.filter((to) =>
      !isBlocked(faults, { from, to }) && !isBlocked(faults, { from: to, to: from })
    )
      .join("")
  );
}

const FIVE = [1, 2, 3, 4, 5];

Deno.test("shapes block the directions they name", () => {
  assertEquals(names(isolate([1, 2, 3], 2)), ["1→2", "2→1", "2→3", "3→2"]);
  assertEquals(names(oneWay([1], [1, 2, 3])), ["1→2", "1→3"]);
  assertEquals(names(partition([[1], [2], [3]])).length, 6);
  assertEquals(circles(FIVE, partition([[1, 2], [3, 4]])), ["125", "125", "345", "345", "12345"]);
  assertEquals(circles(FIVE, halves(FIVE)), ["12", "12", "345", "345", "345"]);
  assertEquals(circles(FIVE, minorityWith(FIVE, 1)), ["15", "234", "234", "234", "15"]);
  assertEquals(circles([1, 2, 3], minorityWith([1, 2, 3], 2)), ["13", "2", "13"]);
  assertEquals(circles(FIVE, bridge(FIVE)), ["123", "123", "12345", "345", "345"]);
});

Deno.test("majorities ring connects every node to a majority, and no two to the same", () => {
  assertEquals(circles(FIVE, majoritiesRing(FIVE)), ["125", "123", "234", "345", "145"]);
  for (const size of [4, 5, 6, 7]) {
    const ids = Array.from({ length: size }, (_, place) => place + 1);
    const seen = circles(ids, majoritiesRing(ids));
    assertEquals(new Set(seen).size, size);
    for (const circle of seen) assert(circle.length > size / 2 && circle.length < size);
  }
});

const LINK: Link = { from: 1, to: 2 };

function decisions(faults: Faults, kind: "request" | "reply"): (readonly number[])[] {
  const random = generator();
  return Array.from({ length: 10_000 }, () => decide(faults, { link: LINK, kind, random }));
}

Deno.test("decide delivers at once and uses no random number when there are no faults", () => {
  const random = () => {
    throw new Error("drew");
  };
  assertEquals(decide(noFaults, { link: LINK, kind: "request", random }), [0]);
  const blocked = { ...noFaults, blocked: [LINK] };
  assertEquals(decide(blocked, { link: LINK, kind: "reply", random }), []);
  assertEquals(decide(blocked, { link: { from: 2, to: 1 }, kind: "reply", random }), [0]);
});

Deno.test("decide drops one in ten and delays only requests in the lab's unreliable mode", () => {
  const faults = { ...noFaults, ...unreliable };
  const requests = decisions(faults, "request");
  const lost = requests.filter((delays) => delays.length === 0).length;
  assert(lost > 900 && lost < 1100, `${lost} lost`);
  const delays = requests.flat();
  assert(delays.every((ms) => ms >= 0 && ms <= 26));
  assert(Math.max(...delays) > 25 && Math.min(...delays) < 1);
  const replies = decisions(faults, "reply");
  assert(replies.flat().every((ms) => ms === 0));
  assert(replies.flat().length > 8900 && replies.flat().length < 9100);
});

Deno.test("decide delays two of three replies in the lab's long reordering", () => {
  const replies = decisions({ ...noFaults, reply: reordered(undisturbed) }, "reply").flat();
  const late = replies.filter((ms) => ms > 0);
  assert(late.length > 6500 && late.length < 6800, `${late.length} late`);
  assert(late.every((ms) => ms >= 200 && ms <= 2199));
  const mean = late.reduce((sum, ms) => sum + ms, 0) / late.length;
  assert(mean > 660 && mean < 740, `mean ${mean}`);
});

Deno.test("decide duplicates messages, each copy with its own delay", () => {
  const disturbance: Disturbance = {
    ...undisturbed,
    duplicate: 0.5,
    delay: { kind: "longTail", meanMs: 10, maxMs: 40 },
  };
  const all = decisions({ ...noFaults, links: [{ ...LINK, disturbance }] }, "request");
  const twice = all.filter((delays) => delays.length === 2);
  assert(twice.length > 4800 && twice.length < 5200);
  assert(twice.every(([first, second]) => first !== second || first === 40));
  const delays = all.flat();
  const mean = delays.reduce((sum, ms) => sum + ms, 0) / delays.length;
  assert(mean > 9 && mean < 10.5, `mean ${mean}`);
  assertEquals(Math.max(...delays), 40);
});

Deno.test("kindOf recognizes replies by the name of their type", () => {
  assertEquals(kindOf("appendEntries"), "request");
  assertEquals(kindOf("installSnapshotReply"), "reply");
});

Deno.test("parseFaults accepts faults written as JSON", () => {
  const delays: Delay[] = [
    { kind: "none" },
    { kind: "uniform", minMs: 1, maxMs: 2 },
    { kind: "skewed", minMs: 200, maxMs: 2199 },
    { kind: "longTail", meanMs: 3, maxMs: 90 },
  ];
  const faults: Faults = {
    blocked: isolate([1, 2, 3], 2),
    request: { ...undisturbed, delay: delays[0]!, reorder: { probability: 1, delay: delays[1]! } },
    reply: { ...undisturbed, delay: delays[2]!, reorder: { probability: 0, delay: delays[3]! } },
    links: [{ from: 1, to: 2, disturbance: unreliable.request }],
    bytesPerSecondMax: 1000,
  };
  assertEquals(parseFaults(JSON.parse(JSON.stringify(faults))), faults);
  assertEquals(parseFaults({ bytesPerSecondMax: null }), { bytesPerSecondMax: null });
  assertEquals(parseFaults({}), {});
});

Deno.test("parseFaults names the wrong field and what it wanted", () => {
  const request = { ...undisturbed };
  const cases: [unknown, string][] = [
    [null, "faults: wanted an object, got null"],
    [{ block: [] }, "faults.block: wanted no such field, got one"],
    [{ blocked: 3 }, "faults.blocked: wanted a list, got 3"],
    [
      { blocked: [{ from: 0, to: 1 }] },
      "faults.blocked[0].from: wanted a node's number, 1 or more",
    ],
    [{ blocked: [{ from: 1, to: 1.5 }] }, "faults.blocked[0].to: wanted a whole number, got 1.5"],
    [{ blocked: [{ from: "1", to: 2 }] }, 'faults.blocked[0].from: wanted a whole number, got "1"'],
    [{ blocked: [[1, 2]] }, "faults.blocked[0]: wanted an object, got [1,2]"],
    [{ blocked: [{ from: 1, to: 2, by: 3 }] }, "faults.blocked[0].by: wanted no such field"],
    [{ request: { ...request, delay: null } }, "faults.request.delay: wanted an object, got null"],
    [
      { request: { ...request, delay: { kind: "slow" } } },
      'delay.kind: wanted "none" or "uniform"',
    ],
    [{ request: { ...request, drop: "1" } }, 'drop: wanted a number from 0 to 1, got "1"'],
    [{ request: { ...request, drop: 1.5 } }, "drop: wanted a number from 0 to 1, got 1.5"],
    [{ request: { ...request, duplicate: -1 } }, "duplicate: wanted a number from 0 to 1, got -1"],
    [{ request: { ...request, odd: 1 } }, "faults.request.odd: wanted no such field, got one"],
    [
      { reply: { ...request, delay: { kind: "longTail", meanMs: 1, maxMs: 3_600_001 } } },
      "faults.reply.delay.maxMs: wanted a number from 1 to 3600000, got 3600001",
    ],
    [
      { reply: { ...request, delay: { kind: "uniform", minMs: 5, maxMs: 4 } } },
      "faults.reply.delay.maxMs: wanted a number from 5 to 3600000, got 4",
    ],
    [
      { reply: { ...request, delay: { kind: "none", minMs: 5 } } },
      "faults.reply.delay.minMs: wanted no such field, got one",
    ],
    [
      { reply: { ...request, reorder: { ...request.reorder, odd: 1 } } },
      "faults.reply.reorder.odd: wanted no such field, got one",
    ],
    [{ request: { ...request, reorder: null } }, "faults.request.reorder: wanted an object"],
    [{ bytesPerSecondMax: 0 }, "faults.bytesPerSecondMax: wanted a number from 1"],
    [{ links: [{ from: 1, to: 2 }] }, "faults.links[0].disturbance: wanted a value, got none"],
    [
      { links: [{ from: 1, to: 2, disturbance: request, odd: 1 }] },
      "faults.links[0].odd: wanted no such field, got one",
    ],
  ];
  for (const [value, message] of cases) {
    assertThrows(() => parseFaults(value), SyntaxError, message);
  }
});
