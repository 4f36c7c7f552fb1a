/**
 * Ports of this machine to listen on soon, for programs that must know them before they do.
 *
 * @module
 */

const host = "127.0.0.1";

/**
 * Below the ports that systems give to connections that go out (from 32768 on Linux, from 49152
 * elsewhere): one of those, free now, may be somebody's before a node has started to listen.
 */
const ports = { first: 20_000, last: 32_767 };

/** A port that nobody listens on now, never the same twice in this process. */
export function freePort(): number {
  while (true) {
    const port = ports.first + Math.floor(Math.random() * (ports.last - ports.first + 1));
    if (given.has(port) || !isFreePort(port)) continue;
    given.add(port);
    return port;
  }
}

const given = new Set<number>();

/** Whether a listener would get the port now. */
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
