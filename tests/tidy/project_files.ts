/**
 * The files of the project, as text.
 *
 * @module
 */

/** One file of the project. */
export interface SourceFile {
  /** From the root of the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const ROOT = new URL("../../", import.meta.url);

/** All files of the project whose names end like this, without hidden folders. */
export function projectFiles(endings: readonly string[], folder = ""): SourceFile[] {
  const entries = [...Deno.readDirSync(new URL(folder === "" ? "." : folder, ROOT))];
  return entries.flatMap(({ name, isDirectory, isFile }) => {
    const path = `${folder}${name}`;
    if (isDirectory && !name.startsWith(".") && name !== "node_modules") {
      return projectFiles(endings, `${path}/`);
    }
    if (!isFile || !endings.some((ending) => name.endsWith(ending))) return [];
    return [{ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }];
  });
}
