/**
 * The files below a folder, for tests that read a corpus.
 *
 * @module
 */

/** The sorted relative paths of all files below the folder with the given ending. */
export function filesBelow(folder: URL, ending: string): string[] {
  const paths = (path: string): string[] =>
    [...Deno.readDirSync(new URL(path, folder))].flatMap(({ name, isDirectory }) =>
      isDirectory ? paths(`${path}${name}/`) : name.endsWith(ending) ? [`${path}${name}`] : []
    );
  return paths("./").map((path) => path.slice("./".length)).sort();
}
