/**
 * Unix sockets that only the user of this process can open.
 *
 * @module
 */

/** The longest path of a Unix socket that every system accepts. */
const PATH_BYTES_MAX = 103;

/**
 * Listens at a path with a umask, so that other users cannot connect even for a moment. The socket
 * that a killed process has left is replaced.
 *
 * @throws {RangeError} If the path is longer than a socket's may be.
 */
export async function listenPrivately<Listener>(
  path: string,
  listen: (path: string) => Listener,
): Promise<Listener> {
  const pathBytes = new TextEncoder().encode(path).length;
  if (pathBytes > PATH_BYTES_MAX) {
    throw new RangeError(
      `Cannot open a socket: wanted a path of at most ${PATH_BYTES_MAX} bytes, ` +
        `got ${pathBytes}: ${path}`,
    );
  }
  await removeSocket(path);
  const before = Deno.umask(0o177);
  try {
    return listen(path);
  } finally {
    Deno.umask(before);
  }
}

/** Removes a socket, if it is there. */
export async function removeSocket(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
