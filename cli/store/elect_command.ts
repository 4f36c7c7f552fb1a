/**
 * `kontiki elect`: runs a program while this client leads, and stands again when it was deposed.
 *
 * An election is a lock whose value is what its leader announces.
 *
 * @module
 */

import { type Ending, type Session, UsageError } from "../table/mod.ts";
import type { SessionContext } from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import {
  acquire,
  giveBack,
  lockOf,
  notHeld,
  onCluster,
  runProgram,
  untilLost,
} from "../cluster/mod.ts";

/** `kontiki elect`. */
export const { run, runIn } = onCluster<Row<"elect">>(runElect);

async function runElect(
  context: SessionContext<Row<"elect">>,
  session: Session,
): Promise<Ending> {
  const { options: { value }, output, args: { name }, rest } = context;
  if (rest.length === 0) throw new UsageError("Cannot elect: wanted -- COMMAND", "elect");
  while (true) {
    const lock = lockOf(context, session, value);
    const acquired = await acquire(context, { lock, session });
    if (acquired.type !== "held") return await notHeld(context, { lock, session, acquired });
    const { token } = acquired;
    if (output.isJson) output.json({ outcome: "leading", election: name, token });
    else output.note(`Leading (token ${token}).`);
    const watching = new AbortController();
    const lost = untilLost(context, { lock, session, signal: watching.signal });
    try {
      const env = { KONTIKI_LOCK: name, KONTIKI_LOCK_TOKEN: String(token) };
      const { code, isEnded } = await runProgram(rest, { env, stop: lost.then(() => {}) });
      if (!isEnded) return code;
      if (output.isJson) output.json({ outcome: "deposed", election: name, token });
      else output.note("Deposed: the program was ended; standing again.");
    } finally {
      watching.abort();
      await giveBack(context, lock);
    }
  }
}
