/**
 * Help made from the table: the text of `--help`, and the reference page of the documentation. Pure.
 *
 * @module
 */

import type { CommandRow, FlagRow } from "./row.ts";
import { exitCodes, exitMeaning, exitReasons } from "./exit_codes.ts";
import { variableName } from "./options.ts";
import { formatTable } from "./output.ts";

const intro = "Kontiki: a replicated key/value store that behaves like one copy.";

const precedence =
  "A flag on the command line comes before every environment variable, also before those of flags " +
  "that it excludes; a variable comes before the default. `--` ends the flags: arguments behind it " +
  "may begin with `-`. Words and variables that are not UTF-8 are refused.";

/** Help fits on terminals of 80 columns. */
const columnsMax = 80;

/** The text of `kontiki --help`. */
export function overviewHelp(commands: readonly CommandRow[]): string {
  const rows = commands.map((command) => ["  " + command.name, command.summary]);
  return [
    intro,
    "",
    "Usage: kontiki COMMAND [ARGUMENTS] [FLAGS]",
    "",
    "Commands:",
    ...tableBody(rows),
    "",
    "Start here:    kontiki up",
    "More on one:   kontiki COMMAND --help",
    "",
  ].join("\n");
}

/** The text of `kontiki COMMAND --help`. */
export function commandHelp(command: CommandRow): string {
  const lines = [command.summary, "", `Usage: ${usageLine(command)}`, ""];
  for (const paragraph of command.description ?? []) lines.push(...wrap(paragraph, columnsMax), "");
  if (command.arguments.length > 0) {
    lines.push("Arguments:");
    lines.push(...tableBody(command.arguments.map((each) => [`  ${each.name}`, each.help])), "");
  }
  lines.push("Flags, and the environment variables that stand for them:");
  for (const flag of command.flags) {
    lines.push(`  ${flagUsage(flag)}`);
    const variable = variableName(command, flag);
    const help = variable === null ? flagHelp(flag) : `${flagHelp(flag)} [${variable}]`;
    lines.push(...wrap(help, columnsMax - 6).map((line) => `      ${line}`));
  }
  lines.push("  -h, --help", "      print this", "", ...wrap(precedence, columnsMax), "");
  if (command.examples.length > 0) {
    lines.push("Examples:");
    for (const { line, help } of command.examples) {
      lines.push(`  ${line}`);
      if (help !== "") lines.push(`      ${help}`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

/** The page `docs/reference.md`. */
export function referencePage(commands: readonly CommandRow[]): string {
  const lines = [
    "# Reference",
    "",
    "Made from the table in `cli/rows/` by `deno task reference`; do not edit.",
    "",
    ...wrap(
      `${precedence} \`NO_COLOR\` turns colours off. With \`--json\` a value is a string where it is ` +
        'valid UTF-8, and `{"base64": "…"}` where it is not. Durations: `500ms`, `5s`, `2m`. Sizes: ' +
        "`256`, `64KiB`, `1MiB`.",
      100,
    ),
    "",
    "## Exit codes",
    "",
    "| Code | Name | Meaning |",
    "| ---: | ---- | ------- |",
  ];
  for (const reason of exitReasons) {
    lines.push(`| ${exitCodes[reason]} | ${reason} | ${exitMeaning(reason)} |`);
  }
  lines.push(
    "",
    ...wrap(
      "Any other code is one that `exit` in a shell named, that of the program that `kontiki lock` ran, " +
        "or 101 from the runtime of the compiled executable, which ends before any command runs when " +
        "an argument is not UTF-8.",
      100,
    ),
  );
  for (const command of commands) lines.push("", ...commandSection(command));
  return lines.join("\n") + "\n";
}

function commandSection(command: CommandRow): string[] {
  const lines = [`## ${command.name}`, "", command.summary, ""];
  lines.push("```text", usageLine(command), "```", "");
  for (const paragraph of command.description ?? []) lines.push(...wrap(paragraph, 100), "");
  if (command.arguments.length > 0) {
    lines.push("| Argument | Meaning |", "| -------- | ------- |");
    for (const each of command.arguments) lines.push(`| \`${each.name}\` | ${cell(each.help)} |`);
    lines.push("");
  }
  if (command.flags.length > 0) {
    lines.push("| Flag | Variable | Meaning |", "| ---- | -------- | ------- |");
    for (const flag of command.flags) {
      const variable = variableName(command, flag);
      const name = variable === null ? "none" : `\`${variable}\``;
      lines.push(`| \`${cell(flagUsage(flag))}\` | ${name} | ${cell(flagHelp(flag))} |`);
    }
    lines.push("");
  }
  if (command.examples.length > 0) {
    lines.push("```text");
    for (const { line, help } of command.examples) {
      lines.push(help === "" ? line : `${line}    # ${help}`);
    }
    lines.push("```");
  }
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** One line: how the command is called. */
export function usageLine(command: CommandRow): string {
  const words = ["kontiki", command.name];
  for (const each of command.arguments) {
    const name = each.many === true ? `${each.name}…` : each.name;
    words.push(each.required ? name : `[${name}]`);
  }
  for (const flag of command.flags) if (flag.required) words.push(flagUsage(flag));
  if (command.flags.some((flag) => !flag.required)) words.push("[FLAGS]");
  if (command.rest !== undefined) words.push(`[-- ${command.rest}]`);
  return words.join(" ");
}

function flagUsage(flag: FlagRow): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const value = flag.type === "boolean" ? "" : ` ${flag.value ?? flag.name.toUpperCase()}`;
  return `${short}--${flag.name}${value}`;
}

function flagHelp(flag: FlagRow): string {
  const details = [
    ...flag.required ? ["required"] : [],
    ...flag.default === undefined ? [] : [`default ${flag.default}`],
    ...flag.excludes === undefined
      ? []
      : [`not together with ${flag.excludes.map((name) => `--${name}`).join(", ")}`],
  ];
  return details.length === 0 ? flag.help : `${flag.help} (${details.join("; ")})`;
}

function tableBody(rows: readonly (readonly string[])[]): string[] {
  const columns = (rows[0] ?? []).map(() => ({ title: "" }));
  return formatTable(columns, rows).slice(1);
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
