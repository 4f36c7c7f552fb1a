/**
 * The programs of docs/library.md run as they are printed there, with other ports.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { freePort } from "../../cli/cluster/free_port.ts";
import { withServingNode } from "../helpers/serving_node.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));

/** Writes the page's programs to a folder in which our package's name resolves, and calls `run`. */
async function withPrograms(run: (folder: string) => Promise<void>): Promise<void> {
  const page = await Deno.readTextFile(`${root}/docs/library.md`);
  const folder = await Deno.makeTempDir({ dir: root, prefix: ".run-" });
  try {
    for (const { groups } of page.matchAll(/^```ts\n\/\/ (?<name>\S+)\n(?<text>.*?)^```$/gms)) {
      const text = groups!["text"]!.replaceAll(/port: 75\d\d/g, () => `port: ${freePort()}`);
      await Deno.writeTextFile(`${folder}/${groups!["name"]}`, text);
    }
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a program prints that uses a cluster of one node. */
async function outputOf(name: string): Promise<string> {
  return await withServingNode(async (endpoint) => {
    let output = "";
    await withPrograms(async (folder) => {
      const program = `${folder}/${name}`;
      const text = await Deno.readTextFile(program);
      await Deno.writeTextFile(program, text.replaceAll(/127\.0\.0\.1:74\d\d/g, endpoint));
      const { code, stdout, stderr } = await command(folder, [name]).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      output = new TextDecoder().decode(stdout);
    });
    return output;
  });
}

Deno.test("library page's program counts on a cluster", async () => {
  assertEquals(await outputOf("program.ts"), "1 2\n");
});

Deno.test("library page's worker is elected, works and ends", async () => {
  assertEquals(await outputOf("worker.ts"), "3\n");
});

function command(folder: string, args: readonly string[], signal?: AbortSignal): Deno.Command {
  const options = { cwd: folder, stdout: "piped", stderr: "piped" } as const;
  const all = ["run", "-A", "--check", ...args];
  return new Deno.Command(Deno.execPath(), { args: all, ...options, ...(signal && { signal }) });
}

Deno.test("library page's machine runs on three nodes in one process", async () => {
  await withPrograms(async (folder) => {
    const { code, stdout, stderr } = await command(folder, ["memory.ts"]).output();
    assertEquals(new TextDecoder().decode(stdout), "6\n", new TextDecoder().decode(stderr));
    assertEquals(code, 0);
  });
});

Deno.test("library page's cluster grows and shrinks", async () => {
  await withPrograms(async (folder) => {
    const { code, stdout, stderr } = await command(folder, ["grow.ts"]).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assert(lines.includes("n1: n1") && lines.includes("n3: n1,n2,n3"), lines.join("\n"));
    assertEquals(lines.filter((line) => line === "n1 is no member any more").length, 1);
  });
});

Deno.test("library page's machine runs on disks and sockets, and goes on after a restart", async () => {
  await withPrograms(async (folder) => {
    const sums: number[] = [];
    for (let life = 0; life < 2; life++) {
      const line = await firstWords(folder);
      assertMatch(line, /^n\d made it \d+$/);
      sums.push(Number(line.split(" ").at(-1)));
    }
    assert(sums[1]! > sums[0]!, `${sums}`);
  });
});

/** Starts three nodes, and ends them when one of them has printed something. */
async function firstWords(folder: string): Promise<string> {
  const end = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const lives = [1, 2, 3].map(async (id) => {
    const node = command(folder, ["durable.ts", `${id}`], end.signal).spawn();
    const errors = new Response(node.stderr).text();
    for await (const bytes of node.stdout) resolve(new TextDecoder().decode(bytes).split("\n")[0]!);
    reject(new Error(`Cannot hear n${id}, which ended: ${await errors}`));
    await node.status;
  });
  try {
    return await promise;
  } finally {
    end.abort();
    await Promise.all(lives);
  }
}
