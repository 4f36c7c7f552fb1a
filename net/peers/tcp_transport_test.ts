/**
 * Tests of transports on the loopback: accepted and refused connections, delivery, and peers that
 * crash, restart, hang or do not speak the protocol.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { type Envelope, isBulk, type Members, type NodeId } from "../../raft/mod.ts";
import { SlowLine } from "../../tests/helpers/slow_line.ts";
import { frameOf, hello, hungUp } from "../../tests/helpers/sockets.ts";
import { inTime, until } from "../../tests/helpers/until.ts";
import type { WireValue } from "../wire/codec.ts";
import { TcpTransport } from "./tcp_transport.ts";
import type { TcpTransportOptions } from "../wire/tcp_options.ts";
import { entryOf } from "../../tests/helpers/log_entries.ts";

const local = { hostname: "127.0.0.1", port: 0 };
const limits = { helloMsMax: 200, pingMs: 40, silenceMsMax: 200, redialMsMax: 100 };

interface Side {
  readonly transport: TcpTransport;
  readonly got: Envelope[];
  readonly lines: string[];
}

function open(id: NodeId, changes: Partial<TcpTransportOptions> = {}): Side {
  const got: Envelope[] = [];
  const lines: string[] = [];
  const transport = new TcpTransport({
    id,
    cluster: "test",
    peers: [1, 2, 3],
    listen: local,
    receive: (envelope) => void got.push(envelope),
    log: (line) => lines.push(line),
    limits,
    ...changes,
  });
  return { transport, got, lines };
}

function message(from: NodeId, to: NodeId, round: number): Envelope {
  const fields = { previous: { index: 0, term: 0 }, entries: [], commit: 0 };
  return { from, to, term: 1, message: { type: "appendEntries", answer: null, ...fields, round } };
}

function rounds(side: Side): number[] {
  return side.got.map(({ message }) => message.type === "appendEntries" ? message.round : -1);
}

/** Connects with a plain socket. */
async function stranger(side: Side): Promise<Deno.TcpConn> {
  return await Deno.connect(side.transport.address);
}

Deno.test("TcpTransport delivers every message in order", async () => {
  const [one, two] = [open(1), open(2)];
  one.transport.setPeer(2, two.transport.address);
  for (let round = 1; round <= 50; round++) one.transport.send([message(1, 2, round)]);
  await until(() => two.got.length === 50);
  for (let round = 51; round <= 5000; round++) one.transport.send([message(1, 2, round)]);
  await until(() => two.got.length === 5000);
  assertEquals(rounds(two), Array.from({ length: 5000 }, (_, at) => at + 1));
  assertEquals(one.transport.traffic().get(2)?.sent, 5000);
  one.transport.close();
  two.transport.close();
});

Deno.test("TcpTransport logs once that a peer is unreachable, and once that it is back", async () => {
  const one = open(1, { limits: { ...limits, logEveryMs: 100 } });
  const two = open(2);
  const { address } = two.transport;
  one.transport.setPeer(2, address);
  await until(() => one.lines.length === 1);
  two.transport.close();
  await until(() => one.lines.length === 2);
  await until(() => one.transport.traffic().get(2)?.isConnected === false);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const again = open(2, { listen: address });
  await until(() => one.lines.length === 3);
  one.transport.close();
  again.transport.close();
  assertEquals([one.lines[0], one.lines[2]], ["reaches n2", "reaches n2"]);
  assert(/^does not reach n2: .+; tries again$/.test(one.lines[1]!), one.lines[1]);
});

Deno.test("TcpTransport keeps only the latest messages while there is no connection", async () => {
  const [one, two] = [open(1, { limits: { ...limits, waitingMax: 3 } }), open(2)];
  for (let round = 1; round <= 10; round++) one.transport.send([message(1, 2, round)]);
  one.transport.setPeer(2, two.transport.address);
  await until(() => two.got.length === 3);
  assertEquals(rounds(two), [8, 9, 10]);
  assertEquals(one.transport.traffic().get(2)?.dropped, 7);
  one.transport.close();
  two.transport.close();
});

Deno.test("TcpTransport never sends messages queued for an earlier run of a peer to a later one", async () => {
  const [one, two] = [open(1), open(2)];
  one.transport.setPeer(2, two.transport.address);
  one.transport.send([message(1, 2, 1)]);
  await until(() => two.got.length === 1);
  two.transport.close();
  await until(() => one.transport.traffic().get(2)?.isConnected === false);
  one.transport.send([message(1, 2, 2)]);
  const again = open(2, { listen: two.transport.address });
  await until(() => one.transport.traffic().get(2)?.isConnected === true);
  one.transport.send([message(1, 2, 3)]);
  await until(() => again.got.length > 0);
  assertEquals(rounds(again), [3]);
  one.transport.close();
  again.transport.close();
});

Deno.test("TcpTransport dials at once when an unreachable peer dials it", async () => {
  const slow = { ...limits, redialMsMin: 60_000, redialMsMax: 60_000 };
  const [one, two] = [open(1, { limits: slow }), open(2)];
  one.transport.setPeer(2, two.transport.address);
  await until(() => one.transport.traffic().get(2)?.isConnected === true);
  two.transport.close();
  await until(() => one.transport.traffic().get(2)?.isConnected === false);
  const again = open(2, { listen: two.transport.address });
  again.transport.setPeer(1, one.transport.address);
  await until(() => one.transport.traffic().get(2)?.isConnected === true);
  one.transport.close();
  again.transport.close();
});

Deno.test("TcpTransport refuses a hello with a wrong cluster, version, address or member", async () => {
  const side = open(1);
  const hellos: readonly [WireValue, string][] = [
    [hello({ cluster: "other" }), "wrongCluster"],
    [["kontiki-peer", 3, "test", 2, 1, 7, 1, "1,2,3", 0], "wrongVersion"],
    [hello({ lowest: 5, highest: 6 }), "wrongVersion"],
    [["kontiki-client", 2, 2, 0], "wrongPort"],
    [hello({ to: 3 }), "notAPeer"],
    [hello({ from: 9 }), "notAPeer"],
    [hello({ from: 1 }), "notAPeer"],
    [hello({ run: null }), "badHello"],
    [hello({ members: "1,2" }), "otherMembers"],
    [hello({ members: "1,2,3,4" }), "otherMembers"],
    [hello({ members: null }), "badHello"],
    [hello({ line: 2 }), "badHello"],
    ["hello", "badHello"],
    [null, "badHello"],
  ];
  for (const [hello, reason] of hellos) {
    const before = side.transport.refusals()[reason] ?? 0;
    const conn = await stranger(side);
    await conn.write(frameOf(hello));
    await hungUp(conn);
    conn.close();
    assertEquals(side.transport.refusals()[reason], before + 1, `${hello}`);
  }
  assertEquals(side.lines.length, 1, "one source is mentioned once");
  side.transport.close();
});

Deno.test("TcpTransport closes the connection when the first frame is not a valid hello", async () => {
  const side = open(1);
  const http = await stranger(side);
  await http.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await hungUp(http);
  http.close();
  const huge = await stranger(side);
  await huge.write(frameOf(hello({ cluster: "x".repeat(20_000) })));
  await hungUp(huge);
  huge.close();
  assertEquals(side.transport.refusals()["garbage"], 2);
  side.transport.close();
});

Deno.test("TcpTransport closes the connection when a hello arrives byte by byte", async () => {
  const side = open(1);
  const conn = await stranger(side);
  const bytes = frameOf(hello({}));
  let isOver = false;
  const end = hungUp(conn).finally(() => isOver = true);
  const start = performance.now();
  for (let at = 0; !isOver && at < bytes.length - 1; at++) {
    await conn.write(bytes.subarray(at, at + 1)).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await end;
  conn.close();
  assert(performance.now() - start < 5000);
  assertEquals(side.transport.refusals()["tooSlow"], 1);
  side.transport.close();
});

Deno.test("TcpTransport bounds the number of connections without hello", async () => {
  const side = open(1, { limits: { ...limits, pendingHellosMax: 4, helloMsMax: 60_000 } });
  const conns: Deno.TcpConn[] = [];
  for (let at = 0; at < 20; at++) conns.push(await stranger(side));
  await until(() => side.transport.refusals()["tooMany"] === 16);
  await Promise.all(conns.slice(0, 16).map((conn) => hungUp(conn)));
  const peer = open(2);
  peer.transport.setPeer(1, side.transport.address);
  peer.transport.send([message(2, 1, 1)]);
  await until(() => side.got.length === 1);
  for (const conn of conns) conn.close();
  side.transport.close();
  peer.transport.close();
});

Deno.test("TcpTransport drops an unknown or misaddressed message and keeps the connection", async () => {
  const side = open(1);
  const conn = await stranger(side);
  await conn.write(frameOf(hello({})));
  await conn.write(frameOf([99, 2, 1, 1]));
  await conn.write(frameOf([3, 3, 1, 1, 0, 0, 0, 5, []]));
  await conn.write(frameOf([3, 2, 3, 1, 0, 0, 0, 6, []]));
  await conn.write(frameOf([3, 2, 1, 1, 0, 0, 0, 7, []]));
  await until(() => side.got.length === 1);
  assertEquals(rounds(side), [7]);
  assertEquals(side.transport.refusals()["badMessage"], 3);
  conn.close();
  side.transport.close();
});

Deno.test("TcpTransport accepts a newer run of a peer and refuses an earlier one", async () => {
  const side = open(1, { limits: { ...limits, helloMsMax: 20_000, silenceMsMax: 20_000 } });
  const runs = [[8, 1], [9, 1], [8, 2], [9, 3], [9, 2]] as const;
  const conns: Deno.TcpConn[] = [];
  for (const [run, dial] of runs) {
    const conn = await stranger(side);
    conns.push(conn);
    await conn.write(frameOf(hello({ run: run!, dial: dial! })));
    assert(await conn.read(new Uint8Array(1000)) !== null);
  }
  for (const [at, conn] of conns.entries()) {
    await conn.write(frameOf([3, 2, 1, 1, 0, 0, 0, at, []])).catch(() => {});
  }
  await until(() => side.got.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(rounds(side), [3]);
  assertEquals(side.transport.refusals()["earlierRun"], 2);
  for (const at of [0, 1, 2, 4]) await hungUp(conns[at]!);
  for (const conn of conns) conn.close();
  side.transport.close();
});

/** The next connection of a node that dials, after an answer to its hello. */
async function answered(listener: Deno.Listener): Promise<Deno.Conn> {
  const conn = await inTime(listener.accept());
  await conn.read(new Uint8Array(1000));
  await conn.write(frameOf(["kontiki-peer-ok", 4, 0, "test", "", 2, "", 7]));
  return conn;
}

Deno.test("TcpTransport closes and redials when its pings get no answer", async () => {
  const listener = Deno.listen(local);
  const { port } = listener.addr as Deno.NetAddr;
  const side = open(1);
  side.transport.setPeer(2, { hostname: "127.0.0.1", port });
  const conns: Deno.Conn[] = [];
  for (let at = 0; at < 4; at++) {
    conns.push(await answered(listener));
    await until(() => side.transport.traffic().get(2)?.connects === at + 1);
  }
  assertEquals(side.transport.refusals()["silent"], 2, "both lines were given up");
  side.transport.close();
  for (const conn of conns) conn.close();
  listener.close();
});

Deno.test("TcpTransport closes the connection of a peer that sends no pings", async () => {
  const side = open(1, { limits: { ...limits, helloMsMax: 20_000 } });
  const conn = await stranger(side);
  await conn.write(frameOf(hello({ run: 8 })));
  await hungUp(conn);
  assertEquals(side.transport.refusals()["silent"], 1);
  conn.close();
  side.transport.close();
});

Deno.test("TcpTransport closes and redials when its hello gets no answer", async () => {
  const listener = Deno.listen(local);
  const side = open(1);
  side.transport.setPeer(2, listener.addr as Deno.NetAddr);
  for (let at = 0; at < 4; at++) {
    const conn = await inTime(listener.accept());
    await hungUp(conn);
    conn.close();
  }
  assertEquals(side.transport.traffic().get(2)?.connects, 0);
  side.transport.close();
  listener.close();
});

Deno.test("TcpTransport pauses before it redials a peer that refused it", async () => {
  const listener = Deno.listen(local);
  const slow = { ...limits, redialMsMin: 10, redialMsMax: 2000 };
  const side = open(1, { limits: slow });
  side.transport.setPeer(2, listener.addr as Deno.NetAddr);
  const conns: Deno.Conn[] = [];
  for (let at = 0; at < 2; at++) {
    const conn = await inTime(listener.accept());
    conns.push(conn);
    await conn.read(new Uint8Array(1000));
    await conn.write(frameOf(["kontiki-refused", "notAPeer", "go away"]));
  }
  const refusedAt = performance.now();
  conns.push(await inTime(listener.accept()));
  assertGreater(performance.now() - refusedAt, 800);
  side.transport.close();
  for (const end of [...conns, listener]) end.close();
});

Deno.test("TcpTransport sends nothing to an address that was replaced while it dialled", async () => {
  const [old, fresh] = [Deno.listen(local), Deno.listen(local)];
  const side = open(1);
  side.transport.setPeer(2, old.addr as Deno.NetAddr);
  side.transport.setPeer(2, fresh.addr as Deno.NetAddr);
  const ends: Deno.Conn[] = [];
  for (let at = 0; at < 2; at++) {
    const [greeted, conn] = [await inTime(fresh.accept()), await inTime(old.accept())];
    ends.push(greeted, conn);
    assert((await greeted.read(new Uint8Array(1000)) ?? 0) > 0);
    assertEquals(await inTime(conn.read(new Uint8Array(1000))), null);
  }
  side.transport.close();
  for (const end of [...ends, old, fresh]) end.close();
});

Deno.test("TcpTransport keeps an idle connection while pings are answered", async () => {
  const patient = { limits: { ...limits, helloMsMax: 20_000, silenceMsMax: 1000 } };
  const [one, two] = [open(1, patient), open(2, patient)];
  one.transport.setPeer(2, two.transport.address);
  await until(() => one.transport.traffic().get(2)?.isConnected === true);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assertEquals(one.transport.traffic().get(2)?.connects, 2, "one for each line");
  assertEquals([one.transport.refusals(), two.transport.refusals()], [{}, {}]);
  one.transport.close();
  two.transport.close();
});

/** An append of one entry. */
function append(to: NodeId, bytes: number, round = 1): Envelope {
  const entries = [entryOf(1, 1, new Uint8Array(bytes))];
  const fields = { previous: { index: 0, term: 0 }, entries, commit: 0, round };
  return { from: 1, to, term: 1, message: { type: "appendEntries", answer: null, ...fields } };
}

Deno.test("TcpTransport carries small messages past a long one on a slow line", async () => {
  const patient = { limits: { ...limits, helloMsMax: 20_000, silenceMsMax: 700 } };
  let heard = 0;
  const [one, two] = [open(1, patient), open(2, { ...patient, heard: () => heard++ })];
  // A message of 1 MiB takes two seconds, which is longer than the limit of silence.
  using line = new SlowLine(two.transport.address, { bytesPerSecond: 2 ** 19 });
  one.transport.setPeer(2, line.address);
  await until(() => one.transport.traffic().get(2)?.isConnected === true);
  one.transport.send([append(2, 2 ** 20)]);
  assertGreater(one.transport.waiting(2), 2 ** 20);
  const lags: number[] = [];
  const isMissing = (): boolean => two.got.every(({ message }) => !isBulk(message));
  for (let round = 1; isMissing() && round < 400; round++) {
    const before = two.got.length;
    const sentAt = performance.now();
    one.transport.send([message(1, 2, round)]);
    await until(() => two.got.length > before);
    lags.push(performance.now() - sentAt);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert(!isMissing(), "the long message arrives");
  assertGreater(lags.length, 15, "small messages pass");
  assertLess(lags.sort((left, right) => left - right)[Math.floor(lags.length / 2)]!, 200);
  assertGreater(heard, 15, "a long message is heard while it arrives");
  assertEquals(one.transport.waiting(2), 0);
  assertEquals([one.transport.refusals(), two.transport.refusals()], [{}, {}]);
  one.transport.close();
  two.transport.close();
});

Deno.test("TcpTransport bounds the bytes of long messages queued for a connection", async () => {
  const [one, two] = [open(1), open(2)];
  for (let round = 1; round <= 10; round++) one.transport.send([append(2, 400_000, round)]);
  assertEquals(one.transport.waiting(2), 800_000);
  one.transport.send([append(2, 2_000_000, 11)]);
  assertEquals(one.transport.waiting(2), 2_000_000, "a single one may be as long as it likes");
  one.transport.send([append(2, 400_000, 12), append(2, 400_000, 13)]);
  one.transport.setPeer(2, two.transport.address);
  await until(() => two.got.length === 2);
  assertEquals(rounds(two), [12, 13]);
  assertEquals(one.transport.waiting(2), 0);
  one.transport.close();
  two.transport.close();
});

Deno.test("TcpTransport ends both lines of a run when a newer run opens one", async () => {
  const side = open(1, { limits: { ...limits, helloMsMax: 20_000, silenceMsMax: 20_000 } });
  const conns: Deno.TcpConn[] = [];
  for (const [run, line] of [[8, 0], [8, 1], [9, 1]]) {
    const conn = await stranger(side);
    conns.push(conn);
    await conn.write(frameOf(hello({ run: run!, line: line! })));
    assert(await conn.read(new Uint8Array(1000)) !== null);
  }
  await Promise.all(conns.slice(0, 2).map((conn) => hungUp(conn)));
  await conns[2]!.write(frameOf([3, 2, 1, 1, 0, 0, 0, 5, []]));
  await until(() => side.got.length === 1);
  for (const conn of conns) conn.close();
  side.transport.close();
});

Deno.test("TcpTransport drops whole messages to a peer that does not read, and serves others", async () => {
  const listener = Deno.listen(local);
  const side = open(1, { limits: { ...limits, queueBytesMax: 100_000, silenceMsMax: 60_000 } });
  side.transport.setPeer(2, listener.addr as Deno.NetAddr);
  const stuck = [await answered(listener), await answered(listener)];
  const good = open(3);
  side.transport.setPeer(3, good.transport.address);
  await until(() => [2, 3].every((id) => side.transport.traffic().get(id)?.isConnected === true));
  for (let round = 1; round <= 400; round++) {
    side.transport.send([append(2, 50_000, round), message(1, 3, round)]);
    if (round % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await until(() => good.got.length === 400);
  assertGreater(side.transport.traffic().get(2)?.dropped ?? 0, 100);
  side.transport.close();
  good.transport.close();
  for (const end of [...stuck, listener]) end.close();
});

Deno.test("TcpTransport drops and counts a message larger than a frame", async () => {
  const side = open(1, { limits: { ...limits, frameBytesMax: 1000 } });
  const two = open(2);
  side.transport.setPeer(2, two.transport.address);
  await until(() => side.transport.traffic().get(2)?.isConnected === true);
  let thrown: unknown = null;
  try {
    side.transport.send([append(2, 2000)]);
  } catch (error) {
    thrown = error;
  }
  assertEquals(thrown, null, "a transport does not throw");
  side.transport.send([message(1, 2, 2)]);
  await until(() => two.got.length === 1);
  assertEquals(rounds(two), [2]);
  assertEquals(side.transport.refusals()["frameTooLarge"], 1);
  side.transport.close();
  two.transport.close();
});

Deno.test("TcpTransport ends the connection of a peer whose message cannot be true", async () => {
  const receive = ({ term }: Envelope): string | null => term > 5 ? "wanted less" : null;
  const side = open(1, { receive, limits: { ...limits, silenceMsMax: 20_000 } });
  const conn = await stranger(side);
  await conn.write(frameOf(hello({})));
  await conn.write(frameOf([3, 2, 1, 5, 0, 0, 0, 1, []]));
  await until(() => side.transport.received === 1);
  await conn.write(frameOf([3, 2, 1, 6, 0, 0, 0, 1, []]));
  await inTime(hungUp(conn));
  assertEquals(side.transport.refusals(), { badMessage: 1 });
  conn.close();
  side.transport.close();
});

/** The members that these transports are, at their addresses. */
function membersOf(...sides: readonly (readonly [NodeId, Side])[]): Members {
  const voters = sides.map(([id, { transport: { address: { hostname, port } } }]) => {
    return { id, incarnation: "", peer: `${hostname}:${port}`, client: "" };
  });
  return { voters, outgoing: [], learners: [] };
}

Deno.test("TcpTransport connects to members as they come, and follows them to new addresses", async () => {
  const [one, two] = [open(1, { peers: [1] }), open(2, { peers: [] })];
  one.transport.connect(membersOf([1, one], [2, two]));
  one.transport.send([message(1, 2, 1)]);
  await until(() => two.got.length === 1);
  const moved = open(2, { peers: [] });
  one.transport.connect(membersOf([1, one], [2, moved]));
  // What was meant for the process at the old address never gets to another one.
  await until(() => {
    one.transport.send([message(1, 2, 2)]);
    return moved.got.length > 0;
  });
  for (const { transport } of [one, two, moved]) transport.close();
});

Deno.test("TcpTransport answers a peer that is no member where that peer listens (M7, M8)", async () => {
  const [one, two] = [open(1, { peers: [1] }), open(2, { peers: [] })];
  two.transport.connect(membersOf([1, one], [2, two]));
  two.transport.send([message(2, 1, 1)]);
  await until(() => one.got.length === 1);
  one.transport.send([message(1, 2, 2)]);
  await until(() => two.got.length === 1);
  for (const { transport } of [one, two]) transport.close();
});

Deno.test("TcpTransport sends to a former member for a while (M7)", async () => {
  const [one, two] = [open(1, { peers: [1] }), open(2, { peers: [] })];
  one.transport.connect(membersOf([1, one], [2, two]));
  one.transport.connect(membersOf([1, one]));
  one.transport.send([message(1, 2, 1)]);
  await until(() => two.got.length === 1);
  for (const { transport } of [one, two]) transport.close();
});
