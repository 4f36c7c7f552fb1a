/**
 * The number of connections that a process may hold. The system gives it a number of file
 * descriptors, of which the log needs some at any time: a node that has none for a new segment must
 * end.
 *
 * Invariant: connections never use the descriptors that are kept for files.
 *
 * @module
 */

/** The assumed limit where the system's cannot be read: the smallest usual default. */
const UNKNOWN_LIMIT = 256;

/** Kept for files of the log and the snapshot, the runtime, listeners, and connections of peers. */
const RESERVE = 96;

/**
 * What a connection of the HTTP port takes: its socket, both ends of the one behind the gate, and the
 * socket of another connection that is being refused.
 */
const HTTP_DESCRIPTORS = 4;

/** The least number with which a node can serve. */
export const DESCRIPTORS_MIN = 128;

/** The number of connections on each port, as options of the servers. */
export interface ConnectionLimits {
  /** The port for clients. */
  readonly clients: { readonly connectionsMax: number; readonly pendingHellosMax: number };
  /** The port for peers, which needs few connections. */
  readonly peers: { readonly pendingHellosMax: number };
  /** The port for HTTP. */
  readonly http: { readonly connectionsMax: number };
}

/** The limits that fit the descriptors of this process. */
export function connectionLimits(
  ports: { readonly hasHttp: boolean } = { hasHttp: false },
): ConnectionLimits {
  return shareDescriptors(descriptorLimit(), ports);
}

/**
 * The number of files and sockets that this process may have open. It is read by a shell, which
 * inherits the limit: `/proc/self/limits` is closed to a process without all permissions, and
 * exists on Linux only.
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

/** The shell's output as a number; `unlimited` counts as a large one. */
export function parseLimit(answer: string): number {
  const word = answer.trim();
  if (word === "unlimited") return 2 ** 20;
  return /^\d+$/.test(word) ? Number(word) : UNKNOWN_LIMIT;
}

/**
 * Divides the descriptors: most of them for clients, up to the limits that memory sets.
 *
 * @throws {RangeError} If there are too few.
 */
export function shareDescriptors(
  limit: number,
  { hasHttp }: { readonly hasHttp: boolean },
): ConnectionLimits {
  if (limit < DESCRIPTORS_MIN) {
    throw new RangeError(
      `Cannot serve: wanted at least ${DESCRIPTORS_MIN} file descriptors (ulimit -n), got ${limit}`,
    );
  }
  const free = limit - RESERVE;
  const peers = { pendingHellosMax: Math.min(64, Math.floor(free / 8)) };
  const pendingHellosMax = Math.min(256, Math.floor(free / 8));
  const http = { connectionsMax: hasHttp ? Math.min(256, Math.floor(free / 16)) : 0 };
  const others = pendingHellosMax + peers.pendingHellosMax + HTTP_DESCRIPTORS * http.connectionsMax;
  const connectionsMax = Math.min(4096, free - others);
  return { clients: { connectionsMax, pendingHellosMax }, peers, http };
}
