/**
 * Stand-in for the part of `@std/path` that we use, for machines that reach the npm registry only.
 * Same results for strings. What both must agree on is written down in `tests/std_path_test.ts`.
 *
 * @module
 */

import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The parts of a path. */
export interface ParsedPath {
  /** The root: `/`, or a drive. */
  root: string;
  /** The folder. */
  dir: string;
  /** The last part. */
  base: string;
  /** The extension, with its dot. */
  ext: string;
  /** The last part without its extension. */
  name: string;
}

/** What separates the parts of a path on this system. */
export const SEPARATOR: "/" | "\\" = path.sep;

/** The paths put together and normalized. */
export function join(...paths: string[]): string {
  return path.join(...paths);
}

/** The absolute path that the parts lead to from the current folder. */
export function resolve(...pathSegments: string[]): string {
  return path.resolve(...pathSegments);
}

/** The path without `.`, `..` and double separators. */
export function normalize(path_: string): string {
  return path.normalize(path_);
}

/** The folder of a path. */
export function dirname(path_: string): string {
  return path.dirname(path_);
}

/** The last part of a path, without the suffix if it ends in it. */
export function basename(path_: string, suffix = ""): string {
  return path.basename(path_, suffix);
}

/** The extension of a path, with its dot. */
export function extname(path_: string): string {
  return path.extname(path_);
}

/** The way from one path to another. */
export function relative(from: string, to: string): string {
  return path.relative(from, to);
}

/** Whether the path starts at a root. */
export function isAbsolute(path_: string): boolean {
  return path.isAbsolute(path_);
}

/** The parts of a path. */
export function parse(path_: string): ParsedPath {
  return path.parse(path_);
}

/** The path that a `file:` URL names. */
export function fromFileUrl(url: URL | string): string {
  const parsed = new URL(url);
  if (parsed.protocol !== "file:") {
    throw new TypeError(`URL must be a file URL: received "${parsed.protocol}"`);
  }
  return fileURLToPath(parsed);
}

/** The `file:` URL of an absolute path. */
export function toFileUrl(path_: string): URL {
  if (!path.isAbsolute(path_)) {
    throw new TypeError(`Path must be absolute: received "${path_}"`);
  }
  return pathToFileURL(path_);
}
