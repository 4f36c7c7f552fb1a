/**
 * The package that would be published: the library, without its tests and tools.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
const isOld = major === 2 && minor < 9;

Deno.test({
  name: "the package can be published, and holds the library alone",
  ignore: isOld, // Publish of an old Deno takes the stand-ins of std for modules of the package.
  fn: checkPackage,
});

/** Makes a dry run of publishing and checks the list of files. */
async function checkPackage(): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
    cwd: fromFileUrl(new URL("../../", import.meta.url)),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  const lines = (text.decode(stdout) + text.decode(stderr)).split("\n");
  assertEquals(code, 0, lines.join("\n"));
  assertEquals(lines.filter((line) => /\b(?:warning|error)\b/i.test(line.split(" (")[0]!)), []);
  const root = new URL("../../", import.meta.url).href;
  const files = lines.filter((line) => line.includes(root))
    .map((line) => line.trim().replace(root, "").replace(/ \(.*/, ""));
  assert(files.includes("mod.ts") && files.includes("net/store/connect.ts"), lines.join("\n"));
  const known =
    /^(?:LICENSE|README\.md|deno\.json|mod\.ts|docs\/\w+\.md|(?:raft|kv|net)\/.*\.ts|tests\/checker\/search\/\w+\.ts)$/;
  const others = files.filter((file) => !known.test(file) || /_(?:test|bench)\.ts$/.test(file));
  assertEquals(others, []);
}
