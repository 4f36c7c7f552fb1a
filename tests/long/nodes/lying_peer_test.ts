/**
 * Two nodes of three over real sockets, and in the place of the third a peer that lies: every field
 * of every message at its extremes. Each lie may cost the liar its connection, and nothing else.
 *
 * @module
 */

import { assert, assertEquals, AssertionError, assertLess } from "@std/assert";
import { type Address, RpcClient, type WireValue } from "../../../net/mod.ts";
import { freePort } from "../../../cli/cluster/free_port.ts";
import { startNode, storeOf } from "../../helpers/serving_node.ts";
import { frameOf } from "../../helpers/sockets.ts";
import type { RunningNode } from "../../../cli/node/node_settings.ts";

/** Extreme values of a field. */
const EXTREMES: readonly WireValue[] = [
  0,
  1,
  2 ** 31,
  2 ** 32,
  2 ** 52,
  2 ** 53 - 1,
  2 ** 53,
  -1,
  0.5,
  NaN,
  Infinity,
  null,
  true,
  false,
  "x",
  new Uint8Array(0),
  new Uint8Array(1000),
  [],
  [1, null],
  [2 ** 53 - 1, new Uint8Array(1)],
  Array.from({ length: 2000 }, (_, at) => at % 2 === 0 ? 1 : null),
];

/** The state of the cluster as the lying peer knows it. */
interface Facts {
  readonly to: number;
  readonly term: number;
  readonly last: { readonly index: number; readonly term: number };
}

/** One plausible message of each type, without the address. */
function messages({ to, term, last: { index, term: lastTerm } }: Facts): readonly WireValue[][] {
  const chunk = new Uint8Array(10);
  return [
    [1, 3, to, term, true, index, lastTerm],
    [1, 3, to, term, false, index, lastTerm],
    [2, 3, to, term, true, true],
    [2, 3, to, term, false, true],
    [3, 3, to, term, index, lastTerm, index, 1, []],
    [3, 3, to, term, index - 1, lastTerm, index, 1, [lastTerm, null]],
    [3, 3, to, term, 1, 1, index, 1, [1, new Uint8Array(3), 1, null]],
    [4, 3, to, term, 1, index],
    [5, 3, to, term, 1, index, null, 1],
    [5, 3, to, term, 1, index, lastTerm, 1],
    [6, 3, to, term, index + 5, lastTerm, 0, chunk, 20, 1],
    [6, 3, to, term, index + 5, lastTerm, 0, chunk, 10, 1],
    [7, 3, to, term, index, lastTerm, 5, 1],
    [8, 3, to, term],
    [9, 3, to, term, index],
  ];
}

/** A peer that sends any bytes. */
class Liar {
  readonly #address: Address;
  readonly #to: number;
  #dials = 0;
  #conn: Deno.Conn | null = null;

  constructor(address: Address, to: number) {
    this.#address = address;
    this.#to = to;
  }

  async say(message: WireValue): Promise<void> {
    for (let tries = 0; tries < 2; tries++) {
      const conn = this.#conn ?? await this.#dial();
      try {
        await conn.write(frameOf(message));
        return;
      } catch {
        this.close();
      }
    }
  }

  close(): void {
    this.#conn?.close();
    this.#conn = null;
  }

  async #dial(): Promise<Deno.Conn> {
    const conn = await Deno.connect({ ...this.#address, transport: "tcp" });
    const hello = [
      ...["kontiki-peer", 4, 4, 0, "test", "", 0, 3, "", this.#to, "", 7, ++this.#dials, 0],
      "1,2,3",
      "",
    ];
    await conn.write(frameOf(hello));
    await conn.read(new Uint8Array(100));
    this.#conn = conn;
    return conn;
  }
}

async function factsOf(client: RpcClient, to: number): Promise<Facts> {
  const outcome = await client.call("report", { withinMs: 10_000 });
  assert(outcome.kind === "replied", `n${to} lives`);
  const { status } = outcome.payload as unknown as { status: Omit<Facts, "to"> };
  return { ...status, to };
}

Deno.test("no message of a peer ends a node or the cluster, whatever is in it", async () => {
  const folder = await Deno.makeTempDir();
  const ports = [1, 2, 3].map(() => freePort());
  const peers = new Map(ports.map((port, at) => [at + 1, { hostname: "127.0.0.1", port }]));
  const nodes: RunningNode[] = [];
  const ends: unknown[] = [];
  for (const id of [1, 2]) {
    const node = await startNode({ id, peers, data: `${folder}/${id}` });
    node.ended.then((error) => ends.push(error));
    nodes.push(node);
  }
  const clients = nodes.map((node) => new RpcClient({ server: node.clients! }));
  const store = storeOf(nodes);
  const liars = nodes.map((node, at) => new Liar(node.peers, at + 1));
  /**
   * Checks that the cluster still decides; the messages may have deposed a leader in the middle of
   * a put.
   */
  const put = async (): Promise<void> => {
    for (let tries = 0; tries < 5; tries++) {
      const { outcome } = await store.put("k", `${tries}`, { timeoutMs: 20_000 });
      if (outcome === "yes") return;
    }
    throw new AssertionError("five puts in a row were not stored");
  };
  await put();
  const count = messages({ to: 1, term: 1, last: { index: 1, term: 1 } }).length;
  for (let type = 0; type < count; type++) {
    for (let field = 0; field < 10; field++) {
      for (const [at, liar] of liars.entries()) {
        const facts = await factsOf(clients[at]!, at + 1);
        const honest = messages(facts)[type]!;
        if (field >= honest.length) continue;
        for (const extreme of EXTREMES) await liar.say(honest.with(field, extreme));
        // The liar as the leader of a new term: its heartbeats are heard, and its entries and images
        // left out, which may rewrite logs even when no field of them is extreme.
        const isHeartbeat = honest[0] === 3 && (honest[8] as WireValue[]).length === 0;
        if ([3, 6].includes(Number(honest[0])) && !isHeartbeat) continue;
        for (const extreme of EXTREMES) {
          await liar.say(honest.with(3, facts.term + 1).with(field, extreme));
        }
      }
      assertEquals(ends, [], `a node ended by message ${type}, field ${field}`);
    }
    await put();
  }
  for (const [at, client] of clients.entries()) {
    assertLess((await factsOf(client, at + 1)).term, 2 ** 32, "no term beyond use");
  }
  await store.close();
  for (const end of [...liars, ...clients]) end.close();
  for (const node of nodes) await node.stop();
  await Deno.remove(folder, { recursive: true });
});
