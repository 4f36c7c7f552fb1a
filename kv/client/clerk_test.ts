/**
 * Tests of the clerk with scripted servers in virtual time: which servers it asks, its pauses and
 * its results.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { VirtualClock } from "../../tests/sim/virtual_clock.ts";
import { Clerk } from "./clerk.ts";
import type { CallResult, ClerkOptions } from "./clerk_types.ts";
import { type Batch, encodeReply, encodeRequest, type Reply } from "../command/mod.ts";
import { KvStore } from "../store/store.ts";

/** A server's answer to a request: a reply, bytes, or silence until the deadline. */
type Answer = Reply | Uint8Array | "unsent" | null;

interface World {
  readonly clock: VirtualClock;
  readonly clerk: Clerk;
  /** The servers that were asked, in order. */
  readonly asked: number[];
  /** The time of each request. */
  readonly times: number[];
}

const value = new TextEncoder().encode("v");

/** A call takes one millisecond; silence lasts until the deadline. */
function makeWorld(
  answer: (server: number, attempt: number, request: Uint8Array) => Answer,
  options: Partial<ClerkOptions> = {},
): World {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const times: number[] = [];
  const call = (server: number, request: Uint8Array, deadline: number) => {
    times.push(clock.now());
    const said = answer(server, asked.push(server), request);
    const isReply = said !== null && typeof said === "object" && "type" in said;
    const result = isReply ? encodeReply(said) : said;
    return new Promise<CallResult>((resolve) => {
      clock.after(said === null ? deadline - clock.now() : 1, () => resolve(result));
    });
  };
  const random = new SeededRandom(1).next;
  const clerk = new Clerk({ servers: [1, 2, 3], call, clock, random, ...options });
  return { clock, clerk, asked, times };
}

Deno.test("Clerk keeps using the server that answered", async () => {
  const { clock, clerk, asked } = makeWorld((server) =>
    server === 2 ? { type: "stored" } : { type: "wrongLeader", leader: null }
  );
  for (let version = 0; version < 3; version++) {
    assertEquals(await clock.wait(clerk.put("k", value, { version })), {
      type: "stored",
      version: version + 1,
    });
  }
  assertEquals(asked, [1, 2, 2, 2]);
});

Deno.test("Clerk follows the hint in a refusal", async () => {
  const { clock, clerk, asked } = makeWorld((server) =>
    server === 3 ? { type: "noKey" } : { type: "wrongLeader", leader: 3 }
  );
  assertEquals(await clock.wait(clerk.get("k")), { type: "noKey" });
  assertEquals(asked, [1, 3]);
});

Deno.test("Clerk asks all servers when hints form a circle", async () => {
  const { clock, clerk, asked } = makeWorld((server) =>
    server === 3 ? { type: "noKey" } : { type: "wrongLeader", leader: 3 - server }
  );
  assertEquals(await clock.wait(clerk.get("k", { timeoutMs: 5000 })), { type: "noKey" });
  assertEquals(asked, [1, 2, 3]);
});

Deno.test("Clerk asks a server again that names itself, but not for ever (X4, M10)", async () => {
  const { clock, clerk, asked } = makeWorld((_, attempt) =>
    attempt === 2 ? { type: "noKey" } : { type: "wrongLeader", leader: 1 }
  );
  assertEquals(await clock.wait(clerk.get("k")), { type: "noKey" });
  assertEquals(asked, [1, 1]);
  const mad = makeWorld((server, attempt) =>
    attempt === 9 ? { type: "noKey" } : { type: "wrongLeader", leader: server }
  );
  assertEquals(await mad.clock.wait(mad.clerk.get("k")), { type: "noKey" });
  assertEquals(mad.asked.slice(0, 8), [1, 1, 2, 2, 3, 3, 1, 1]);
});

Deno.test("Clerk does not follow a hint to a silent or unknown server", async () => {
  const { clock, clerk, asked } = makeWorld((server, attempt) => {
    if (server === 1) return null;
    if (attempt === 2) return { type: "wrongLeader", leader: 1 };
    return server === 3 ? { type: "noKey" } : { type: "wrongLeader", leader: 9 };
  });
  assertEquals(await clock.wait(clerk.get("k")), { type: "noKey" });
  assertEquals(asked, [1, 2, 3]);
});

Deno.test("Clerk pauses after every fruitless round, longer each time and randomized", async () => {
  const { clock, clerk, times } = makeWorld(() => ({ type: "wrongLeader", leader: null }));
  await clock.wait(clerk.get("k", { timeoutMs: 1000 }));
  const rests = times.slice(1).map((time, place) => time - (times[place] ?? 0) - 1);
  const long = rests.filter((_, place) => place % 3 === 2);
  assertEquals(rests.filter((_, place) => place % 3 !== 2).every((rest) => rest === 0), true);
  assert(long.slice(0, -1).every((rest) => rest >= 10 && rest <= 200), `${long}`);
  assert((long[0] ?? 0) <= 20 && (long[4] ?? 0) > 80, `${long}`);
  assertEquals(new Set(long).size, long.length);
});

Deno.test("Clerk returns wrongVersion when no other request can have been executed", async () => {
  const answers: Answer[] = [
    { type: "wrongLeader", leader: null },
    { type: "overloaded" },
    "unsent",
    { type: "overloaded" },
    { type: "wrongVersion", version: 7 },
  ];
  const { clock, clerk, asked } = makeWorld((_, attempt) => answers[attempt - 1]!);
  assertEquals(await clock.wait(clerk.put("k", value, { version: 1 })), {
    type: "wrongVersion",
    version: 7,
  });
  assertEquals(asked.length, answers.length);
});

Deno.test("Clerk returns maybe when an earlier request got no answer, garbage or unknown", async () => {
  for (const first of [null, new Uint8Array(0), { type: "unknown", leader: 2 }] as Answer[]) {
    const { clock, clerk } = makeWorld((_, attempt) =>
      attempt === 1 ? first : { type: "wrongVersion", version: 2 }
    );
    assertEquals(await clock.wait(clerk.put("k", value, { version: 1 })), { type: "maybe" });
  }
});

Deno.test("Clerk returns a certain result when a later request was executed", async () => {
  const { clock, clerk } = makeWorld((_, attempt) => attempt === 1 ? null : { type: "stored" });
  assertEquals(await clock.wait(clerk.put("k", value, { version: 1 })), {
    type: "stored",
    version: 2,
  });
});

Deno.test("Clerk does not return noKey when an earlier request may arrive once the key exists", async () => {
  const store = new KvStore();
  let late: Uint8Array = new Uint8Array(0);
  const { clock, clerk } = makeWorld((_, attempt, request) => {
    if (attempt > 1) return store.apply(request);
    late = request;
    return null;
  });
  assertEquals(await clock.wait(clerk.put("k", value, { version: 1 })), { type: "maybe" });
  assertEquals(await clock.wait(clerk.put("k", value, { version: 0 })), {
    type: "stored",
    version: 1,
  });
  assertEquals(store.apply(late), encodeReply({ type: "stored" }));
  assertEquals(await clock.wait(clerk.put("new", value, { version: 1 })), { type: "noKey" });
});

Deno.test("Clerk returns maybe when a check of a batch may fail because of its own first request (O5)", async () => {
  const store = new KvStore();
  const { clock, clerk } = makeWorld((_, attempt, request) => {
    const reply = store.apply(request);
    return attempt === 1 ? null : reply;
  });
  const batch: Batch = {
    checks: [{ key: "k", version: 0 }],
    then: [{ op: "put", key: "k", value }],
    ...{ otherwise: [], at: 0 },
  };
  assertEquals(await clock.wait(clerk.batch(batch)), { type: "maybe" });
  const again = await clock.wait(clerk.batch(batch));
  assert(again.type === "done" && !again.result.held, again.type);
});

Deno.test("Clerk gives up at the deadline and returns whether the put may be executed", async () => {
  const refusing = makeWorld(() => ({ type: "wrongLeader", leader: null }));
  const never = refusing.clerk.put("k", value, { version: 0, timeoutMs: 500 });
  assertEquals(await refusing.clock.wait(never), { type: "unavailable" });
  assert(refusing.clock.now() <= 501);
  const silent = makeWorld(() => null);
  const perhaps = silent.clerk.put("k", value, { version: 0, timeoutMs: 500 });
  assertEquals(await silent.clock.wait(perhaps), { type: "maybe" });
  assertEquals(silent.clock.now(), 500);
  const read = silent.clerk.get("k", { timeoutMs: 500 });
  assertEquals(await silent.clock.wait(read), { type: "unavailable" });
});

Deno.test("Clerk asks another server when one is silent for too long", async () => {
  const { clock, clerk } = makeWorld((server) => server === 1 ? null : { type: "noKey" }, {
    attemptMs: 300,
  });
  await clock.wait(clerk.get("k"));
  assertEquals(clock.now(), 301);
});

Deno.test("Clerk waits for a busy server and does not ask others", async () => {
  const { clock, clerk, asked } = makeWorld((_, attempt) =>
    attempt < 4 ? { type: "overloaded" } : { type: "stored" }
  );
  assertEquals(await clock.wait(clerk.put("k", value, { version: 0 })), {
    type: "stored",
    version: 1,
  });
  assertEquals(asked, [1, 1, 1, 1]);
  assert(clock.now() > 1500, `${clock.now()} ms`);
});

Deno.test("Clerk leaves a busy server once another operation has found the leader", async () => {
  const busy = encodeRequest({ type: "get", key: "busy" });
  const { clock, clerk, asked } = makeWorld((server, _, request) => {
    if (server === 2) return { type: "noKey" };
    const isBusy = request.length === busy.length;
    return isBusy ? { type: "overloaded" } : { type: "wrongLeader", leader: 2 };
  });
  const first = clerk.get("busy", { timeoutMs: 5000 });
  const second = clerk.get("k", { timeoutMs: 5000 });
  assertEquals(await clock.wait(Promise.all([first, second])), [{ type: "noKey" }, {
    type: "noKey",
  }]);
  assertEquals(asked, [1, 1, 2, 2]);
});

Deno.test("Clerk resends the same bytes", async () => {
  const requests: Uint8Array[] = [];
  const { clock, clerk } = makeWorld((_, attempt, request) => {
    requests.push(request);
    return attempt < 4 ? null : { type: "stored" };
  });
  await clock.wait(clerk.put("k", value, { version: 0 }));
  for (const request of requests) assert(request === requests[0]);
});

Deno.test("Clerk runs many operations at once", async () => {
  const store = new KvStore();
  const { clock, clerk } = makeWorld((_, attempt, request) =>
    attempt % 3 === 0 ? { type: "overloaded" } : store.apply(request)
  );
  const puts = Array.from({ length: 100 }, (_, key) => clerk.put(`k${key}`, value, { version: 0 }));
  const results = await clock.wait(Promise.all(puts));
  assertEquals(new Set(results.map(({ type }) => type)), new Set(["stored"]));
  assertEquals(store.size, 100);
  assert(clock.now() < 60_000);
});

Deno.test("Clerk asks an overloaded server less and less often, over all its operations", async () => {
  const { clock, clerk, times } = makeWorld((_, attempt) =>
    attempt < 40 ? { type: "overloaded" } : { type: "noKey" }
  );
  for (let count = 0; count < 20; count++) {
    await clock.wait(clerk.get("k", { timeoutMs: 10_000 }));
  }
  const at = (attempt: number): number => times[attempt] ?? Infinity;
  assert(at(1) <= 501 && at(5) > 7000, `${times}`);
  // At the end it asks as seldom as it ever does, and no operation begins at once.
  assert(at(12) - at(11) > 4999, `${times}`);
});

Deno.test("Clerk refuses invalid requests without asking a server", async () => {
  const { clerk, asked } = makeWorld(() => null);
  await assertRejects(() => clerk.put("k", value, { version: -1 }), RangeError, "Cannot put");
  assertEquals(asked, []);
  assertThrows(() => makeWorld(() => null, { servers: [] }), RangeError, "Cannot make a clerk");
});

Deno.test("Clerk asks on when the disk is full after a request without an answer", async () => {
  const { clock, clerk, asked } = makeWorld((_, attempt) => {
    if (attempt === 1) return { type: "unknown", leader: null };
    return attempt === 3 ? { type: "wrongVersion", version: 1 } : { type: "full" };
  });
  // The version was used meanwhile, so that the open request is decided.
  assertEquals(await clock.wait(clerk.put("k", value, { version: 0 })), { type: "maybe" });
  assertEquals(asked.length, 3);
  const full = await clock.wait(clerk.put("k", value, { version: 1 }));
  assertEquals([full, asked.length], [{ type: "full" }, 4]);
});

Deno.test("Clerk asks every server for a revision that is gone, and says which is the oldest of all", async () => {
  const then = [{ op: "get", key: "k" }] as const;
  const read = { checks: [], then, otherwise: [], at: 3 };
  const result = { held: true, revision: 3, failedChecks: [], results: [] };
  const { clock, clerk, asked } = makeWorld((server) => {
    return server === 3 ? { type: "batch", result } : { type: "compacted", oldest: 10 - server };
  });
  assertEquals(await clock.wait(clerk.batch(read)), { type: "done", result });
  assertEquals(asked, [1, 2, 3]);
  const none = makeWorld((server) => ({ type: "compacted", oldest: 10 - server }));
  assertEquals(await none.clock.wait(none.clerk.batch(read)), { type: "compacted", oldest: 7 });
  assertEquals(none.asked, [1, 2, 3]);
});

Deno.test("Clerk asks the server that answered last for reads that any server may answer", async () => {
  const { clock, clerk, asked } = makeWorld((server, attempt) => {
    if (server === 1 && attempt === 1) return "unsent";
    return { type: "noKey" };
  });
  for (const options of [{ stale: 50 }, { stale: 50 }, { anyServer: true }, {}]) {
    assertEquals(await clock.wait(clerk.get("k", options)), { type: "noKey" });
  }
  assertEquals(asked, [1, 2, 2, 2, 2]);
});

Deno.test("Clerk reads the newest state where a node of an older release knows no ages", async () => {
  const { clock, clerk, asked } = makeWorld((_server, attempt) => {
    return attempt === 1 ? { type: "refused" } : { type: "noKey" };
  });
  const found = await clock.wait(clerk.get("k", { stale: 50 }));
  assertEquals([found, asked], [{ type: "noKey", ageMs: 0 }, [1, 1]]);
});
