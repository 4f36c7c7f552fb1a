/**
 * The lines typed in the shell, kept between sessions in the user's state folder. A history that
 * cannot be read or written causes a note and does not end the session.
 *
 * @module
 */

/** The maximum number of lines. */
export const historyLinesMax = 1000;

/** The lines of a file; none if it does not exist. */
export async function loadHistory(path: string): Promise<string[]> {
  try {
    return parseHistory(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Replaces the file; two shells that end at the same time cannot mix their lines. */
export async function saveHistory(path: string, lines: readonly string[]): Promise<void> {
  await Deno.mkdir(path.replace(/[^/\\]*$/, ""), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${Deno.pid}.tmp`;
  await Deno.writeTextFile(temporary, formatHistory(lines), { mode: 0o600 });
  await Deno.rename(temporary, path);
}

/** Lines from the text of a file. */
export function parseHistory(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "").slice(-historyLinesMax);
}

/** The text of a file from lines. */
export function formatHistory(lines: readonly string[]): string {
  return lines.slice(-historyLinesMax).map((line) => `${line}\n`).join("");
}

/** The history with a new line; one that repeats the last, or is blank, adds nothing. */
export function addToHistory(lines: readonly string[], line: string): readonly string[] {
  if (line.trim() === "" || lines.at(-1) === line) return lines;
  return [...lines, line].slice(-historyLinesMax);
}

/** The path of the history: from its own variable, else in the user's state folder. */
export function historyPath(environment: (name: string) => string | undefined): string | null {
  const own = environment("KONTIKI_HISTORY");
  if (own !== undefined && own !== "") return own;
  const state = environment("XDG_STATE_HOME");
  if (state !== undefined && state !== "") return `${state}/kontiki/history`;
  const home = environment("HOME") ?? environment("LOCALAPPDATA");
  return home === undefined || home === "" ? null : `${home}/.local/state/kontiki/history`;
}
