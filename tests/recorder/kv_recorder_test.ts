/**
 * Tests of the recorder: which operations are in a history, and the order of their times.
 *
 * @module
 */

import { assert, assertEquals, AssertionError, assertThrows } from "@std/assert";
import { Clerk, encodeReply, type Reply } from "../../kv/mod.ts";
import type { KvInput } from "../checker/kv_model.ts";
import { KvRecorder } from "./kv_recorder.ts";
import { VirtualClock } from "../sim/virtual_clock.ts";

const put: KvInput = { op: "put", key: "k", value: "v", version: 0 };
const get: KvInput = { op: "get", key: "k" };

/** A clerk that gets these answers, `null` for silence, while the clock stands still. */
function setUp(answers: readonly (Reply | null)[]) {
  const clock = new VirtualClock();
  const left = [...answers];
  const call = (_server: number, _request: Uint8Array, deadline: number) => {
    const reply = left.shift() ?? null;
    if (reply !== null) return Promise.resolve(encodeReply(reply));
    return new Promise<null>((resolve) => {
      clock.after(Math.max(0, deadline - clock.now()), () => resolve(null));
    });
  };
  const clerk = new Clerk({ servers: [1], call, clock, random: () => 0.5, attemptMs: 10 });
  const recorder = new KvRecorder(() => clock.now());
  const act = { clerk, client: 7, timeoutMs: 100 };
  return { clock, recorder, act };
}

Deno.test("KvRecorder orders events while the clock stands still", async () => {
  const { clock, recorder, act } = setUp([{ type: "stored" }, { type: "noKey" }]);
  await recorder.execute(put, act);
  await recorder.execute(get, act);
  assertEquals(clock.now(), 0);
  const [first, second] = recorder.history;
  assert(first?.return !== null && first!.return! < second!.call);
  const { message } = assertThrows(
    () => recorder.judge(60_000),
    AssertionError,
    "get k → ErrNoKey",
  );
  await Deno.remove(message.slice(message.lastIndexOf(" ") + 1));
});

Deno.test("KvRecorder returns ok for a linearizable history, and unknown when time runs out", async () => {
  const value = new TextEncoder().encode("v");
  const { recorder, act } = setUp([{ type: "stored" }, { type: "value", value, version: 1 }]);
  await recorder.execute(put, act);
  await recorder.execute(get, act);
  assertEquals(recorder.judge(60_000), "ok");
  assertEquals(recorder.judge(0), "unknown");
});

Deno.test("KvRecorder omits operations that were not executed", async () => {
  const { clock, recorder, act } = setUp([]);
  assertEquals(await clock.wait(recorder.execute(get, act)), "never");
  assertEquals(recorder.history, []);
});

Deno.test("KvRecorder leaves a put open when it was given up or its version was guessed", async () => {
  const used: readonly (Reply | null)[] = [null, { type: "wrongVersion", version: 1 }];
  const cases = [
    { answers: used, isGuess: false, isOpen: false },
    { answers: used, isGuess: true, isOpen: true },
    { answers: [], isGuess: false, isOpen: true },
  ];
  for (const { answers, isGuess, isOpen } of cases) {
    const { clock, recorder, act } = setUp(answers);
    const output = await clock.wait(recorder.execute(put, { ...act, isGuess }));
    assertEquals(output, isOpen ? null : { op: "put", error: "ErrMaybe" });
    assertEquals(recorder.history[0]?.return === null, isOpen);
  }
});
