/**
 * Splits a stream of bytes into lines.
 *
 * @module
 */

/** The lines of the stream, including an incomplete last line. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream(), options)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
