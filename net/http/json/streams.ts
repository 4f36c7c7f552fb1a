/**
 * Streams of JSON over HTTP: a line for each value (NDJSON), or server-sent events. A stream that has
 * nothing to say sends a sign of life, so that dead connections are found on both sides.
 *
 * Invariant: nothing is asked for before the client has taken what came before it, so that a slow
 * client holds a few values at most.
 *
 * @module
 */

import { STREAM_SILENCE_MS } from "../mod.ts";

/** A value for each line. */
export function linesOf(
  lines: AsyncGenerator<string, void, void>,
  signal: AbortSignal,
): Response {
  const encoded = streamOf(lines, { signal, frame: (line) => `${line}\n`, idle: "\n" });
  return new Response(encoded, { headers: { "content-type": "application/x-ndjson" } });
}

/** One server-sent event. */
export interface ServerEvent {
  /** Where a client that lost the connection goes on. */
  readonly id?: string;
  /** @default {"message"} */
  readonly event?: string;
  /** JSON, which has no line ends. */
  readonly data: string;
}

/** A server-sent event for each value. */
export function eventsOf(
  events: AsyncGenerator<ServerEvent, void, void>,
  signal: AbortSignal,
): Response {
  const frame = ({ id, event, data }: ServerEvent): string =>
    `${id === undefined ? "" : `id: ${id}\n`}${
      event === undefined ? "" : `event: ${event}\n`
    }data: ${data}\n\n`;
  return new Response(streamOf(events, { signal, frame, idle: ":\n\n" }), {
    headers: { "content-type": "text/event-stream" },
  });
}

function streamOf<Value>(
  values: AsyncGenerator<Value, void, void>,
  { signal, frame, idle }: {
    readonly signal: AbortSignal;
    readonly frame: (value: Value) => string;
    readonly idle: string;
  },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<Value, void>> | null = null;
  const aborted = new Promise<"aborted">((resolve) =>
    signal.addEventListener("abort", () => resolve("aborted"), { once: true })
  );
  return new ReadableStream({
    start(controller): void {
      // The head of an answer leaves with its first bytes.
      controller.enqueue(encoder.encode(idle));
    },
    async pull(controller): Promise<void> {
      next ??= values.next();
      const silence = Promise.withResolvers<"silent">();
      const timer = setTimeout(() => silence.resolve("silent"), STREAM_SILENCE_MS);
      const got = await Promise.race([next, silence.promise, aborted])
        .finally(() => clearTimeout(timer));
      if (got === "silent") return controller.enqueue(encoder.encode(idle));
      if (got === "aborted" || got.done) {
        await values.return();
        return controller.close();
      }
      next = null;
      controller.enqueue(encoder.encode(frame(got.value)));
    },
    async cancel(): Promise<void> {
      await values.return();
    },
  }, { highWaterMark: 0 });
}
