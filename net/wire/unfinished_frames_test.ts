/**
 * Tests of which connection may be read when incomplete frames hold all the room.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { until } from "../../tests/helpers/until.ts";
import { type FrameHolder, UnfinishedFrames } from "./unfinished_frames.ts";

/** A connection without a socket. */
class Fake implements FrameHolder {
  bytesReceived = 0;
  reads = 0;
  end: string | null = null;
  readonly #frames: UnfinishedFrames;

  constructor(frames: UnfinishedFrames) {
    this.#frames = frames;
  }

  /** Asks whether it may be read, and records when it may. */
  async read(): Promise<void> {
    const room = this.#frames.room(this);
    if (room !== null) await room;
    this.reads += 1;
  }

  abort({ message }: { readonly message: string }): void {
    this.end = message;
    this.#frames.hold(this, 0);
  }
}

Deno.test("UnfinishedFrames lets every connection be read while there is room", () => {
  const frames = new UnfinishedFrames({ bytesMax: 100 });
  const [one, two] = [new Fake(frames), new Fake(frames)];
  frames.hold(one, 50);
  frames.hold(two, 49);
  assertEquals([frames.bytes, frames.room(one), frames.room(two)], [99, null, null]);
  frames.hold(one, 0);
  frames.hold(two, 0);
  assertEquals(frames.bytes, 0);
});

Deno.test("UnfinishedFrames lets the frame that was begun first go on when there is no room", async () => {
  const frames = new UnfinishedFrames({ bytesMax: 100 });
  const [one, two, three, idle] = [0, 0, 0, 0].map(() => new Fake(frames));
  for (const holder of [one!, two!, three!]) frames.hold(holder, 60);
  const reads = [one!, two!, three!, idle!].map((holder) => holder.read());
  await Promise.all([reads[0], reads[3]]);
  assertEquals([one!.reads, two!.reads, three!.reads, idle!.reads], [1, 0, 0, 1]);
  // The first frame is complete: the second may be read, the third may not.
  frames.hold(one!, 0);
  await reads[1];
  assertEquals([two!.reads, three!.reads], [1, 0]);
  frames.hold(two!, 0);
  await reads[2];
  assertEquals(frames.bytes, 60);
  frames.hold(three!, 0);
});

Deno.test("UnfinishedFrames lets a connection end while it waits", async () => {
  const frames = new UnfinishedFrames({ bytesMax: 10 });
  const [one, two] = [new Fake(frames), new Fake(frames)];
  frames.hold(one, 10);
  frames.hold(two, 10);
  const reading = two.read();
  two.abort({ message: "ended" });
  await reading;
  assertEquals(frames.bytes, 10);
  frames.hold(one, 0);
});

Deno.test("UnfinishedFrames ends a frame that does not go on only when others wait", async () => {
  const frames = new UnfinishedFrames({ bytesMax: 10, stallMs: 60 });
  const [stuck, busy, waiting] = [new Fake(frames), new Fake(frames), new Fake(frames)];
  frames.hold(stuck, 10);
  await new Promise((resolve) => setTimeout(resolve, 150));
  assertEquals(stuck.end, null, "no other frame needs the room");
  frames.hold(busy, 10);
  frames.hold(waiting, 10);
  const reads = [busy.read(), waiting.read()];
  const receiving = setInterval(() => busy.bytesReceived += 4096, 5);
  await until(() => stuck.end !== null);
  await reads[0];
  assertEquals([busy.end, waiting.end], [null, null]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assertEquals(busy.end, null, "a frame that goes on is left alone");
  clearInterval(receiving);
  await until(() => busy.end !== null);
  await reads[1];
  assert(waiting.reads === 1 && waiting.end === null);
  frames.hold(waiting, 0);
  assertEquals(frames.bytes, 0);
});
