/**
 * Listening at an address that somebody wrote down: the errors say which address, and for whom.
 *
 * @module
 */

import type { Address } from "../../net/mod.ts";

/** Where to listen, and who is to be heard there. */
export interface Place {
  readonly address: Address;
  readonly role: "peers" | "clients";
}

/** The system does not let a node listen where it was told to. */
export class ListenError extends Error {
  readonly place: Place;

  constructor(cause: unknown, place: Place) {
    super(`Cannot listen for ${place.role}: ${cause}`, { cause });
    this.name = "ListenError";
    this.place = place;
  }
}

/** What `listen` returns; its failure as a {@linkcode ListenError}. */
export function listening<Listener>(place: Place, listen: () => Listener): Listener {
  try {
    return listen();
  } catch (error) {
    // About what we were told, not about what the system has.
    if (error instanceof RangeError) throw error;
    throw new ListenError(error, place);
  }
}
