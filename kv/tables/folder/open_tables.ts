/**
 * What a folder of tables holds when it is opened.
 *
 * @module
 */

import { StorageError } from "../../../raft/mod.ts";
import {
  type BlockCache,
  type Manifest,
  readManifest,
  Table,
  tableName,
  UNFINISHED,
} from "../files/mod.ts";
import type { TablesOptions } from "./options.ts";

/** Open tables, and what the manifest says of them. */
export interface OpenTables {
  readonly levels: readonly (readonly Table[])[];
  readonly manifest: Manifest;
}

/** Opens all tables that the manifest names, and removes all others. */
export async function openTables(
  { files }: Pick<TablesOptions, "files">,
  cache: BlockCache,
): Promise<OpenTables> {
  const manifest = await readManifest(files);
  const named = new Set(manifest.levels.flat().map(({ number }) => tableName(number)));
  const present = new Set(await files.list());
  for (const name of named) {
    if (present.has(name)) continue;
    throw new StorageError("damaged", "the manifest names a table that is not there", {
      file: name,
    });
  }
  for (const name of present) {
    const isOurs = name.endsWith(UNFINISHED) || name.endsWith(".table");
    if (isOurs && !named.has(name)) await files.remove(name);
  }
  const levels = await Promise.all(
    manifest.levels.map((tables) =>
      Promise.all(
        tables.map((table) =>
          Table.open(files, { ...table, name: tableName(table.number) }, cache)
        ),
      )
    ),
  );
  return { levels, manifest };
}
