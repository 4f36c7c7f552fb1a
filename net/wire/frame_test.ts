/**
 * Tests of frames: any portions, any lengths, and hostile bytes.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import type { WireValue } from "./codec.ts";
import { Encoder } from "./encoder.ts";
import { appendFrame, FRAME_BYTES_MAX, FrameDecoder } from "./frame.ts";

function framesOf(bodies: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(bodies.flatMap((body) => [...head(body.length), ...body]));
}

function head(length: number): number[] {
  return [length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
}

/** Feeds the stream in portions; `next` returns their sizes. */
function cut(stream: Uint8Array, next: () => number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const decoder = new FrameDecoder();
  const portion = new Uint8Array(stream.length);
  for (let at = 0; at < stream.length;) {
    const size = Math.min(next(), stream.length - at);
    // Reuse the memory as a connection does: bytes that the decoder keeps must be copies.
    portion.set(stream.subarray(at, at + size));
    decoder.push(portion.subarray(0, size), (frame) => frames.push(frame));
    portion.fill(0xee);
    at += size;
  }
  assert(!decoder.isInsideFrame);
  return frames;
}

Deno.test("frame decoder returns the frames from any portions", () => {
  const random = new SeededRandom(1, "frame");
  for (let round = 0; round < 50; round++) {
    const bodies = Array.from(
      { length: 10 },
      () => Uint8Array.from({ length: random.pick([0, 1, 5, 300, 3000]) }, () => random.below(256)),
    );
    const stream = framesOf(bodies);
    assertEquals(cut(stream, () => 1), bodies);
    assertEquals(cut(stream, () => stream.length), bodies);
    assertEquals(cut(stream, () => random.between(1, 7)), bodies);
    assertEquals(cut(stream, () => random.between(1, 2000)), bodies);
  }
});

Deno.test("frame decoder knows at every byte whether the stream may end there", () => {
  const bodies = [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4)];
  const stream = framesOf(bodies);
  const ends = [0, 7, 11, 16];
  for (let length = 0; length <= stream.length; length++) {
    const decoder = new FrameDecoder();
    const frames: Uint8Array[] = [];
    decoder.push(stream.subarray(0, length), (frame) => frames.push(frame));
    assertEquals(decoder.isInsideFrame, !ends.includes(length));
    assertEquals(frames, bodies.slice(0, ends.filter((end) => end > 0 && end <= length).length));
  }
});

Deno.test("frame decoder refuses a length above the limit before it allocates", () => {
  const cases: readonly (readonly [number, number[]])[] = [
    [FRAME_BYTES_MAX, [0xff, 0xff, 0xff, 0xff]],
    [FRAME_BYTES_MAX, head(FRAME_BYTES_MAX + 1)],
    [FRAME_BYTES_MAX, [...new TextEncoder().encode("GET / HTTP/1.1")]],
    [10, head(11)],
  ];
  for (const [frameBytesMax, bytes] of cases) {
    const decoder = new FrameDecoder({ frameBytesMax });
    const push = (): void => decoder.push(Uint8Array.from(bytes), () => assert(false));
    assertThrows(push, RangeError, `wanted at most ${frameBytesMax} bytes`);
    assertEquals(decoder.bytesHeld, 0);
  }
});

Deno.test("frame decoder accepts a frame of exactly the limit", () => {
  const decoder = new FrameDecoder({ frameBytesMax: 10 });
  const frames: Uint8Array[] = [];
  decoder.push(framesOf([new Uint8Array(10)]), (frame) => frames.push(frame));
  assertEquals(frames, [new Uint8Array(10)]);
});

Deno.test("frame decoder allocates little when a long frame is announced but not sent", () => {
  const decoders = Array.from({ length: 1_000 }, () => new FrameDecoder());
  for (const decoder of decoders) {
    decoder.push(Uint8Array.from(head(FRAME_BYTES_MAX)), () => assert(false));
    assertEquals(decoder.bytesHeld, 0);
    decoder.push(Uint8Array.of(1, 2, 3), () => assert(false));
    assertLess(decoder.bytesHeld, 2_000);
  }
});

Deno.test("frame decoder allocates at most twice the received part of a long frame", () => {
  const decoder = new FrameDecoder();
  const portion = new Uint8Array(64 * 1024);
  decoder.push(Uint8Array.from(head(FRAME_BYTES_MAX)), () => assert(false));
  for (let arrived = portion.length; arrived < FRAME_BYTES_MAX; arrived += portion.length) {
    decoder.push(portion, () => assert(false));
    assert(decoder.bytesHeld <= 2 * arrived);
  }
  let length = 0;
  decoder.push(portion, (frame) => length = frame.length);
  assertEquals(length, FRAME_BYTES_MAX);
  assertEquals(decoder.bytesHeld, 0);
});

Deno.test("frame decoder delivers or refuses random bytes, with bounded memory", () => {
  const random = new SeededRandom(3, "frame");
  for (let round = 0; round < 2_000; round++) {
    const decoder = new FrameDecoder({ frameBytesMax: 2 ** random.between(8, 32) });
    let fed = 0;
    try {
      for (let i = 0; i < 20; i++) {
        const bytes = Uint8Array.from({ length: random.below(50) }, () => random.below(256));
        fed += bytes.length;
        decoder.push(bytes, (frame) => assertLess(frame.length, fed));
        assert(decoder.bytesHeld <= Math.max(2 * fed, 1024));
      }
    } catch (error) {
      assert(error instanceof RangeError, `${error}`);
    }
  }
});

Deno.test("appendFrame writes the length before the value", () => {
  const encoder = new Encoder();
  appendFrame(encoder, "abc");
  appendFrame(encoder, [1, 2]);
  assertEquals([...encoder.bytes()], [0, 0, 0, 4, 0xa3, 97, 98, 99, 0, 0, 0, 3, 0x92, 1, 2]);
});

Deno.test("appendFrame leaves no byte behind for a refused value", () => {
  const encoder = new Encoder();
  appendFrame(encoder, 1);
  const bad = [1, undefined] as unknown as WireValue;
  assertThrows(() => appendFrame(encoder, bad), TypeError);
  assertThrows(() => appendFrame(encoder, "x".repeat(100), { frameBytesMax: 100 }), RangeError);
  assertEquals([...encoder.bytes()], [0, 0, 0, 1, 1]);
  appendFrame(encoder, "x".repeat(98), { frameBytesMax: 100 });
  assertEquals(encoder.length, 5 + 4 + 100);
});
