/**
 * Commands of the shell alone: `kill` and `start` for nodes that `kontiki up` runs, and `sleep`.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import {
  type CommandContext,
  CommandError,
  type ExitReason,
  nodeName,
  parseDuration,
  parseNodeName,
  type Session,
  untilInterrupted,
  UsageError,
} from "../table/mod.ts";

/** A node that reads much data at its start is not waited for any longer. */
const startMsMax = 10_000;

/** These commands need a shell around them. */
export function run(): Promise<ExitReason> {
  throw new UsageError("Cannot run this command: wanted a shell");
}

/** Runs one of them in the shell of a cluster. */
export async function runIn(context: CommandContext, session: Session): Promise<ExitReason> {
  const { options, output } = context;
  const { name } = options.command;
  if (name === "sleep") {
    const ms = parseDuration(options.argument(0));
    if (ms === null) {
      throw new UsageError(
        `Cannot sleep: wanted a duration such as 500ms or 2s, got "${options.argument(0)}"`,
      );
    }
    await untilInterrupted(context, new Promise((resolve) => setTimeout(resolve, ms)));
    return "ok";
  }
  const { processes } = session;
  if (processes === null) {
    throw new CommandError(
      "failure",
      `Cannot ${name} a node: wanted a shell that "kontiki up" started, which runs the nodes itself`,
    );
  }
  const id = parseNodeName(options.argument(0), session.ids);
  if (name === "kill") {
    if (!processes.isRunning(id)) {
      throw new CommandError("failure", `${nodeName(id)} is not running`);
    }
    await processes.kill(id);
    output.line(`${nodeName(id)} killed`);
  } else {
    if (processes.isRunning(id)) throw new CommandError("failure", `${nodeName(id)} is running`);
    await processes.start(id);
    await untilInterrupted(context, answers(session, id));
    if (!processes.isRunning(id)) {
      throw new CommandError("failure", `${nodeName(id)} ended at once`);
    }
    output.line(`${nodeName(id)} started`);
  }
  return "ok";
}

/** Resolves when the node answers, has ended, or takes its time, as one with much data does. */
async function answers(session: Session, id: NodeId): Promise<void> {
  const { clock, processes, ids } = session;
  const deadline = clock.now() + startMsMax;
  while (processes!.isRunning(id) && clock.now() < deadline) {
    const reports = await session.reports();
    if (reports[ids.indexOf(id)] !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
