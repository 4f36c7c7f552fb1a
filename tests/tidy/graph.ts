/**
 * The rules of the import graph: no circles, no arrow that runs up, one door a folder, and what a
 * node may load; and the picture of the folders. Works on imports, wherever they come from.
 *
 * @module
 */

import type { Import } from "./imports.ts";
import type { Violation } from "./tidy.ts";

/** Two rooms that do not import each other, and the only folder that may. */
export interface Apart {
  readonly rooms: readonly [string, string];
  readonly but: readonly string[];
}

/** What {@linkcode checkGraph} holds the imports against. */
export interface GraphRules {
  /** The folders from the bottom up. */
  readonly layers: readonly (readonly string[])[];
  readonly apart: readonly Apart[];
  readonly node: { readonly starts: readonly string[]; readonly loadsNothingOf: string };
}

const FILES_MAX = 20;

/** The folder of a file; `.` for the root of the project. */
export function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
}

/** Tests, benchmarks and tools stand above everything: nothing imports them. */
function isFree(path: string): boolean {
  return /_(?:test|bench)\.ts$/.test(path) || path.startsWith("tools/");
}

/** Whether the folder is the room or inside it. */
function isIn(folder: string, room: string): boolean {
  return folder === room || folder.startsWith(`${room}/`);
}

/** Every rule of the graph. */
export function checkGraph(imports: readonly Import[], rules: GraphRules): Violation[] {
  const loads = imports.filter(({ kind }) => kind !== "named");
  return [
    ...checkCircles(loads),
    ...loads.flatMap((one) => checkArrow(one, rules)),
    ...checkNode(loads, rules),
  ];
}

function checkArrow({ path, line, target, kind }: Import, rules: GraphRules): Violation[] {
  const [from, to] = [folderOf(path), folderOf(target)];
  if (from === to || isFree(path)) return [];
  const broken = (rule: string, message: string): Violation[] => [{ path, line, rule, message }];
  const rankOf = (folder: string): number => rules.layers.findIndex((row) => row.includes(folder));
  for (const folder of [from, to]) {
    if (rankOf(folder) >= 0) continue;
    return broken(
      "layers",
      `wanted ${folder} in a row of LAYERS in tests/tidy/layers.ts, got none`,
    );
  }
  const isApart = rules.apart.some(({ rooms: [a, b], but }) =>
    !but.includes(from) && ((isIn(from, a) && isIn(to, b)) || (isIn(from, b) && isIn(to, a)))
  );
  if (isApart) return broken("layers", `wanted ${from} to know nothing of ${to}, got ${target}`);
  if (rankOf(from) <= rankOf(to)) {
    return broken("layers", `wanted a folder below ${from} (tests/tidy/layers.ts), got ${target}`);
  }
  // A command is loaded when it runs; its folder's door would load all commands of the folder.
  const isByDoor = kind === "dynamic" || target.endsWith("/mod.ts") || target === "mod.ts";
  return isByDoor ? [] : broken("doors", `wanted ${to}/mod.ts, got ${target}`);
}

/** Every file on a circle is on one that is shown, each with its shortest way. */
function checkCircles(loads: readonly Import[]): Violation[] {
  const byPath = Map.groupBy(loads, ({ path }) => path);
  const known = new Set<string>();
  return [...byPath.keys()].flatMap((start) => {
    if (known.has(start)) return [];
    const circle = shortestCircle(byPath, start);
    if (circle === null) return [];
    for (const { path } of circle) known.add(path);
    const { path, line } = circle[0]!;
    const way = [path, ...circle.map(({ target }) => target)].join(" -> ");
    return [{ path, line, rule: "import circle", message: `wanted none, got ${way}` }];
  });
}

/** The shortest way from a file back to it. */
function shortestCircle(
  byPath: ReadonlyMap<string, readonly Import[]>,
  start: string,
): Import[] | null {
  const ways = new Map<string, readonly Import[]>([[start, []]]);
  for (const [path, way] of ways) {
    for (const one of byPath.get(path) ?? []) {
      if (one.target === start) return [...way, one];
      if (!ways.has(one.target)) ways.set(one.target, [...way, one]);
    }
  }
  return null;
}

/** A node loads only what it needs to serve: nothing of the tests, unless a test asks for it. */
function checkNode(loads: readonly Import[], { node }: GraphRules): Violation[] {
  const byPath = Map.groupBy(loads, ({ path }) => path);
  const reached = new Set<string>(node.starts);
  const violations: Violation[] = [];
  for (const from of reached) {
    for (const { path, line, target, kind } of byPath.get(from) ?? []) {
      if (kind !== "static") continue;
      reached.add(target);
      if (!target.startsWith(node.loadsNothingOf) || path.startsWith(node.loadsNothingOf)) continue;
      const message = `wanted nothing of ${node.loadsNothingOf} in a node, got ${target}`;
      violations.push({ path, line, rule: "node", message });
    }
  }
  return violations;
}

/** No folder is so long that nothing can be found in it. */
export function checkFolders(paths: readonly string[]): Violation[] {
  return [...Map.groupBy(paths, folderOf)].flatMap(([folder, files]) => {
    if (files.length <= FILES_MAX) return [];
    const message = `wanted at most ${FILES_MAX} files, got ${files.length}`;
    return [{ path: folder, line: 1, rule: "folder length", message }];
  });
}

/** One line a folder, from the top down: what it imports. Every arrow points down the page. */
export function drawGraph(imports: readonly Import[], { layers }: GraphRules): string[] {
  const arrows = new Map<string, Set<string>>();
  for (const { path, target, kind } of imports) {
    const [from, to] = [folderOf(path), folderOf(target)];
    if (from === to || kind === "named" || isFree(path)) continue;
    const targets = arrows.get(from) ?? new Set();
    arrows.set(from, targets.add(to));
  }
  const folders = layers.toReversed().flat().filter((folder) =>
    arrows.has(folder) || [...arrows.values()].some((targets) => targets.has(folder))
  );
  const width = Math.max(0, ...folders.map((folder) => folder.length));
  return folders.map((folder) => {
    const targets = arrows.get(folder) ?? new Set();
    const below = folders.filter((other) => targets.has(other));
    return below.length === 0 ? folder : `${folder.padEnd(width)} ─► ${below.join(", ")}`;
  });
}

/** The first line of a page that differs from the wanted picture. */
export function compareDrawing(
  page: SourcePage,
  { opening, wanted }: { readonly opening: string; readonly wanted: readonly string[] },
): Violation[] {
  const lines = page.text.split("\n");
  const first = lines.indexOf(opening) + 1;
  const end = lines.indexOf("```", first);
  const got = lines.slice(first, end);
  const at = [...wanted, null].findIndex((line, place) => (got[place] ?? null) !== line);
  if (first > 0 && (at === -1 || (at === wanted.length && got.length === at))) return [];
  const message = `wanted "${wanted[at] ?? "```"}", got "${got[at] ?? "```"}"`;
  return [{ path: page.path, line: first + at + 1, rule: "picture of the folders", message }];
}

/** A page of the documents. */
export interface SourcePage {
  readonly path: string;
  readonly text: string;
}
