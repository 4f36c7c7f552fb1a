/**
 * How many connections a process may hold: the system gives it so many file descriptors, and the log
 * needs some of them at any time. A node that runs out of them for a segment of its log has to end.
 *
 * Invariant: connections never use up the descriptors that are kept for files.
 *
 * @module
 */

/** Where the limit cannot be learnt: the smallest usual default. */
const UNKNOWN_LIMIT = 256;

/** Files of the log and the snapshot, the runtime's own, listeners, and the peers' connections. */
const RESERVE = 96;

/** With fewer than this a node cannot serve. */
export const DESCRIPTORS_MIN = 128;

/** How many connections a node takes on each port, by the names of their options. */
export interface ConnectionLimits {
  /** The port for clients. */
  readonly clients: { readonly connectionsMax: number; readonly pendingHellosMax: number };
  /** The port for peers, whose own connections are few. */
  readonly peers: { readonly pendingHellosMax: number };
}

/** The limits that fit the descriptors of this process. */
export function connectionLimits(): ConnectionLimits {
  return shareDescriptors(descriptorLimit());
}

/**
 * The number of files and sockets that this process may have open. A shell is asked, whose limit is
 * inherited from this process: `/proc/self/limits` is closed to a process without all permissions,
 * and there is no such file outside Linux.
 */
export function descriptorLimit(shell = "sh"): number {
  try {
    const { stdout } = new Deno.Command(shell, { args: ["-c", "ulimit -n"] }).outputSync();
    return parseLimit(new TextDecoder().decode(stdout));
  } catch (error) {
    const { NotCapable, NotFound } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotCapable) return UNKNOWN_LIMIT;
    throw error;
  }
}

/** What the shell says: a number, or `unlimited`, which is as good as any large number. */
export function parseLimit(answer: string): number {
  const word = answer.trim();
  if (word === "unlimited") return 2 ** 20;
  return /^\d+$/.test(word) ? Number(word) : UNKNOWN_LIMIT;
}

/**
 * Shares the descriptors out: most of them to clients, up to the limits that memory sets.
 *
 * @throws {RangeError} If there are too few.
 */
export function shareDescriptors(limit: number): ConnectionLimits {
  if (limit < DESCRIPTORS_MIN) {
    throw new RangeError(
      `Cannot serve: wanted at least ${DESCRIPTORS_MIN} file descriptors (ulimit -n), got ${limit}`,
    );
  }
  const free = limit - RESERVE;
  const peers = { pendingHellosMax: Math.min(64, Math.floor(free / 8)) };
  const pendingHellosMax = Math.min(256, Math.floor(free / 8));
  const connectionsMax = Math.min(4096, free - pendingHellosMax - peers.pendingHellosMax);
  return { clients: { connectionsMax, pendingHellosMax }, peers };
}
