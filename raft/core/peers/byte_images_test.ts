/**
 * Tests of images of bytes: read in pieces, received in chunks.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Moment, NodeId } from "../model/types.ts";
import { ByteImages } from "./byte_images.ts";
import { MEMBERS } from "../../../tests/helpers/log_entries.ts";

const LAST = { index: 3, term: 2, times: { steady: 0, wall: 0 } };

/** Receives bytes at an offset; returns how many have arrived, or the whole image. */
function receive(
  images: ByteImages,
  { from = 2, last = LAST, offset, data, total = 5 }: {
    readonly from?: NodeId;
    readonly last?: Moment;
    readonly offset: number;
    readonly data: readonly number[];
    readonly total?: number;
  },
): number | Uint8Array {
  const chunk = { from, last, members: MEMBERS, offset, data: Uint8Array.from(data), total };
  const { place, snapshot } = images.receive(chunk);
  return snapshot?.data ?? place.offset;
}

Deno.test("ByteImages receive chunks in order and ignore all others", () => {
  const images = new ByteImages();
  assertEquals(receive(images, { offset: 0, data: [1, 2] }), 2);
  assertEquals(receive(images, { offset: 0, data: [9, 9] }), 2); // twice
  assertEquals(receive(images, { offset: 3, data: [9] }), 2); // too early
  assertEquals(receive(images, { offset: 2, data: [3, 4, 5, 6] }), 2); // longer than the whole
  assertEquals(receive(images, { offset: 2, data: [] }), 2); // a question
  assertEquals(receive(images, { offset: 2, data: [3, 4, 5] }), new Uint8Array([1, 2, 3, 4, 5]));
  assertEquals(receive(images, { offset: 5, data: [] }), 0); // it is not kept
});

Deno.test("ByteImages begin anew for another sender, index or term", () => {
  const others = [{ from: 3 }, { last: { ...LAST, term: 1 } }, { last: { ...LAST, index: 4 } }];
  for (const other of others) {
    const images = new ByteImages();
    receive(images, { offset: 0, data: [1, 2] });
    assertEquals(receive(images, { offset: 2, data: [], ...other }), 0);
  }
});

Deno.test("ByteImages receive an image again that the machine cannot read (X7)", () => {
  const images = new ByteImages(([first]) => first === 1);
  assertEquals(receive(images, { offset: 0, data: [9, 9, 9, 9, 9] }), 0);
  const sound = [1, 2, 3, 4, 5];
  assertEquals(receive(images, { offset: 0, data: sound }), Uint8Array.from(sound));
});

Deno.test("ByteImages are read in pieces that cover the whole", () => {
  const images = new ByteImages();
  const snapshot = { last: LAST, members: MEMBERS, data: Uint8Array.from([1, 2, 3, 4, 5]) };
  const pieces: [number[], boolean][] = [];
  let place = { offset: 0, cursor: new Uint8Array(0) };
  while (place.offset < images.size(snapshot)) {
    const { data, next, isLast } = images.read(snapshot, place, 2);
    pieces.push([[...data], isLast]);
    place = { ...next, cursor: new Uint8Array(0) };
  }
  assertEquals(pieces, [[[1, 2], false], [[3, 4], false], [[5], true]]);
});
