/**
 * The answer to a connection beyond the limit: status 503 in the version of HTTP that it speaks. It is
 * written here because the server behind the gate never sees such a connection. Pure.
 *
 * @module
 */

import { HttpProblem } from "./problem.ts";

/** What a client of HTTP/2 sends first (RFC 9113, section 3.4). */
const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const FRAME = { data: 0, headers: 1, settings: 4, goAway: 7 } as const;
const FRAME_HEAD_BYTES = 9;
const END_STREAM = 1;
const END_HEADERS = 4;
/** The first request of a client. */
const FIRST_STREAM = 1;
/** The index of `:status` in the table that every compressor of headers has (RFC 7541). */
const STATUS_INDEX = 8;

/** The length of a request that needs to be seen at most, for headers of the usual length. */
export const BUSY_BYTES_MAX = 4096;

/**
 * The answer to a connection that has sent these bytes; `null`: they are not enough to answer. A
 * stream of HTTP/2 can be answered only when its client has opened it.
 */
export async function busyAnswer(
  bytes: Uint8Array,
  connectionsMax: number,
): Promise<Uint8Array | null> {
  const isVersion2 = PREFACE.subarray(0, bytes.length).every((byte, at) => byte === bytes[at]);
  if (isVersion2 && !hasRequest(bytes.subarray(PREFACE.length))) return null;
  const problem = new HttpProblem("overloaded", `More than ${connectionsMax} HTTP connections`, {
    headers: { "retry-after": "1", "connection": "close" },
  });
  const response = problem.response();
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = [...response.headers, ["content-length", `${body.length}`] as const];
  return isVersion2 ? version2(response.status, headers, body) : version1(headers, body);
}

type Headers = readonly (readonly [name: string, value: string])[];

function version1(headers: Headers, body: Uint8Array): Uint8Array {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 503 Service Unavailable\r\n${lines.join("")}\r\n`;
  return concat([new TextEncoder().encode(head), body]);
}

function version2(status: number, headers: Headers, body: Uint8Array): Uint8Array {
  const fields = headers.filter(([name]) => name !== "connection").map(([name, value]) =>
    concat([[0], text(name), text(value)])
  );
  const lastStream = [0, 0, 0, FIRST_STREAM];
  return concat([
    frame(FRAME.settings, { flags: 0, stream: 0 }, []),
    frame(FRAME.headers, { flags: END_HEADERS, stream: FIRST_STREAM }, [
      ...[STATUS_INDEX, ...text(`${status}`)],
      ...concat(fields),
    ]),
    frame(FRAME.data, { flags: END_STREAM, stream: FIRST_STREAM }, body),
    frame(FRAME.goAway, { flags: 0, stream: 0 }, [...lastStream, 0, 0, 0, 0]),
  ]);
}

/** Whether the frames hold the begin of a request. */
function hasRequest(frames: Uint8Array): boolean {
  for (let at = 0; at + FRAME_HEAD_BYTES <= frames.length;) {
    if (frames[at + 3] === FRAME.headers) return true;
    at += FRAME_HEAD_BYTES + (frames[at]! << 16 | frames[at + 1]! << 8 | frames[at + 2]!);
  }
  return false;
}

function frame(
  type: number,
  { flags, stream }: { readonly flags: number; readonly stream: number },
  content: ArrayLike<number>,
): Uint8Array {
  const { length } = content;
  const head = [length >> 16, length >> 8 & 0xff, length & 0xff, type, flags, 0, 0, 0, stream];
  return concat([head, content]);
}

/** A string of a header: its length, which fits into seven bits, and its bytes. */
function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [bytes.length, ...bytes];
}

function concat(parts: readonly ArrayLike<number>[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
