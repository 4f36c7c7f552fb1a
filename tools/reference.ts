/**
 * Writes `docs/reference.md` from the table of commands. Run by `deno task reference`.
 *
 * @module
 */

import { rows } from "../cli/rows/mod.ts";
import { referencePage } from "../cli/table/mod.ts";

await Deno.writeTextFile(
  new URL("../docs/reference.md", import.meta.url),
  referencePage(rows),
);
