/**
 * Takes in connections until told to stop, also when the system has no more sockets for a while.
 *
 * Invariant: a failure to accept neither ends the node nor spins (X1).
 *
 * @module
 */

/** Something that takes in connections. */
export interface Acceptor {
  close(): void;
}

/** What to do with what comes in. */
export interface AcceptorOptions {
  readonly accept: (conn: Deno.Conn) => void;
  /** Told why the system refused to hand out a connection. */
  readonly failed: (message: string) => void;
  /** The pause after a failure. @default {100} */
  readonly pauseMs?: number;
}

/** Accepts until closed. */
export function acceptAll(listener: Deno.Listener, options: AcceptorOptions): Acceptor {
  let isClosed = false;
  let wake = (): void => {};
  const loop = async (): Promise<void> => {
    while (!isClosed) {
      try {
        options.accept(await listener.accept());
      } catch (error) {
        if (isClosed) return;
        options.failed(error instanceof Error ? error.message : `${error}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, options.pauseMs ?? 100);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
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
