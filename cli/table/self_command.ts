/**
 * The command line that runs this same program again: the executable, or Deno with the source.
 *
 * @module
 */

/** What the program may do, one by one; the compiled executable is given the same. */
export const permissions: readonly string[] = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-run",
  "--allow-sys",
];

/** A program and its first arguments; those of a command go behind. */
export function selfCommand(): readonly string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const main = new URL("../main.ts", import.meta.url).href;
  return [Deno.execPath(), "run", "--quiet", ...permissions, main];
}
