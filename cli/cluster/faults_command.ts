/**
 * `kontiki partition`, `heal` and `faults`: what is wrong with the network of a local cluster, on
 * purpose.
 *
 * @module
 */

import { type Disturbance, type Faults, noFaults, partition } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import {
  type CommandContext,
  CommandError,
  type ExitReason,
  type FaultControl,
  nodeName,
  type Options,
  parseGroups,
  type Session,
  untilInterrupted,
} from "../table/mod.ts";
import { faultsText, groupsText } from "./faults_text.ts";
import { withSession } from "./open_session.ts";

/** Runs on the cluster in the folder that the flags name. */
export function run(context: CommandContext): Promise<ExitReason> {
  return withSession(context, (session) => runIn(context, session));
}

/** Runs on an open cluster. */
export async function runIn(context: CommandContext, session: Session): Promise<ExitReason> {
  const { options } = context;
  const { control, ids } = session;
  if (control === null) {
    throw new CommandError(
      "failure",
      "Cannot reach the control sockets: wanted --data with the folder of a local cluster",
    );
  }
  switch (options.command.name) {
    case "partition": {
      const groups = parseGroups(options.positional, ids);
      const change = { blocked: partition(groups) };
      return await set(context, { control, ids, change, text: groupsText(groups) });
    }
    case "heal":
      return await set(context, { control, ids, change: noFaults, text: "healed" });
    default: {
      const disturbance = disturbanceOf(options);
      if (disturbance === null) return await show(context, { control, ids });
      const change = { request: disturbance, reply: disturbance };
      const text = faultsText({ ...noFaults, ...change }, ids);
      return await set(context, { control, ids, change, text });
    }
  }
}

/** The nodes, and the way to their faults. */
interface Target {
  readonly control: FaultControl;
  readonly ids: readonly NodeId[];
}

async function set(
  context: CommandContext,
  { control, ids, change, text }: Target & { change: Partial<Faults>; text: string },
): Promise<ExitReason> {
  const { output } = context;
  const silent = await untilInterrupted(context, control.setFaults(change));
  const outcome = silent.length < ids.length ? "ok" : "unavailable";
  if (output.isJson) output.json({ outcome, faults: change, unreachable: silent });
  else {
    if (outcome === "ok") output.line(text);
    if (silent.length > 0) output.note(`No answer from ${silent.map(nodeName).join(", ")}.`);
  }
  return outcome;
}

async function show(
  context: CommandContext,
  { control, ids }: Target,
): Promise<ExitReason> {
  const { output } = context;
  const faults = await untilInterrupted(context, control.faults());
  if (output.isJson) {
    output.json(Object.fromEntries([...faults].map(([id, each]) => [nodeName(id), each])));
  } else {
    for (const line of faultLines(faults, ids)) output.line(line);
  }
  return faults.size > 0 ? "ok" : "unavailable";
}

/** One line if all nodes say the same, else one for each. */
function faultLines(faults: ReadonlyMap<NodeId, Faults>, ids: readonly NodeId[]): string[] {
  const texts = new Set([...faults.values()].map((each) => faultsText(each, ids)));
  if (texts.size === 1 && faults.size === ids.length) return [...texts];
  return ids.map((id) => {
    const each = faults.get(id);
    return `${nodeName(id)}  ${each === undefined ? "no answer" : faultsText(each, ids)}`;
  });
}

/** The longest time a message is held back when no delay was given. */
const reorderMs = 50;

function disturbanceOf(options: Options): Disturbance | null {
  const [drop, duplicate, reorder, delayMs] = ["drop", "duplicate", "reorder", "delay"]
    .map((name) => options.number(name));
  const isShown = [drop, duplicate, reorder, delayMs].every((each) => each === null);
  if (isShown) return null;
  const maxMs = delayMs ?? 0;
  return {
    drop: drop ?? 0,
    duplicate: duplicate ?? 0,
    delay: maxMs > 0 ? { kind: "uniform", minMs: 0, maxMs } : { kind: "none" },
    reorder: {
      probability: reorder ?? 0,
      delay: { kind: "uniform", minMs: 0, maxMs: Math.max(maxMs, reorderMs) },
    },
  };
}
