/**
 * What a folder of tables holds when it is opened.
 *
 * @module
 */

import {
  BlockCache,
  type Manifest,
  readManifest,
  Table,
  tableName,
  UNFINISHED,
} from "./files/mod.ts";
import type { TablesOptions } from "./options.ts";

/** Open tables, and what the manifest says of them. */
export interface OpenTables {
  readonly cache: BlockCache;
  readonly levels: readonly (readonly Table[])[];
  readonly manifest: Manifest;
}

/** Opens all tables that the manifest names, and removes all others. */
export async function openTables(
  { files, cacheBytes }: Required<TablesOptions>,
): Promise<OpenTables> {
  const cache = new BlockCache(cacheBytes);
  const manifest = await readManifest(files);
  const named = new Set(manifest.levels.flat().map(tableName));
  for (const name of await files.list()) {
    const isOurs = name.endsWith(UNFINISHED) || name.endsWith(".table");
    if (isOurs && !named.has(name)) await files.remove(name);
  }
  const levels = await Promise.all(
    manifest.levels.map((numbers) =>
      Promise.all(
        numbers.map((number) => Table.open(files, { number, name: tableName(number) }, cache)),
      )
    ),
  );
  return { cache, levels, manifest };
}
