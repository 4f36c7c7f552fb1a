/**
 * A log and a state that are durable each by itself, made to fit together at the start. A crash may
 * have come between the two steps in which an image of another server goes into force: the state is
 * replaced first, then the log begins behind it. A state that was written from the log, which knows no
 * members, is never ahead of it.
 *
 * @module
 */

import {
  applySave,
  baseOf,
  lastOf,
  type Persistent,
  positionAt,
  type Snapshot,
  type Storage,
} from "../core/mod.ts";
import { StorageError } from "../storage/mod.ts";

/**
 * What the storage holds once the log goes on from the state: a log that does not hold the state's
 * position begins anew behind it, durably.
 *
 * @throws {StorageError} If entries between the state and the log are missing, or the end of the log.
 */
export async function alignedLog(
  persistent: Persistent,
  state: Snapshot | null,
  storage: Storage,
): Promise<Persistent> {
  if (state === null) return persistent;
  const { index, term } = state.last;
  const base = baseOf(persistent);
  if (index < base.index) {
    const problem = `the state ends at entry ${index}, and the log begins behind ${base.index}`;
    throw new StorageError("damaged", problem);
  }
  if (positionAt(persistent, index)?.term === term) return persistent;
  if (state.members.voters.length === 0) {
    const end = lastOf(persistent);
    const problem = `the state was written from the log up to entry ${index} of term ${term}, ` +
      `and the log ends at ${end.index} of term ${end.term}`;
    throw new StorageError("damaged", problem);
  }
  const save = { vote: null, snapshot: state, tail: { from: index + 1, entries: [] } };
  await storage.save(save);
  return applySave(persistent, save);
}
