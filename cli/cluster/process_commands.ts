/**
 * Commands of the shell alone: `kill` and `start` for nodes that `kontiki up` runs, and `sleep`.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import {
  CommandError,
  nodeName,
  nodesFor,
  parseNodeName,
  type ProcessControl,
  type Session,
  type ShellCode,
  untilInterrupted,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";

/** How long `start` waits for a node that reads much data. */
const startMsMax = 10_000;

/** `kill` in the shell. */
export const kill: ShellCode<Row<"kill">> = {
  runIn: async (context, session) => {
    const { args, output } = context;
    const processes = processesOf(session, "kill");
    const nodes = await untilInterrupted(context, nodesFor(session, [args.node]));
    const id = parseNodeName(args.node, nodes);
    if (!processes.isRunning(id)) {
      throw new CommandError("failure", `${nodeName(id)} is not running`);
    }
    await processes.kill(id);
    output.line(`${nodeName(id)} killed`);
    return "ok";
  },
};

/** `start` in the shell. */
export const start: ShellCode<Row<"start">> = {
  runIn: async (context, session) => {
    const processes = processesOf(session, "start");
    const id = parseNodeName(context.args.node, session);
    if (processes.isRunning(id)) throw new CommandError("failure", `${nodeName(id)} is running`);
    await processes.start(id);
    await untilInterrupted(context, answers(session, { id, processes }));
    if (!processes.isRunning(id)) {
      throw new CommandError("failure", `${nodeName(id)} ended at once`);
    }
    context.output.line(`${nodeName(id)} started`);
    return "ok";
  },
};

/** `sleep` in the shell. */
export const sleep: ShellCode<Row<"sleep">> = {
  runIn: async (context) => {
    const { time: ms } = context.args;
    await untilInterrupted(context, new Promise((resolve) => setTimeout(resolve, ms)));
    return "ok";
  },
};

function processesOf({ processes }: Session, name: string): ProcessControl {
  if (processes !== null) return processes;
  throw new CommandError(
    "failure",
    `Cannot ${name} a node: wanted a shell that "kontiki up" started, which runs the nodes itself`,
  );
}

/** Resolves when the node answers, when it has ended, or when the time is up. */
async function answers(
  session: Session,
  { id, processes }: { readonly id: NodeId; readonly processes: ProcessControl },
): Promise<void> {
  const { clock, ids } = session;
  const deadline = clock.now() + startMsMax;
  while (processes.isRunning(id) && clock.now() < deadline) {
    const reports = await session.reports();
    if (reports[ids.indexOf(id)] !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
