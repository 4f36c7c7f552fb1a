/**
 * KV Connect with the clients that programs use, `Deno.openKv` and `@deno/kv` under Node, against
 * three nodes, also while the leader is killed.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { withHttpCluster } from "../helpers/http_cluster.ts";
import { withFolder } from "../helpers/with_folder.ts";

const CLIENTS = fromFileUrl(new URL("../clients/", import.meta.url));
const CLIENT = "kv_client.mjs";
const TOKEN = "token-of-the-test";

/** How to run the clients' file, as program and first arguments, in this folder. */
interface Runtime {
  readonly command: readonly string[];
  readonly folder: string;
}

const DENO = [Deno.execPath(), "run", "-A", "--unstable-kv", "--no-config"];

/** Runs with the package installed beside a copy of the clients, for Node. */
async function withNode(work: (runtime: Runtime) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await Deno.copyFile(`${CLIENTS}${CLIENT}`, `${folder}/${CLIENT}`);
    const manifest = { type: "module", dependencies: { "@deno/kv": "0.14.0" } };
    await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(manifest));
    const install = new Deno.Command(Deno.execPath(), {
      ...{ args: ["install", "--node-modules-dir=auto"], cwd: folder, stdout: "piped" },
      stderr: "piped",
    });
    const { success, stderr } = await install.output();
    assert(success, new TextDecoder().decode(stderr));
    await work({ command: ["node"], folder });
  });
}

class Client {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  #rest = "";

  constructor({ command, folder }: Runtime, args: readonly string[]) {
    const [program = "", ...first] = command;
    this.#child = new Deno.Command(program, {
      args: [...first, `${folder}/${CLIENT}`, ...args],
      env: { DENO_KV_ACCESS_TOKEN: TOKEN, NO_COLOR: "1" },
      ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
    }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** The next line that it prints, as JSON. */
  async next(): Promise<Record<string, unknown>> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`The client ended: ${await this.#errors}`);
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return JSON.parse(line);
  }

  async stop(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("stop\n"));
    await writer.close();
  }

  async end(): Promise<void> {
    await this.#lines.cancel();
    const { success } = await this.#child.status;
    assert(success, await this.#errors);
  }
}

async function checkSuite(runtime: Runtime, url: string): Promise<void> {
  const client = new Client(runtime, ["suite", url]);
  assertEquals(await client.next(), { done: true });
  await client.stop();
  await client.end();
}

Deno.test("every method of Deno KV works with Deno's client and with @deno/kv under Node", async () => {
  await withNode(async (node) => {
    await withHttpCluster({ token: TOKEN }, async (cluster) => {
      const deno = { command: DENO, folder: CLIENTS };
      await Promise.all([
        checkSuite(deno, `${cluster.url(1)}/db/deno`),
        checkSuite(node, `${cluster.url(2)}/db/node`),
      ]);
    });
  });
});

Deno.test("no write is lost and none done twice while leaders are killed", async () => {
  await withNode(async (node) => {
    await withHttpCluster({ token: TOKEN }, async (cluster) => {
      const leader = await cluster.leader();
      // The node that clients are sent to stays; they have been given the address of the leader.
      const endpoints = await cluster.endpoints(leader, TOKEN);
      const kept = cluster.ids.find((id) => endpoints[0]!.startsWith(`${cluster.url(id)}/`))!;
      assert(kept !== leader, endpoints.join());
      const runtimes = [{ command: DENO, folder: CLIENTS }, node];
      const clients = runtimes.map((runtime, at) => {
        return new Client(runtime, ["count", `${cluster.url(leader)}/db/count${at}`]);
      });
      for (const client of clients) assertEquals(await client.next(), { ready: true });
      for (let kills = 0; kills < 3; kills++) {
        await new Promise((resolve) => setTimeout(resolve, 1500));
        const first = await cluster.leader();
        if (first === kept) {
          await cluster.transfer(cluster.ids.find((id) => id !== kept)!);
          continue;
        }
        await cluster.kill(first);
        await cluster.leader();
        await cluster.start(first);
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
      for (const client of clients) await client.stop();
      for (const client of clients) {
        const { sums, refused, total, entries, lengths, last, isOrdered } = await client.next();
        const text = JSON.stringify({ sums, refused, total, entries, last });
        assert(Number(sums) > 20, text);
        assertEquals(
          [total, entries, refused, last, isOrdered],
          [sums, sums, sums, sums, true],
          text,
        );
        const all = (lengths as readonly number[]).reduce((sum, length) => sum + length, 0);
        assertEquals(all, sums);
        await client.end();
      }
    });
  });
});
