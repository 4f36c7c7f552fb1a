/**
 * Makes the imports of `@std/…` resolve on this machine. Where JSR answers there is nothing to do;
 * where it does not, `.std` (a workspace folder that git ignores) becomes a link to our stand-ins in
 * `tools/std/`. With `--from DIR` it leads to a folder that holds true copies of the packages.
 *
 * Imports nothing but what Deno itself brings, so that it runs before anything is installed.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url);
const STAND_INS = new URL("tools/std/", ROOT);
const LINK = new URL(".std", ROOT);
const ANSWER_WITHIN_MS = 3_000;

/** Whether JSR answers with what it knows of a package that we need. */
async function isJsrThere(): Promise<boolean> {
  try {
    const response = await fetch("https://jsr.io/@std/assert/meta.json", {
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    await response.body?.cancel();
    return response.ok;
  } catch (error) {
    // Any failure to reach it means the same here; a fault of our own must not hide behind it.
    if (error instanceof TypeError || error instanceof DOMException) return false;
    throw error;
  }
}

/** The folders of `from` that are packages, by name. */
function packagesIn(from: URL): string[] {
  return [...Deno.readDirSync(from)]
    .filter((entry) => entry.isDirectory && exists(new URL(`${entry.name}/deno.json`, from)))
    .map((entry) => entry.name)
    .sort();
}

function exists(file: URL): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes the link. A real folder of that name is kept. */
function removeLink(): void {
  try {
    if (!Deno.lstatSync(LINK).isSymlink) throw new Error("Cannot set up: wanted .std a link");
    Deno.removeSync(LINK);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The folder itself is the link: Deno looks for workspace members in real folders only. */
function link(from: URL): string[] {
  const packages = packagesIn(from);
  if (packages.length === 0) {
    throw new Error(`Cannot set up: wanted packages in ${from.pathname}, got none`);
  }
  removeLink();
  // A junction needs no rights on Windows; elsewhere the type means nothing.
  Deno.symlinkSync(from, LINK, { type: "junction" });
  return packages;
}

/** Deno would pass over such links in silence and ask JSR. */
function refuseFolderOfLinks(): void {
  for (const entry of Deno.readDirSync(LINK)) {
    if (!entry.isSymlink) continue;
    throw new Error(`Cannot use .std: wanted folders, got the link ${entry.name}; delete .std`);
  }
}

function folderUrl(path: string): URL {
  const absolute = Deno.realPathSync(path).replaceAll("\\", "/");
  return new URL(`file://${absolute.startsWith("/") ? "" : "/"}${encodeURI(absolute)}/`);
}

async function main(args: readonly string[]): Promise<void> {
  const [flag, folder] = args;
  if (flag === "--from" && folder !== undefined) {
    console.log(`setup: @std/… are ${link(folderUrl(folder)).join(", ")} of ${folder}`);
  } else if (flag !== undefined) {
    console.error(`Cannot set up: wanted nothing or --from DIR, got ${args.join(" ")}`);
    Deno.exit(2);
  } else if (exists(LINK)) {
    refuseFolderOfLinks();
  } else if (await isJsrThere()) {
    removeLink();
  } else {
    link(STAND_INS);
    console.log("setup: JSR does not answer, so @std/… are the stand-ins in tools/std");
  }
}

if (import.meta.main) await main(Deno.args);
