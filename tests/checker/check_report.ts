/**
 * The verdict on a history as text. Pure.
 *
 * Invariant: "unknown" is printed as such, with the number of undecided keys.
 *
 * @module
 */

import type { HistoryFile } from "./history.ts";
import type { CheckResult, Verdict } from "./search/mod.ts";

/** Describes the result in sentences. */
export function describeResult(file: HistoryFile, result: CheckResult, elapsedMs: number): string {
  const { model } = file.model;
  const count = (verdict: Verdict): number =>
    result.partitions.filter((partition) => partition.verdict === verdict).length;
  const lines = [
    `${VERDICT_WORDS[result.verdict]}: ${plural(result.operations, "operation")} on ` +
    `${plural(result.partitions.length, "key")}, model ${model.name}, ` +
    `${plural(result.steps, "step")}, ${Math.round(elapsedMs)} ms`,
    `keys: ${count("ok")} ok, ${count("illegal")} illegal, ${count("unknown")} unknown`,
  ];
  const { failure } = result;
  if (failure === null) return lines.join("\n");
  const describe = (place: number): string => {
    const { client, call, return: end, input, output } = file.operations[place]!;
    const mark = place === failure.culprit ? "✗" : " ";
    return `  ${mark} client ${client}  [${call}, ${end ?? "…"}]  ${model.describe(input, output)}`;
  };
  lines.push(
    "",
    `The smallest failing part, on key ${JSON.stringify(failure.key)}:`,
    `  possible before it: ${failure.start.join(" or ")}`,
    ...failure.operations.map(describe),
  );
  if (failure.optional.length > 0) {
    lines.push("  and, whether they took effect or not:", ...failure.optional.map(describe));
  }
  return lines.join("\n");
}

const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  ok: "ok, linearizable",
  illegal: "ILLEGAL, not linearizable",
  unknown: "UNKNOWN, the deadline came before an answer",
};

function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}
