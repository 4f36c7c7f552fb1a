/**
 * KV Connect with the clients that programs use, `Deno.openKv` and `@deno/kv` under Node, against
 * three nodes, also while the leader is killed.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { SnapshotReadOutput } from "../../net/connect/mod.ts";
import { bytesOf, readBody, set, textOf, writeBody } from "../helpers/local_connect.ts";
import { freePort } from "../../cli/cluster/free_port.ts";
import { killCommand } from "../helpers/commands.ts";
import { until } from "../helpers/until.ts";
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

  constructor({ command, folder }: Runtime, args: readonly string[], token = TOKEN) {
    const [program = "", ...first] = command;
    this.#child = new Deno.Command(program, {
      args: [...first, `${folder}/${CLIENT}`, ...args],
      env: { DENO_KV_ACCESS_TOKEN: token, NO_COLOR: "1" },
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
  const client = new Client(runtime, ["suite", url], new URL(url).pathname.slice("/db/".length));
  assertEquals(await client.next(), { done: true });
  await client.end();
}

Deno.test("every method of Deno KV works with Deno's client and with @deno/kv under Node", async () => {
  await withNode(async (node) => {
    // The token of each database is its name.
    const databaseTokens = "deno deno\nnode node\n";
    await withHttpCluster({ token: TOKEN, databaseTokens }, async (cluster) => {
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

/** Adds the messages that a reader of the chat sees, until the reader is cancelled. */
async function readEvents(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  seen: string[],
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = lines.pop()!;
    seen.push(...lines.map((line) => line.replace("data: ", "")));
  }
}

/** Starts the program of docs/connect.md, and resolves when it listens. */
async function startChat(
  folder: string,
  url: string,
): Promise<readonly [Deno.ChildProcess, string]> {
  const page = await Deno.readTextFile(new URL("../../docs/connect.md", import.meta.url));
  const [, program] = /^```ts\n(\/\/ chat\.ts\n.*?)^```$/ms.exec(page)!;
  await Deno.writeTextFile(`${folder}/chat.ts`, program!);
  const port = freePort();
  const chat = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--check", "--unstable-kv", "--no-config", `${folder}/chat.ts`],
    env: { DENO_KV_ACCESS_TOKEN: TOKEN, KV_URL: url, PORT: `${port}` },
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const isOpen = () => Deno.connect({ port }).then((conn) => (conn.close(), true), () => false);
  await until(isOpen, "the chat");
  return [chat, `http://127.0.0.1:${port}/room`];
}

Deno.test("a node that is left alone answers eventual reads, and no others", async () => {
  await withHttpCluster({ token: TOKEN }, async (cluster) => {
    const leader = await cluster.leader();
    const alone = cluster.ids.find((id) => id !== leader)!;
    const post = async (path: string, body: BodyInit, headers: HeadersInit = {}) =>
      await fetch(`${cluster.url(alone)}/db/a${path}`, {
        ...{ method: "POST", body, signal: AbortSignal.timeout(5_000) },
        headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      });
    const { databaseId, endpoints } = await (await post("", '{"supportedVersions":[3]}')).json();
    const [near] = endpoints.filter((each: { readonly consistency: string }) => {
      return each.consistency === "eventual";
    });
    assertEquals(near.url, "/db/a/eventual");
    const headers = { "x-denokv-database-id": databaseId, "x-denokv-version": "3" };
    const written = await post(
      "/data/atomic_write",
      writeBody({ mutations: [set("k", "v")] }).slice(),
      headers,
    );
    await written.body?.cancel();
    assertEquals(written.status, 200);
    const range = readBody({ start: bytesOf("k"), end: bytesOf("l"), limit: 1 }).slice();
    const read = async () => {
      const answer = await post("/eventual/snapshot_read", range, headers);
      const output = SnapshotReadOutput.decode(new Uint8Array(await answer.arrayBuffer()));
      const [value] = output.ranges[0]!.values.map(({ value }) => textOf(value));
      return { value, isStrong: output.readIsStronglyConsistent };
    };
    // The node may be behind the write for a moment.
    await until(async () => (await read()).value === "v", "the write at the follower");
    for (const id of cluster.ids) if (id !== alone) await cluster.kill(id);
    await until(async () => !(await read()).isStrong, "an answer out of the node's own state");
    assertEquals(await read(), { value: "v", isStrong: false });
    const strong = post("/data/snapshot_read", range, headers).then((answer) => answer.status);
    assertEquals(await strong.catch((error) => error.name), "TimeoutError");
  });
});

Deno.test("the chat of docs/connect.md goes on while the leader is killed", async () => {
  await withFolder((folder) =>
    withHttpCluster({ token: TOKEN }, async (cluster) => {
      const leader = await cluster.leader();
      const [chat, url] = await startChat(folder, `${cluster.url(leader)}/db/chat`);
      const seen: string[] = [];
      try {
        const reader = (await fetch(url)).body!.getReader();
        const reading = readEvents(reader, seen);
        const say = async (text: string) => {
          const answer = await fetch(url, { method: "POST", body: text });
          return `${await answer.text()} ${text}`;
        };
        const said = await Promise.all(["ada", "bob"].map(async (name) => {
          const own: string[] = [];
          for (let number = 0; number < 20; number++) {
            own.push(await say(`${name} ${number}`));
            if (number === 8 && name === "ada") await cluster.kill(leader);
          }
          return own;
        }));
        const number = (line: string) => Number(line.split(" ")[0]);
        const all = said.flat().toSorted((one, other) => number(one) - number(other));
        assertEquals(all.map(number), all.map((_, at) => at));
        await until(() => seen.length >= all.length, "all messages");
        assertEquals(seen, all);
        await reader.cancel();
        await reading;
      } finally {
        await killCommand(chat);
      }
    })
  );
});
