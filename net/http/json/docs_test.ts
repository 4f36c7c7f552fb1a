/**
 * The examples of docs/http.md, run as they stand against a fresh cluster.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { withJsonDoor } from "../../../tests/helpers/serving_door.ts";
import { until } from "../../../tests/helpers/until.ts";

const PAGE = new URL("../../../docs/http.md", import.meta.url);

interface Example {
  readonly command: string;
  readonly output: string;
}

/** Commands with what they print, from the blocks of the page. */
function examplesOf(page: string): Example[] {
  const blocks = [...page.matchAll(/```console\n([^]*?)```/g)].map(([, block]) => block!);
  return blocks.flatMap((block) =>
    block.split(/^\$ /m).slice(1).map((part) => {
      const at = part.indexOf("\n");
      return { command: part.slice(0, at), output: part.slice(at + 1) };
    })
  );
}

/** The number of a lease in the examples; the server draws another one. */
const LEASE = "4711";

/** Revisions depend on the entries that the cluster makes for itself: only their order counts. */
function withoutRevisions(text: string): string {
  const seen: string[] = [];
  const place = (revision: string): string => {
    if (!seen.includes(revision)) seen.push(revision);
    return `R${seen.indexOf(revision)}`;
  };
  return text.replaceAll(
    /((?:revision|created)"?(?: is |:))(\d+)/g,
    (_, before, revision) => before + place(revision),
  );
}

Deno.test("every example of docs/http.md prints what the page says", async () => {
  const examples = examplesOf(await Deno.readTextFile(PAGE));
  assert(examples.length >= 10);
  await withJsonDoor(async (base, node) => {
    // The entry that raises the feature level would count between two revisions of the page.
    await until(() => node.report().level?.value === node.report().level?.known, "the level");
    let etag = "";
    let lease = LEASE;
    for (const { command, output } of examples) {
      const here = command.replaceAll("http://127.0.0.1:8080", base)
        .replace('"2"', etag)
        .replace(LEASE, lease)
        // The examples end a watch by a time limit, so the exit code is not 0; only the output counts.
        .replace(/$/, "; true");
      const { stdout } = await new Deno.Command("sh", { args: ["-c", here] }).output();
      const got = new TextDecoder().decode(stdout);
      etag = /"revision":(\d+)/.exec(got)?.[1]?.replace(/^|$/g, '"') ?? etag;
      lease = /"lease":(\d+)/.exec(got)?.[1] ?? lease;
      const told = got.replaceAll(lease, LEASE);
      assertEquals(withoutRevisions(told).trim(), withoutRevisions(output).trim(), command);
    }
  });
});
