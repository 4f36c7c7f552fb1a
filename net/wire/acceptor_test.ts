/**
 * Tests that accepting continues, with pauses, when the system is out of sockets.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { acceptAll, ROUND_MS } from "./acceptor.ts";

/** A listener that fails the given number of times before it works. */
function listenerThatFails(times: number, conn: Deno.Conn): Deno.Listener {
  let accepts = 0;
  let isClosed = false;
  const accept = (): Promise<Deno.Conn> => {
    accepts += 1;
    if (isClosed) return Promise.reject(new Deno.errors.BadResource("closed"));
    if (accepts <= times) return Promise.reject(new Error("Too many open files (os error 24)"));
    return accepts === times + 1 ? Promise.resolve(conn) : new Promise(() => {});
  };
  const close = (): void => {
    isClosed = true;
  };
  return { accept, close } as unknown as Deno.Listener;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("acceptAll continues after the system was out of sockets (X1)", async () => {
  const conn = {} as Deno.Conn;
  const got: Deno.Conn[] = [];
  const failures: string[] = [];
  const acceptor = acceptAll(listenerThatFails(3, conn), {
    accept: (accepted) => got.push(accepted),
    failed: (message) => failures.push(message),
    pauseMs: 5,
  });
  for (let tries = 0; got.length === 0 && tries < 500; tries++) await sleep(2);
  acceptor.close();
  assertEquals(got, [conn]);
  assertEquals(failures.length, 3);
});

Deno.test("acceptAll takes a flood of connections in rounds, with time for others in between", async () => {
  let accepted = 0;
  // Connections arrive at once, but not for ever: without pauses nothing else would run.
  const accept = (): Promise<Deno.Conn> =>
    accepted < 10_000 ? Promise.resolve({} as Deno.Conn) : new Promise(() => {});
  const listener = { accept, close: () => {} } as unknown as Deno.Listener;
  let timers = 0;
  const other = setInterval(() => timers++, 1);
  const acceptor = acceptAll(listener, { accept: () => accepted++, failed: () => {}, roundMax: 5 });
  const start = performance.now();
  await sleep(200);
  acceptor.close();
  clearInterval(other);
  const rounds = (performance.now() - start) / ROUND_MS;
  assert(accepted >= 6);
  assertLess(accepted, 6 * rounds + 12, "no more than the limit in each round");
  assert(timers >= 1, "other work goes on");
});

Deno.test("acceptAll does not spin while the system is out of sockets (X1)", async () => {
  let failures = 0;
  const acceptor = acceptAll(listenerThatFails(Infinity, {} as Deno.Conn), {
    accept: () => {},
    failed: () => failures++,
    pauseMs: 20,
  });
  await sleep(200);
  acceptor.close();
  assert(failures >= 1);
  assertLess(failures, 15);
  const before = failures;
  await sleep(50);
  assertEquals(failures, before);
});
