/**
 * The files of the project, as text.
 *
 * @module
 */

import type { SourceFile } from "./source_text.ts";

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
