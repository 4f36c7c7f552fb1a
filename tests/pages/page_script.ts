/**
 * The script of a page out of the checked modules in `script/`, as one text that the page holds.
 *
 * The modules come in the order of their imports, and share one scope: no two of them may give the
 * same name to different things.
 *
 * @module
 */

const folder = new URL("script/", import.meta.url);

/** The text of the modules without what joins them. */
export function pageScript(names: readonly string[]): string {
  const texts = names.map((name) => Deno.readTextFileSync(new URL(`${name}.js`, folder)));
  return texts.join("\n")
    .replaceAll(/^import [^;]*;\n/gm, "")
    .replaceAll(/^export /gm, "");
}
