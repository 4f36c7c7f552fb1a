/**
 * Help as the shell shows it: command lines without the name of the executable. Pure.
 *
 * @module
 */

import { commandHelp, type CommandRow, formatTable, usageLine } from "../table/mod.ts";

/** A line for each command. */
export function overview(commands: readonly CommandRow[]): string {
  const rows = commands.map((command) => [`  ${shortUsage(command)}`, command.summary]);
  return formatTable([{ title: "" }, { title: "" }], rows).slice(1).join("\n") + "\n";
}

/** The help of one command. */
export function helpOf(command: CommandRow): string {
  return commandHelp(command).replaceAll(`kontiki ${command.name}`, command.name);
}

function shortUsage(command: CommandRow): string {
  return usageLine(command).replace("kontiki ", "");
}

/** The rest of the command line that is being typed. */
export function hint(text: string, commands: readonly CommandRow[]): string {
  const [, name, blank] = /^\s*(\S+)(\s*)$/.exec(text) ?? [];
  const command = commands.find((each) => each.name === name);
  if (command === undefined) return "";
  const usage = shortUsage(command).slice(command.name.length + 1);
  return blank === "" ? ` ${usage}` : usage;
}
