/**
 * Waiting with a limit.
 *
 * @module
 */

import { setDeadline } from "../../raft/mod.ts";

/** The value; `null` once the time is over or the signal is raised. */
export async function within<Value>(
  value: Promise<Value>,
  ms: number,
  signal?: AbortSignal,
): Promise<Value | null> {
  const late = Promise.withResolvers<null>();
  const giveUp = (): void => late.resolve(null);
  const cancel = setDeadline(giveUp, Math.min(Math.max(0, ms), 2 ** 31 - 1));
  signal?.addEventListener("abort", giveUp);
  try {
    return await Promise.race([value, late.promise]);
  } finally {
    cancel();
    signal?.removeEventListener("abort", giveUp);
  }
}
