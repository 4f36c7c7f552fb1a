/**
 * The answer of a full port, in both versions of HTTP.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { busyAnswer } from "./busy.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const PREFACE = encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const SETTINGS = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];
const REQUEST = [0, 0, 1, 1, 5, 0, 0, 0, 1, 0x82];

/** The types and streams of the frames. */
function framesOf(bytes: Uint8Array): (readonly [type: number, stream: number])[] {
  const frames: (readonly [number, number])[] = [];
  for (let at = 0; at < bytes.length;) {
    frames.push([bytes[at + 3]!, bytes[at + 8]!]);
    at += 9 + (bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!);
  }
  return frames;
}

Deno.test("a client of HTTP/1.1 is answered at its first bytes", async () => {
  for (const begin of ["GET / HTTP/1.1\r\n", "PUT ", "PRX", "\0"]) {
    const text = new TextDecoder().decode((await busyAnswer(encode(begin), 5))!);
    assertStringIncludes(text, "HTTP/1.1 503 Service Unavailable\r\n");
    const [head = "", body = ""] = text.split("\r\n\r\n");
    assertStringIncludes(head, `content-length: ${body.length}`);
    assertEquals(JSON.parse(body).status, 503);
  }
});

Deno.test("a client of HTTP/2 is answered on its stream, when it has opened one", async () => {
  const whole = Uint8Array.of(...PREFACE, ...SETTINGS, ...REQUEST);
  for (let length = 0; length < PREFACE.length + SETTINGS.length + 9; length++) {
    assertEquals(await busyAnswer(whole.subarray(0, length), 5), null, `${length} bytes`);
  }
  const answer = (await busyAnswer(whole, 5))!;
  assertEquals(framesOf(answer), [[4, 0], [1, 1], [0, 1], [7, 0]]);
});
