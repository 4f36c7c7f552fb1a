/**
 * Lines out of a stream of bytes, as they come in.
 *
 * @module
 */

/** The lines of the stream; a last one counts also when the stream ends within it. */
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
