/**
 * Accepts connections until it is closed, also when the system has no more sockets for a while, and
 * at a pace that leaves time for everything else.
 *
 * Invariants: a failure to accept neither ends the node nor spins (X1); however many connections come
 * at once, most of the time is left for those that are open (X8).
 *
 * @module
 */

/** Something that accepts connections. */
export interface Acceptor {
  /** Ends accepting, and closes the listener. */
  close(): void;
}

/** Options of {@linkcode acceptAll}. */
export interface AcceptorOptions {
  /** Called with each connection. */
  readonly accept: (conn: Deno.Conn) => void;
  /** Called with the reason when the system gives no connection. */
  readonly failed: (message: string) => void;
  /** The pause after a failure. @default {100} */
  readonly pauseMs?: number;
  /** The number of connections that are accepted within {@linkcode ROUND_MS}. @default {10} */
  readonly roundMax?: number;
}

/** A flood of connections is accepted in rounds of this length. */
export const ROUND_MS = 10;

/** Accepts until closed. */
export function acceptAll(listener: Deno.Listener, options: AcceptorOptions): Acceptor {
  const { accept, failed, pauseMs = 100, roundMax = 10 } = options;
  let isClosed = false;
  let wake = (): void => {};
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const loop = async (): Promise<void> => {
    let roundEndsAt = 0;
    let accepted = 0;
    while (!isClosed) {
      try {
        const conn = await listener.accept();
        accept(conn);
      } catch (error) {
        if (isClosed) return;
        failed(error instanceof Error ? error.message : `${error}`);
        await pause(pauseMs);
      }
      const now = performance.now();
      if (now >= roundEndsAt) {
        roundEndsAt = now + ROUND_MS;
        accepted = 0;
      } else if (++accepted >= roundMax && !isClosed) await pause(roundEndsAt - now);
    }
  };
  loop();
  return {
    close(): void {
      isClosed = true;
      wake();
      listener.close();
    },
  };
}
