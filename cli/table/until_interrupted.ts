/**
 * Waiting that Ctrl-C ends. Every wait of a command that can take long goes through here, since a
 * signal with a listener no longer ends the process by itself.
 *
 * @module
 */

/** The result of the work; rejects as soon as the command is interrupted. */
export function untilInterrupted<T>(
  { signal }: { readonly signal: AbortSignal },
  work: Promise<T>,
): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const interrupted = Promise.withResolvers<never>();
  const stop = (): void => interrupted.reject(signal.reason);
  signal.addEventListener("abort", stop);
  return Promise.race([work, interrupted.promise])
    .finally(() => signal.removeEventListener("abort", stop));
}
