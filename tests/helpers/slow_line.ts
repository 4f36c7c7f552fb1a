/**
 * A narrow line between sockets: it carries every connection to one address. All of them share the
 * bandwidth in each direction, a few bytes at a time each.
 *
 * @module
 */

/** The bytes that a connection carries before it is the turn of the next. */
const TURN_BYTES = 4096;

/** The address to dial instead of the real one. */
export class SlowLine implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #ends = new Set<Deno.Conn>();
  readonly #bytesPerSecond: number;

  constructor(to: Deno.ConnectOptions, { bytesPerSecond }: { readonly bytesPerSecond: number }) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accept(to);
  }

  get address(): { readonly hostname: string; readonly port: number } {
    const { hostname, port } = this.#listener.addr as Deno.NetAddr;
    return { hostname, port };
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const end of this.#ends) end.close();
    this.#ends.clear();
  }

  async #accept(to: Deno.ConnectOptions): Promise<void> {
    const [there, back] = [{ freeAt: 0 }, { freeAt: 0 }];
    for await (const near of this.#listener) {
      this.#ends.add(near);
      const far = await Deno.connect(to);
      this.#ends.add(far);
      this.#carry(near, far, there);
      this.#carry(far, near, back);
    }
  }

  /** Copies until one side closes its connection, then closes the other. */
  async #carry(from: Deno.Conn, to: Deno.Conn, direction: { freeAt: number }): Promise<void> {
    const buffer = new Uint8Array(TURN_BYTES);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        const ms = count * 1000 / this.#bytesPerSecond;
        direction.freeAt = Math.max(performance.now(), direction.freeAt) + ms;
        const waitMs = direction.freeAt - performance.now();
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
      }
    } catch (error) {
      if (!isHungUp(error)) throw error;
    }
    for (const end of [from, to]) {
      if (this.#ends.delete(end)) end.close();
    }
  }
}

function isHungUp(error: unknown): boolean {
  const { BadResource, BrokenPipe, ConnectionReset, Interrupted, NotConnected } = Deno.errors;
  return [BadResource, BrokenPipe, ConnectionReset, Interrupted, NotConnected].some((kind) =>
    error instanceof kind
  );
}
