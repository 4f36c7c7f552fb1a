/**
 * The command line that runs this same program again: the executable, or Deno with the source.
 *
 * @module
 */

/**
 * The heap grows by three tenths before it is collected. By default it doubles and more, and what is
 * freed then is not given back to the system: a loaded node took 600 MiB for 100 that were in use.
 */
export const HEAP_FLAG = "--v8-flags=--heap-growing-percent=30";

/** The permissions of the program; the compiled executable has the same. */
export const permissions: readonly string[] = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-run",
  "--allow-sys",
];

/** The program and its first arguments, before those of a command. */
export function selfCommand(): readonly string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const main = new URL("../main.ts", import.meta.url).href;
  return [Deno.execPath(), "run", "--quiet", HEAP_FLAG, ...permissions, main];
}
