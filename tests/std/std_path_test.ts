/**
 * What `@std/path` must do for us, whether it is the original or the stand-in in `tools/std`.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import {
  basename,
  dirname,
  extname,
  fromFileUrl,
  isAbsolute,
  join,
  normalize,
  parse,
  relative,
  resolve,
  SEPARATOR,
  toFileUrl,
} from "@std/path";

/** A path with the separators of this system. */
function native(path: string): string {
  return path.replaceAll("/", SEPARATOR);
}

Deno.test("join puts parts together and normalizes them", () => {
  assertEquals(join("a", "b", "c.txt"), native("a/b/c.txt"));
  assertEquals(join("a/", "/b", "../c"), native("a/c"));
  assertEquals(join("a", "..", ".."), "..");
  assertEquals(join("."), ".");
  assertEquals(normalize("a//b/./c/.."), native("a/b"));
});

Deno.test("dirname, basename, extname and parse take a path apart", () => {
  assertEquals(dirname("a/b/c.txt"), "a/b");
  assertEquals(dirname("c.txt"), ".");
  assertEquals(basename("a/b/c.txt"), "c.txt");
  assertEquals(basename("a/b/c.txt", ".txt"), "c");
  assertEquals(basename("a/b/"), "b");
  assertEquals(extname("a/b.c/d.tar.gz"), ".gz");
  assertEquals(extname(".profile"), "");
  assertEquals(parse("a/b.txt"), { root: "", dir: "a", base: "b.txt", ext: ".txt", name: "b" });
});

Deno.test("resolve, relative and isAbsolute know the current folder", () => {
  assertEquals(resolve("a", "b"), join(Deno.cwd(), "a", "b"));
  assertEquals(resolve(Deno.cwd()), Deno.cwd());
  assertEquals(relative(join("a", "b"), join("a", "c", "d")), native("../c/d"));
  assertEquals(isAbsolute(Deno.cwd()), true);
  assertEquals(isAbsolute("a/b"), false);
});

Deno.test("fromFileUrl and toFileUrl undo each other when names need escapes", () => {
  for (const name of ["plain", "with space", "ünï", "hash#", "percent%25", "question?"]) {
    const path = resolve(name);
    assertEquals(fromFileUrl(toFileUrl(path)), path);
    assertEquals(fromFileUrl(toFileUrl(path).href), path);
  }
  assertThrows(() => toFileUrl("relative"), TypeError, "Path must be absolute");
  assertThrows(() => fromFileUrl("https://example.com/"), TypeError, "URL must be a file URL");
});
