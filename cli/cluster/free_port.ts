/**
 * Finds free ports for programs that must know a port before they listen on it.
 *
 * @module
 */

const host = "127.0.0.1";

/**
 * Below the range of outgoing connections (from 32768 on Linux, from 49152 elsewhere), in which a
 * free port may be taken before a node listens on it.
 */
const ports = { first: 20_000, last: 32_767 };

/** A free port, different at each call in this process. */
export function freePort(): number {
  while (true) {
    const port = ports.first + Math.floor(Math.random() * (ports.last - ports.first + 1));
    if (given.has(port) || !isFreePort(port)) continue;
    given.add(port);
    return port;
  }
}

const given = new Set<number>();

/** Whether a listener could be opened on the port. */
export function isFreePort(port: number): boolean {
  try {
    Deno.listen({ hostname: host, port }).close();
    return true;
  } catch (error) {
    const isTaken = error instanceof Deno.errors.AddrInUse ||
      error instanceof Deno.errors.PermissionDenied;
    if (isTaken) return false;
    throw error;
  }
}
