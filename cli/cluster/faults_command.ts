/**
 * `kontiki partition`, `heal` and `faults`: they show and change the injected faults of a local
 * cluster's network.
 *
 * @module
 */

import {
  type Disturbance,
  type Faults,
  noFaults,
  partition as blockedBetween,
} from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import {
  CommandError,
  type ExitReason,
  type FaultControl,
  nodeName,
  nodesFor,
  parseGroups,
  type Session,
  type SessionContext,
  untilInterrupted,
} from "../table/mod.ts";
import { faultsText, groupsText } from "./faults_text.ts";
import type { Row } from "../rows/mod.ts";
import { onCluster } from "./open_session.ts";

/** `kontiki partition`. */
export const partition = onCluster<Row<"partition">>(async (context, session) => {
  const target = targetOf(session);
  const { group: words } = context.args;
  const groups = parseGroups(words, await untilInterrupted(context, nodesFor(session, words)));
  const change = { blocked: blockedBetween(groups) };
  return await set(context, { ...target, change, text: groupsText(groups) });
});

/** `kontiki heal`. */
export const heal = onCluster<Row<"heal">>(async (context, session) =>
  await set(context, { ...targetOf(session), change: noFaults, text: "healed" })
);

/** `kontiki faults`. */
export const faults = onCluster<Row<"faults">>(async (context, session) => {
  const target = targetOf(session);
  const disturbance = disturbanceOf(context.options);
  if (disturbance === null) return await show(context, target);
  const change = { request: disturbance, reply: disturbance };
  const text = faultsText({ ...noFaults, ...change }, session.ids);
  return await set(context, { ...target, change, text });
});

/** The nodes of the cluster, and access to their faults. */
interface Target {
  readonly control: FaultControl;
  readonly ids: readonly NodeId[];
}

function targetOf({ control, ids }: Session): Target {
  if (control !== null) return { control, ids };
  throw new CommandError(
    "failure",
    "Cannot reach the control sockets: wanted --data with the folder of a local cluster",
  );
}

/** The part of a command's context that is used here. */
type Context = Pick<SessionContext<Row<"heal">>, "output" | "signal">;

async function set(
  context: Context,
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
  context: Context,
  { control, ids }: Target,
): Promise<ExitReason> {
  const { output } = context;
  const inForce = await untilInterrupted(context, control.faults());
  if (output.isJson) {
    output.json(Object.fromEntries([...inForce].map(([id, each]) => [nodeName(id), each])));
  } else {
    for (const line of faultLines(inForce, ids)) output.line(line);
  }
  return inForce.size > 0 ? "ok" : "unavailable";
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

function disturbanceOf(
  { drop, duplicate, reorder, delay }: SessionContext<Row<"faults">>["options"],
): Disturbance | null {
  if ([drop, duplicate, reorder, delay].every((each) => each === null)) return null;
  const maxMs = delay ?? 0;
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
