/**
 * `kontiki version`: prints versions.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };
import type { Row } from "./rows/mod.ts";
import type { CommandContext, ExitReason } from "./table/mod.ts";

/** Prints the versions of Kontiki and of its runtime. */
export function run({ output }: CommandContext<Row<"version">>): Promise<ExitReason> {
  const { version } = config;
  const target = Deno.build.target;
  if (output.isJson) output.json({ version, deno: Deno.version.deno, target });
  else output.line(`kontiki ${version} (Deno ${Deno.version.deno}, ${target})`);
  return Promise.resolve("ok");
}
