/**
 * Opens listeners at configured addresses; errors name the address and its purpose.
 *
 * @module
 */

import type { Address } from "../../net/mod.ts";

/** An address to listen at, and the kind of connections there. */
export interface Place {
  readonly address: Address;
  readonly role: "peers" | "clients" | "HTTP";
}

/** The system refused to listen at an address. */
export class ListenError extends Error {
  readonly place: Place;

  constructor(cause: unknown, place: Place) {
    super(`Cannot listen for ${place.role}: ${cause}`, { cause });
    this.name = "ListenError";
    this.place = place;
  }
}

/** Calls `listen`, and turns its failure into a {@linkcode ListenError}. */
export function listening<Listener>(place: Place, listen: () => Listener): Listener {
  try {
    return listen();
  } catch (error) {
    // An invalid argument is an error of this program, not a failure of the system.
    if (error instanceof RangeError) throw error;
    throw new ListenError(error, place);
  }
}
