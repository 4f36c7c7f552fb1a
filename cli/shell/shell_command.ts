/**
 * `kontiki shell`: the shell on a running cluster. `kontiki up` uses the same functions for the
 * source of lines and for the history.
 *
 * @module
 */

import {
  type CommandContext,
  countText,
  type Ending,
  linesOf,
  type Session,
  type SessionContext,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { historyPath, loadHistory, saveHistory } from "./shell_history.ts";
import { withSession } from "../cluster/mod.ts";
import { Shell } from "./shell.ts";

/** Runs a shell on the cluster that the flags name. */
export function run(context: CommandContext<Row<"shell">>): Promise<Ending> {
  return withSession(context.options, (session) => runShell(context, session), { isShell: true });
}

/** The context of `shell` and `up`. */
type ShellContext = SessionContext<Row<"shell">> | SessionContext<Row<"up">>;

/** Runs a shell on an open cluster: commands of `--exec`, else a script in a pipe, else an interactive session. */
export async function runShell(context: ShellContext, session: Session): Promise<Ending> {
  const { options, output, signal, shellCommands } = context;
  const shell = new Shell({
    session,
    commands: shellCommands,
    output,
    signal,
    timeoutMs: options.timeout,
  });
  if (options.exec !== null) return await shell.runScript([options.exec]);
  if (!Deno.stdin.isTerminal()) {
    return await shell.runScript(linesOf(Deno.stdin.readable, { signal }));
  }
  output.line(
    `Connected to ${session.cluster}, ${countText(session.ids.length, "node")}. ` +
      '"help" lists commands.',
  );
  const path = historyPath((name) => Deno.env.get(name));
  const before = path === null ? [] : await tolerantly(context, () => loadHistory(path)) ?? [];
  const after = await shell.runTerminal(before);
  if (path !== null && after !== before) await tolerantly(context, () => saveHistory(path, after));
  return shell.exitCode;
}

/** A history that cannot be read or written must not end the shell. */
async function tolerantly<T>(
  { output }: ShellContext,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    output.note(`No history: ${error.message}`);
    return undefined;
  }
}
