/**
 * `begin`, `commit` and `rollback` in the shell: a batch that is put together line by line.
 *
 * @module
 */

import { countText, type Ending, type Session, type SessionContext } from "../table/mod.ts";
import { beginBatch, endBatch, type Row } from "../rows/mod.ts";
import { runBatch } from "./batch_command.ts";

/** `begin` in the shell. */
export const begin = {
  runIn: ({ output }: SessionContext<Row<"begin">>, session: Session): Promise<Ending> => {
    beginBatch(session);
    output.note("A batch is open: check, operations, else; commit or rollback ends it.");
    return Promise.resolve("ok");
  },
};

/** `commit` in the shell. */
export const commit = {
  runIn: async (context: SessionContext<Row<"commit">>, session: Session): Promise<Ending> => {
    const { batch } = endBatch(session, "commit");
    const limits = { ...context, options: { ...context.options, node: null } };
    return await runBatch(limits, session, batch);
  },
};

/** `rollback` in the shell. */
export const rollback = {
  runIn: ({ output }: SessionContext<Row<"rollback">>, session: Session): Promise<Ending> => {
    const { size } = endBatch(session, "rollback");
    output.note(`Dropped ${countText(size, "line")}; nothing was sent.`);
    return Promise.resolve("ok");
  },
};
