/**
 * The log of a node as lines in an array, each with its level.
 *
 * @module
 */

/** A log that adds to the lines. */
export function listLog(
  lines: string[],
): Record<"debug" | "info" | "warn" | "error", (line: string) => void> {
  const at = (level: string) => (line: string): void => void lines.push(`${level}: ${line}`);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
