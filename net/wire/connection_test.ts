/**
 * Tests of connections over real sockets on the loopback.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { frameOf } from "../../tests/helpers/sockets.ts";
import { until } from "../../tests/helpers/until.ts";
import type { WireValue } from "./codec.ts";
import { Connection } from "./connection.ts";
import type { Closed, ConnectionOptions } from "./connection_options.ts";

/** One end of a pair and the values it received. */
interface End {
  readonly connection: Connection;
  readonly received: WireValue[];
}

type EndOptions = Omit<ConnectionOptions, "receive">;

/** Two connected sockets. */
async function socketPair(): Promise<[Deno.Conn, Deno.Conn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  return await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
}

function endOf(conn: Deno.Conn, options: EndOptions = {}): End {
  const received: WireValue[] = [];
  const receive = (value: WireValue): void => void received.push(value);
  return { connection: new Connection(conn, { ...options, receive }), received };
}

async function pair(options: EndOptions = {}): Promise<[End, End]> {
  const [left, right] = await socketPair();
  return [endOf(left, options), endOf(right, options)];
}

/** A connection whose other end is a plain socket. */
async function bare(options: EndOptions = {}): Promise<[Deno.Conn, End]> {
  const [left, right] = await socketPair();
  return [left, endOf(right, options)];
}

/** A socket that records the sizes of writes. */
function countWrites(conn: Deno.Conn): { conn: Deno.Conn; sizes: number[] } {
  const sizes: number[] = [];
  const counted = new Proxy(conn, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(target, name, target);
      if (name === "write") {
        return (bytes: Uint8Array): Promise<number> => {
          sizes.push(bytes.length);
          return target.write(bytes);
        };
      }
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { conn: counted, sizes };
}

Deno.test("connection delivers values in order when both sides send", async () => {
  const [left, right] = await pair();
  const values = Array.from({ length: 1000 }, (_, i) => [i, "value", { bytes: Uint8Array.of(i) }]);
  for (const value of values) {
    assert(left.connection.send(value));
    assert(right.connection.send(value));
  }
  await until(() => left.received.length === 1000 && right.received.length === 1000);
  assertEquals(left.received, values);
  assertEquals(right.received, values);
  await left.connection.close();
  assertEquals((await right.connection.closed).kind, "remote");
});

Deno.test("connection delivers a value of many megabytes", async () => {
  const [left, right] = await pair();
  const big = new Uint8Array(12 * 1024 * 1024).map((_, i) => i);
  left.connection.send([1, big]);
  await until(() => right.received.length === 1);
  assertEquals(right.received, [[1, big]]);
  assertEquals(left.connection.queuedBytes, 0);
  await Promise.all([left.connection.close(), right.connection.close()]);
});

Deno.test("connection writes once for several values of one turn", async () => {
  const [left, right] = await socketPair();
  const counted = countWrites(left);
  const sender = endOf(counted.conn);
  const receiver = endOf(right);
  for (let i = 0; i < 100; i++) sender.connection.send(i);
  await until(() => receiver.received.length === 100);
  assertEquals(counted.sizes, [500]);
  await Promise.all([sender.connection.close(), receiver.connection.close()]);
});

Deno.test("connection sends its queue before it closes", async () => {
  const [left, right] = await pair();
  for (let i = 0; i < 50; i++) left.connection.send("x".repeat(10_000));
  assertEquals((await left.connection.close()).kind, "local");
  assertEquals((await right.connection.closed).kind, "remote");
  assertEquals(right.received.length, 50);
  assertEquals(left.connection.send(1), false);
});

Deno.test("connection refuses to send when the queue is full", async () => {
  const [socket, end] = await bare({ queueBytesMax: 1_000_000 });
  const value = new Uint8Array(100_000);
  let taken = 0;
  for (let i = 0; i < 200; i++) {
    if (end.connection.send(value)) taken += 1;
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  // The kernel's buffers take some, ours takes a million bytes, the rest is refused.
  assertLess(taken, 200);
  assert(end.connection.queuedBytes <= 1_000_000);
  end.connection.abort({ kind: "local", message: "the test is over" });
  socket.close();
});

Deno.test("connection counts what the system has taken as gone, also within one write", async () => {
  const [socket, far] = await socketPair();
  let taken = 0;
  const slow = new Proxy(socket, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(target, name, target);
      if (name === "write") return () => ++taken > 3 ? new Promise(() => {}) : Promise.resolve(100);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const { connection } = endOf(slow);
  connection.send(new Uint8Array(995));
  assertEquals(connection.queuedBytes, 1002);
  await until(() => taken === 4);
  assertEquals(connection.queuedBytes, 702);
  connection.abort({ kind: "local", message: "the test is over" });
  far.close();
});

Deno.test("connection says when a part of a frame has arrived, and not when none is open", async () => {
  let parts = 0;
  const [socket, end] = await bare({ arriving: () => parts++ });
  const bytes = frameOf(["a value", new Uint8Array(100)]);
  await socket.write(bytes.subarray(0, 50));
  await until(() => parts === 1);
  await socket.write(bytes.subarray(50));
  await until(() => end.received.length === 1);
  assertEquals(parts, 1);
  socket.close();
});

Deno.test("connection stays usable when a value is refused", async () => {
  const [left, right] = await pair({ frameBytesMax: 100 });
  const { connection } = left;
  connection.send(1);
  assertThrows(() => connection.send([undefined] as unknown as WireValue), TypeError);
  assertThrows(() => connection.send("x".repeat(100)), RangeError, "wanted at most 100 bytes");
  connection.send(2);
  await until(() => right.received.length === 2);
  assertEquals(right.received, [1, 2]);
  await Promise.all([left.connection.close(), right.connection.close()]);
});

Deno.test("connection ends without affecting others when it receives garbage", async () => {
  const [neighbourLeft, neighbourRight] = await pair();
  const text = new TextEncoder();
  const inputs: readonly Uint8Array[] = [
    text.encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0, 0, 0, 1, 0xc1),
    Uint8Array.of(0, 0, 0, 2, 1, 2),
    Uint8Array.of(0, 0, 0, 0),
    Uint8Array.of(0, 0, 0, 5, 0xdd, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0, 0, 4, 0, ...new Uint8Array(1024).fill(0x91)),
  ];
  for (const input of inputs) {
    const [socket, end] = await bare();
    await socket.write(input);
    const reason = await end.connection.closed;
    assertEquals(reason.kind, "garbage", reason.message);
    assertEquals(end.received, []);
    socket.close();
  }
  neighbourLeft.connection.send("still here");
  await until(() => neighbourRight.received.length === 1);
  await Promise.all([neighbourLeft.connection.close(), neighbourRight.connection.close()]);
});

Deno.test("connection delivers values that arrived before garbage", async () => {
  const [socket, end] = await bare();
  await socket.write(Uint8Array.from([...frameOf(1), ...frameOf(2), 0xff, 0xff, 0xff, 0xff]));
  assertEquals((await end.connection.closed).kind, "garbage");
  assertEquals(end.received, [1, 2]);
  socket.close();
});

Deno.test("connection reads frames that arrive one byte at a time", async () => {
  const [socket, end] = await bare();
  for (const byte of [...frameOf("hello"), ...frameOf([1, 2])]) {
    await socket.write(Uint8Array.of(byte));
  }
  await until(() => end.received.length === 2);
  assertEquals(end.received, ["hello", [1, 2]]);
  socket.close();
  assertEquals((await end.connection.closed).kind, "remote");
});

Deno.test("connection is broken when the stream ends inside a frame", async () => {
  const whole = frameOf(["some", "value"]);
  for (let length = 1; length < whole.length; length++) {
    const [socket, end] = await bare();
    await socket.write(whole.subarray(0, length));
    socket.close();
    assertEquals((await end.connection.closed).kind, "broken");
    assertEquals(end.received, []);
  }
});

Deno.test("connection ends when the first frame is late", async () => {
  const [socket, end] = await bare({ firstFrameMs: 30 });
  await socket.write(Uint8Array.of(0, 0, 0, 9));
  assertEquals((await end.connection.closed).kind, "silent");
  socket.close();
});

Deno.test("connection ends when the next frame is late", async () => {
  const [socket, end] = await bare({ firstFrameMs: 10_000, idleMs: 30 });
  await socket.write(frameOf(1));
  assertEquals((await end.connection.closed).kind, "silent");
  assertEquals(end.received, [1]);
  socket.close();
});

Deno.test("connection stays open while frames arrive before the deadline", async () => {
  const [socket, end] = await bare({ idleMs: 1000 });
  for (let i = 0; i < 10; i++) {
    await socket.write(frameOf(i));
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  assertEquals(end.received.length, 10);
  assert(!end.connection.isClosed);
  await end.connection.close();
  socket.close();
});

Deno.test("connection ends when the other side does not read", async () => {
  const [socket, end] = await bare({ stallMs: 50, idleMs: 60_000 });
  while (end.connection.send(new Uint8Array(8 * 1024 * 1024))) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals((await end.connection.closed).kind, "stalled");
  socket.close();
});

Deno.test("connection delivers nothing after its receiver refused a value", async () => {
  const [socket, right] = await socketPair();
  const received: WireValue[] = [];
  const connection = new Connection(right, {
    receive(value): void {
      received.push(value);
      connection.refuse("not a message");
    },
  });
  await socket.write(Uint8Array.from([...frameOf(1), ...frameOf(2)]));
  const reason: Closed = await connection.closed;
  assertEquals(reason, { kind: "garbage", message: "not a message" });
  assertEquals(received, [1]);
  socket.close();
});

Deno.test({
  name: "connection works over a Unix socket",
  ignore: Deno.build.os === "windows", // no Unix sockets there
  async fn() {
    const folder = await Deno.makeTempDir();
    const listener = Deno.listen({ transport: "unix", path: `${folder}/socket` });
    const [left, right] = await Promise.all([
      Deno.connect({ transport: "unix", path: `${folder}/socket` }),
      listener.accept(),
    ]);
    const [sender, receiver] = [endOf(left), endOf(right)];
    sender.connection.send("over a file");
    await until(() => receiver.received.length === 1);
    await Promise.all([sender.connection.close(), receiver.connection.close()]);
    listener.close();
    await Deno.remove(folder, { recursive: true });
  },
});
