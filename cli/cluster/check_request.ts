/**
 * Checks a request against the limits of the store before it is sent to a server.
 *
 * @module
 */

import { encodeRequest, type Request } from "../../kv/mod.ts";
import { UsageError } from "../table/mod.ts";

/** Throws a {@linkcode UsageError} for a key or a value beyond the limits of the store. */
export function checkRequest(makeRequest: () => Request, command: string): void {
  try {
    encodeRequest(makeRequest());
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, command) : error;
  }
}
