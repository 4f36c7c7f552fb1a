/**
 * Tests of streams on the loopback: credit, turns, ends, and clients that are slow or send garbage.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { echo, serve } from "../../tests/helpers/rpc_server.ts";
import { frameOf, hungUp } from "../../tests/helpers/sockets.ts";
import { inTime, until } from "../../tests/helpers/until.ts";
import type { WireValue } from "../wire/codec.ts";
import type { ClientStream, StreamEnd } from "./client_streams.ts";
import { RpcClient } from "./rpc_client.ts";
import type { OpenStream, Producer, StreamPart } from "./server_streams.ts";

const within = { withinMs: 10_000 };
const HELLO = frameOf(["kontiki-client", 2, 2, 0]);

/** Collects the parts and the end of a stream. */
class Reader {
  readonly parts: WireValue[] = [];
  readonly #end = Promise.withResolvers<StreamEnd>();
  readonly stream: ClientStream;
  ends = 0;
  bytes = 0;

  constructor(client: RpcClient, payload: WireValue, credit: number) {
    this.stream = client.open(payload, credit, {
      part: (part) => {
        this.parts.push(part);
        this.bytes += part instanceof Uint8Array ? part.length : 64;
      },
      ended: (end) => {
        this.ends++;
        this.#end.resolve(end);
      },
    });
  }

  get end(): Promise<StreamEnd> {
    return inTime(this.#end.promise, "the end of a stream");
  }
}

/** Produces what the function makes until it makes null, and counts. */
class Source implements Producer {
  made = 0;
  stops = 0;
  readonly #make: (place: number) => StreamPart | null;

  constructor(make: (place: number) => StreamPart | null) {
    this.#make = make;
  }

  next(): StreamPart | null {
    const part = this.#make(this.made);
    if (part !== null) this.made++;
    return part;
  }

  stop(): void {
    this.stops++;
  }
}

const part = (payload: WireValue): StreamPart => ({ payload, isLast: false });
const last = (payload: WireValue): StreamPart => ({ payload, isLast: true });

/** A source that counts up to a limit. */
function counting(limit: number): Source {
  return new Source((place) => place < limit ? part(place) : last("done"));
}

/** A source without an end. */
function endless(bytes: number): Source {
  return new Source(() => part(new Uint8Array(bytes)));
}

Deno.test("a stream brings its parts in order and its end once, beside ordinary calls", async () => {
  const sources: Source[] = [];
  const open: OpenStream = (request) => {
    sources.push(counting(Number(request)));
    return sources.at(-1)!;
  };
  const { server, address } = serve(echo, { open });
  const client = new RpcClient({ server: address });
  const readers = [0, 1, 500, 2000].map((count) => new Reader(client, count, 1e9));
  const calls = Array.from({ length: 50 }, (_, at) => client.call(at, within));
  for (const [place, count] of [0, 1, 500, 2000].entries()) {
    const reader = readers[place]!;
    assertEquals(await reader.end, { kind: "ended", payload: "done" });
    assertEquals(reader.parts, Array.from({ length: count }, (_, at) => at));
    assertEquals([reader.ends, sources[place]!.stops], [1, 1]);
  }
  const outcomes = await Promise.all(calls);
  assertEquals(outcomes, calls.map((_, at) => ({ kind: "replied" as const, payload: at })));
  assertEquals(server.load().streams, 0);
  client.close();
  server.close();
  assertEquals(readers.map(({ ends }) => ends), [1, 1, 1, 1]);
});

Deno.test("a stream sends nothing beyond its credit, and goes on when it is granted more", async () => {
  const source = endless(1000);
  const { server, address } = serve(echo, { open: () => source });
  const client = new RpcClient({ server: address });
  const reader = new Reader(client, "parts", 10_000);
  await until(() => reader.parts.length === 10);
  assertEquals(await client.call(1, within), { kind: "replied", payload: 1 });
  assertEquals([reader.parts.length, source.made], [10, 10]);
  for (let round = 1; round <= 20; round++) {
    reader.stream.grant(5000);
    await until(() => reader.parts.length === 10 + 5 * round);
  }
  assertEquals(await client.call(2, within), { kind: "replied", payload: 2 });
  assertEquals([reader.parts.length, source.made], [110, 110]);
  client.close();
  server.close();
  assertEquals(await reader.end, { kind: "lost" });
});

Deno.test("a stream wakes when its source has something", async () => {
  const waiting: number[] = [];
  let wake = (): void => {};
  const source = new Source(() => waiting.length === 0 ? null : part(waiting.shift()!));
  const { server, address } = serve(echo, {
    open: (_request, wakeUp) => {
      wake = wakeUp;
      return source;
    },
  });
  const client = new RpcClient({ server: address });
  const reader = new Reader(client, "parts", 1e9);
  for (let number = 0; number < 5; number++) {
    await until(() => server.load().streams === 1);
    waiting.push(number);
    wake();
    await until(() => reader.parts.length === number + 1);
  }
  assertEquals(reader.parts, [0, 1, 2, 3, 4]);
  reader.stream.cancel();
  await until(() => source.stops === 1);
  wake();
  assertEquals(server.load().streams, 0);
  client.close();
  server.close();
  assertEquals([reader.ends, source.stops], [0, 1]);
});

Deno.test("parts that come often leave together", async () => {
  const waiting: number[] = [];
  let wake = (): void => {};
  const source = new Source(() => waiting.length === 0 ? null : part(waiting.shift()!));
  const { server, address } = serve(echo, {
    open: (_request, wakeUp) => {
      wake = wakeUp;
      return source;
    },
  });
  const client = new RpcClient({ server: address });
  const reader = new Reader(client, "parts", 1e9);
  await until(() => server.load().streams === 1);
  // A turn of this thread for each part, of which most must not send any.
  let turns = 0;
  let sending = 0;
  for (const end = performance.now() + 200; performance.now() < end; turns++) {
    const { made } = source;
    waiting.push(turns);
    wake();
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (source.made > made) sending++;
  }
  await until(() => reader.parts.length === turns);
  assertEquals(reader.parts, Array.from({ length: turns }, (_, at) => at));
  assertLess(sending, 70);
  client.close();
  server.close();
});

Deno.test("a client that reads nothing makes the server hold a few parts, and loses its connection", async () => {
  const sources = Array.from({ length: 8 }, () => endless(50_000));
  let opened = 0;
  // The limit of replies is out of reach, so that it is not what keeps them few.
  const limits = { stallMsMax: 300, queueBytesMax: 2 ** 30 };
  const { server, address } = serve(echo, { open: () => sources[opened++]!, limits });
  const other = new RpcClient({ server: address });
  const before = Deno.memoryUsage().rss;
  const conn = await Deno.connect(address);
  await conn.write(HELLO);
  for (let number = 0; number < 8; number++) {
    await conn.write(frameOf([number, "parts", null, 2 ** 40]));
  }
  await until(() => opened === 8);
  // The buffers of the system take some megabytes; a server that held on would make many more.
  const made = (): number => sources.reduce((sum, source) => sum + source.made, 0);
  await until(() => sources.every(({ stops }) => stops === 1));
  assertLess(made() * 50_000, 64 * 2 ** 20);
  assertLess(Deno.memoryUsage().rss - before, 100 * 2 ** 20);
  assertEquals(await other.call(1, within), { kind: "replied", payload: 1 });
  assertEquals(server.refusals().slowReader, 1);
  other.close();
  conn.close();
  server.close();
});

Deno.test("a slow reader of a long stream keeps the memory of both sides flat", async () => {
  const total = 400;
  const source = new Source((place) => {
    return place < total ? part(new Uint8Array(100_000)) : last("done");
  });
  const { server, address } = serve(echo, { open: () => source });
  const client = new RpcClient({ server: address });
  const reader = new Reader(client, "parts", 200_000);
  let granted = 200_000;
  let most = 0;
  while (reader.ends === 0) {
    await new Promise((resolve) => setTimeout(resolve));
    most = Math.max(most, source.made * 100_000 - reader.bytes);
    assertLess(reader.bytes, granted + 100_001);
    reader.parts.length = 0;
    reader.stream.grant(100_000);
    granted += 100_000;
  }
  assertEquals(reader.bytes, total * 100_000);
  assertLess(most, granted);
  assertEquals(await reader.end, { kind: "ended", payload: "done" });
  client.close();
  server.close();
});

Deno.test("streams without an end take turns with each other and leave the thread to calls", async () => {
  const sources: Source[] = [];
  const open: OpenStream = () => {
    sources.push(endless(100));
    return sources.at(-1)!;
  };
  const { server, address } = serve(echo, { open });
  const reading = new RpcClient({ server: address });
  const readers = Array.from({ length: 20 }, () => new Reader(reading, "parts", 2 ** 40));
  await until(() => readers.every(({ parts }) => parts.length > 100));
  // The first streams began before the last were asked for, so turns count from here on.
  const before = sources.map(({ made }) => made);
  const calling = new RpcClient({ server: address });
  for (let round = 0; round < 20; round++) {
    assertEquals(await calling.call(round, within), { kind: "replied", payload: round });
  }
  const since = sources.map(({ made }, at) => made - before[at]!);
  const [least, most] = [Math.min(...since), Math.max(...since)];
  assert(most - least <= 2, `from ${least} to ${most} parts`);
  for (const { stream } of readers) stream.cancel();
  await until(() => sources.every(({ stops }) => stops === 1));
  reading.close();
  calling.close();
  server.close();
});

Deno.test("a stream whose parts take long to make lets others have the thread in between", async () => {
  let turn = 0;
  const made = new Map<number, number>();
  const source = new Source(() => {
    for (const begin = performance.now(); performance.now() < begin + 1;);
    made.set(turn, (made.get(turn) ?? 0) + 1);
    return part(turn);
  });
  const { server, address } = serve(echo, { open: () => source });
  const client = new RpcClient({ server: address });
  const reader = new Reader(client, "parts", 64 * 200);
  while (reader.parts.length < 200) {
    await new Promise((resolve) => setTimeout(resolve));
    turn++;
  }
  // Two milliseconds make two parts, or one more.
  assertLess(Math.max(...made.values()), 10);
  client.close();
  server.close();
});

Deno.test("garbage in a frame of a stream ends its connection and no other", async () => {
  const open: OpenStream = (request) => request === "parts" ? endless(100) : null;
  const { server, address } = serve(echo, { open });
  const client = new RpcClient({ server: address });
  const reader = new Reader(client, "parts", 1000);
  const garbage: WireValue[] = [
    [1, "parts", null, -1],
    [1, "parts", null, "much"],
    [1, "parts", 5, 100],
    [-1, "parts", null, 100],
    [1, "parts", null, 100, 100],
    [1, "parts", null, 1.5],
  ];
  for (const frame of garbage) {
    const conn = await Deno.connect(address);
    await conn.write(HELLO);
    await conn.write(frameOf(frame));
    await hungUp(conn);
    conn.close();
  }
  const twice = await Deno.connect(address);
  await twice.write(HELLO);
  for (let round = 0; round < 2; round++) await twice.write(frameOf([1, "parts", null, 100]));
  await hungUp(twice);
  twice.close();
  assertEquals(server.refusals().garbage, garbage.length + 1);
  await until(() => server.load().streams === 1);
  reader.stream.grant(1000);
  await until(() => reader.parts.length === 20);
  client.close();
  server.close();
});

Deno.test("credit for a stream that has ended, or never was, has no effect", async () => {
  const { server, address } = serve(echo, { open: () => counting(1) });
  const client = new RpcClient({ server: address });
  const reader = new Reader(client, "parts", 1e6);
  await reader.end;
  reader.stream.grant(100);
  reader.stream.cancel();
  const conn = await Deno.connect(address);
  await conn.write(HELLO);
  for (const credit of [100, 0]) await conn.write(frameOf([77, null, null, credit]));
  assertEquals(await client.call(1, within), { kind: "replied", payload: 1 });
  assertEquals([reader.ends, server.refusals()], [1, {}]);
  conn.close();
  client.close();
  server.close();
});

Deno.test("a stream that never begins says why", async () => {
  let opened = 0;
  const open: OpenStream = (request) => {
    if (request !== "parts") return null;
    opened++;
    return new Source(() => null);
  };
  const { server, address } = serve(echo, { open });
  const client = new RpcClient({ server: address });
  const unknown = { kind: "neverSent", reason: "unknownRequest" } as const;
  assertEquals(await new Reader(client, "dance", 100).end, unknown);
  for (let number = 0; number < 4096; number++) new Reader(client, "parts", 100);
  const tooMany = new Reader(client, "parts", 100);
  assertEquals(await tooMany.end, { kind: "neverSent", reason: "overloaded" });
  assertEquals([opened, server.load().streams], [4096, 4096]);
  client.close();
  server.close();
  const late = new RpcClient({ server: address });
  assertEquals(await new Reader(late, "parts", 100).end, {
    kind: "neverSent",
    reason: "noConnection",
  });
  late.close();
});

Deno.test("a server that knows no streams says so", async () => {
  const { server, address } = serve(echo);
  const client = new RpcClient({ server: address });
  const unknown = { kind: "neverSent", reason: "unknownRequest" } as const;
  assertEquals(await new Reader(client, "parts", 100).end, unknown);
  client.close();
  server.close();
});

Deno.test("a stream on a connection that died in silence ends as lost, without any call", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = new RpcClient({ server: listener.addr as Deno.NetAddr, silenceMsMax: 100 });
  const reader = new Reader(client, "parts", 100);
  const conn = await inTime(listener.accept());
  await conn.write(frameOf(["kontiki-server", 2, 0, "test", "", 1]));
  assertEquals(await reader.end, { kind: "lost" });
  conn.close();
  listener.close();
  client.close();
});

Deno.test("a stream that is idle keeps its connection, since both sides give signs of life", async () => {
  const open: OpenStream = () => new Source(() => null);
  const { server, address } = serve(echo, { open, limits: { idleMsMax: 1500 } });
  const client = new RpcClient({ server: address, silenceMsMax: 1000 });
  const reader = new Reader(client, "parts", 100);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assertEquals([reader.ends, server.load().streams, server.refusals()], [0, 1, {}]);
  client.close();
  server.close();
});
