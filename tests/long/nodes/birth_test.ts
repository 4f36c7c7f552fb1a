/**
 * Nodes whose folders are empty, lost, exchanged, or of another cluster.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect } from "../../../net/store/mod.ts";
import { encodeMembers, StorageError } from "../../../raft/mod.ts";
import { listLog } from "../../helpers/list_log.ts";
import { startNode } from "../../helpers/serving_node.ts";
import { inTime, until } from "../../helpers/until.ts";
import { withFolder } from "../../helpers/with_folder.ts";
import { freePort } from "../../../cli/cluster/free_port.ts";
import { CommandError, MEMBERS_REQUEST } from "../../../cli/table/mod.ts";
import { RpcClient } from "../../../net/mod.ts";
import type { NodeSettings, RunningNode } from "../../../cli/node/node_settings.ts";

type Places = NodeSettings["peers"];
type More = Partial<Pick<NodeSettings, "data" | "entry" | "listen" | "clients">>;

/** Short, as a planted bug may make several tests wait. */
const SOON_MS = 10_000;
const WAIT: More = { entry: { kind: "wait" } };

/** Addresses of three nodes; some may be those of others. */
function places(others: Places = new Map()): Places {
  const place = (id: number) => others.get(id) ?? { hostname: "127.0.0.1", port: freePort() };
  return new Map([1, 2, 3].map((id) => [id, place(id)]));
}

/** Nodes of one test, each with its log. */
class Nodes {
  readonly running = new Map<string, RunningNode>();
  readonly logs = new Map<string, string[]>();
  readonly #folder: string;
  readonly #stopping = new AbortController();
  readonly #starting: Promise<unknown>[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  folder(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /** Begins to start a node, which may have to wait for others. */
  start(name: string, id: number, peers: Places, more: More = {}): Promise<RunningNode> {
    const { data = name, ...settings } = more;
    const lines: string[] = [];
    this.logs.set(name, lines);
    const starting = startNode({
      ...{ id, peers, hasIds: true, data: this.folder(data), tickMs: 10 },
      ...{ log: listLog(lines), stopping: this.#stopping.signal },
      ...{ clients: { hostname: "127.0.0.1", port: freePort() }, ...settings },
    }).then((node) => {
      this.running.set(name, node);
      return node;
    });
    this.#starting.push(starting.catch(() => null));
    return starting;
  }

  /** Starts a node that is to end by itself, and returns why: it may do so before it serves. */
  async endOf(name: string, id: number, peers: Places): Promise<unknown> {
    const ended = this.start(name, id, peers).then((node) => node.ended, (error) => error);
    const error = await inTime(ended, `the end of ${name}`, SOON_MS);
    this.running.delete(name);
    return error;
  }

  startAll(prefix: string, peers: Places): Promise<readonly RunningNode[]> {
    return Promise.all([1, 2, 3].map((id) => this.start(`${prefix}${id}`, id, peers)));
  }

  async stop(name: string): Promise<void> {
    await this.running.get(name)!.stop();
    this.running.delete(name);
  }

  /** Waits for a line in the log of a node. */
  async says(name: string, what: RegExp): Promise<void> {
    const isSaid = () => this.logs.get(name)!.some((line) => what.test(line));
    await until(isSaid, `a line with ${what} in the log of ${name}`, SOON_MS);
  }

  /** A put through some of the nodes, within two seconds. */
  async put(key: string, names: readonly string[]): Promise<string> {
    const places = names.map((name) => this.running.get(name)!.clients!);
    const store = connect(places.map(({ hostname, port }) => `${hostname}:${port}`));
    const { outcome } = await store.put(key, Uint8Array.of(1), { version: 0, timeoutMs: 2_000 });
    await store.close();
    return outcome;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#starting);
    for (const node of this.running.values()) await node.stop();
  }
}

function withNodes(work: (nodes: Nodes) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const nodes = new Nodes(folder);
    try {
      await work(nodes);
    } finally {
      await nodes.close();
    }
  });
}

Deno.test("a cluster is born when all of its nodes are there, and serves", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    const two = [nodes.start("a1", 1, peers), nodes.start("a2", 2, peers)];
    await nodes.says("a2", /waits for all nodes/);
    // Time enough for the two to meet.
    await new Promise((resolve) => setTimeout(resolve, 300));
    assertEquals([nodes.running.size, nodes.logs.get("a1")!.length], [0, 1]);
    await Promise.all([...two, nodes.start("a3", 3, peers)]);
    assertEquals(await nodes.put("k", ["a1", "a2", "a3"]), "yes");
    const ids = ["a1", "a2", "a3"].map((name) =>
      /with the id (\w+)/.exec(nodes.logs.get(name)!.join())![1]
    );
    assertEquals(new Set(ids).size, 1);
  });
});

Deno.test("a cluster that names a node of another cluster by mistake does not begin, and disturbs no one else (I1)", async () => {
  await withNodes(async (nodes) => {
    const first = places();
    await nodes.startAll("a", first);
    assertEquals(await nodes.put("money", ["a1", "a2", "a3"]), "yes");
    const mistyped = places(new Map([[3, first.get(3)!]]));
    for (const [name, id] of [["b1", 1], ["b2", 2]] as const) {
      await assertRejects(
        () => inTime(nodes.start(name, id, mistyped), "a refusal", SOON_MS),
        CommandError,
        "Cannot begin a cluster: n3 belongs to one already",
      );
    }
    assertEquals(await nodes.put("other", ["a1", "a2", "a3"]), "yes");
  });
});

Deno.test("a node that lost its folder votes for nobody, and nothing acknowledged is lost (I2, D8)", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    await nodes.startAll("a", peers);
    // Entry "k" is on n1 and n2 alone.
    await nodes.stop("a3");
    assertEquals(await nodes.put("k", ["a1", "a2"]), "yes");
    await nodes.stop("a1");
    await nodes.stop("a2");
    await Deno.remove(nodes.folder("a2"), { recursive: true });
    nodes.start("a2", 2, peers, WAIT).catch(() => null);
    await nodes.says("a2", /info: n2 has an empty folder: it waits until its cluster adds it/);
    await nodes.start("a3", 3, peers);
    assertEquals(await nodes.put("other", ["a3"]), "no");
    assertEquals(nodes.running.get("a3")!.report().status!.leader, null);
    await nodes.start("a1", 1, peers);
    assertEquals(await nodes.put("k", ["a1", "a3"]), "no", "the key is there");
    assertEquals(await nodes.put("more", ["a1", "a3"]), "yes");
    assertEquals(nodes.running.has("a2"), false);
  });
});

Deno.test("a node that lost its folder is not let into a new cluster with its old one (I2)", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    await nodes.startAll("a", peers);
    await nodes.stop("a2");
    await Deno.remove(nodes.folder("a2"), { recursive: true });
    const again = () => inTime(nodes.start("a2", 2, peers), "a refusal", SOON_MS);
    const { message } = await assertRejects(again, CommandError, "n1 belongs to one already");
    assertStringIncludes(message, '"kontiki member replace n2 --with ');
  });
});

Deno.test("a node whose log was removed is refused (I2, D8)", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    await nodes.startAll("a", peers);
    await nodes.stop("a2");
    for (
      const name of await Array.fromAsync(Deno.readDir(nodes.folder("a2")), ({ name }) => name)
    ) {
      if (name !== "members") {
        await Deno.remove(`${nodes.folder("a2")}/${name}`, { recursive: true });
      }
    }
    const error = await assertRejects(() => nodes.start("a2", 2, peers), StorageError);
    assertEquals(error.kind, "damaged");
  });
});

Deno.test("a node with an older copy of its folder is refused, and ends (D8)", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    await nodes.startAll("a", peers);
    const all = ["a1", "a2", "a3"];
    const statusOf = (name: string) => nodes.running.get(name)!.report().status;
    assertEquals(await nodes.put("before", all), "yes");
    const name = all.find((each) => statusOf(each).role !== "leader")!;
    const id = Number(name.slice(1));
    await nodes.stop(name);
    await copy(nodes.folder(name), nodes.folder("copy"));
    await nodes.start(name, id, peers);
    for (const key of ["one", "two"]) assertEquals(await nodes.put(key, all), "yes");
    // The leader knows what the node has acknowledged.
    await until(() =>
      all.some((each) => {
        const { role, last, peers } = statusOf(each);
        return role === "leader" && peers.every(({ match }) => match === last.index);
      })
    );
    await nodes.stop(name);
    const error = await nodes.endOf("copy", id, peers);
    assert(error instanceof StorageError && error.kind === "foreign", String(error));
    assertStringIncludes(error.message, "this folder is an older copy");
    await nodes.start(name, id, peers);
    assertEquals(await nodes.put("three", all), "yes");
  });
});

Deno.test("an older copy of a folder is refused by each peer alone, also after all peers were restarted (D8)", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    await nodes.startAll("a", peers);
    assertEquals(await nodes.put("before", ["a1", "a2", "a3"]), "yes");
    await nodes.stop("a2");
    await copy(nodes.folder("a2"), nodes.folder("copy"));
    await nodes.start("a2", 2, peers);
    assertEquals(await nodes.put("after", ["a1", "a2", "a3"]), "yes");
    for (const name of ["a1", "a2", "a3"]) await nodes.stop(name);
    for (const [name, id] of [["a1", 1], ["a3", 3]] as const) {
      await nodes.start(name, id, peers);
      const error = await nodes.endOf("copy", 2, peers);
      assert(error instanceof StorageError && error.kind === "foreign", String(error));
      assertStringIncludes(error.message, "n2 was started with a newer folder since");
      await nodes.stop(name);
    }
    await nodes.startAll("a", peers);
    assertEquals(await nodes.put("all", ["a1", "a2", "a3"]), "yes");
  });
});

Deno.test("a copy of a folder in use is refused when its leader was restarted (D8)", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    await nodes.startAll("a", peers);
    const all = ["a1", "a2", "a3"];
    const statusOf = (name: string) => nodes.running.get(name)!.report().status;
    assertEquals(await nodes.put("before", all), "yes");
    const leader = all.find((each) => statusOf(each).role === "leader")!;
    const [name, other] = all.filter((each) => each !== leader);
    await copy(nodes.folder(name!), nodes.folder("copy"));
    for (const key of ["one", "two"]) assertEquals(await nodes.put(key, all), "yes");
    const isThere = () => {
      const { last, peers } = statusOf(leader);
      return peers.every(({ match }) => match === last.index);
    };
    await until(isThere);
    for (const each of [other!, name!, leader]) await nodes.stop(each);
    await nodes.start(leader, Number(leader.slice(1)), peers);
    const error = await nodes.endOf("copy", Number(name!.slice(1)), peers);
    assert(error instanceof StorageError && error.kind === "foreign", String(error));
    assertStringIncludes(error.message, "and held entry");
  });
});

/** Copies a folder with all that is in it. */
async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

Deno.test("the folder of another node, and one that flags call by another name, is refused (I3)", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    await nodes.startAll("a", peers);
    await nodes.stop("a2");
    const error = await assertRejects(
      () => nodes.start("x", 3, peers, { data: "a2" }),
      StorageError,
    );
    assertEquals(error.kind, "foreign");
    assert(error.message.includes("it belongs to node n2"), error.message);
  });
});

Deno.test("flags do not overrule the members that the folder knows", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    await nodes.startAll("a", peers);
    for (const name of ["a1", "a2", "a3"]) await nodes.stop(name);
    await nodes.start("a1", 1, new Map([[1, peers.get(1)!]]));
    await nodes.says("a1", /warn: the folder counts: the members are n1, n2, n3/);
    assertEquals(await nodes.put("alone", ["a1"]), "no");
    assertEquals(nodes.running.get("a1")!.report().status!.leader, null);
    await nodes.start("a2", 2, peers);
    assertEquals(await nodes.put("again", ["a1", "a2"]), "yes");
  });
});

Deno.test("a node that waits for its cluster can be stopped", async () => {
  await withNodes(async (nodes) => {
    const starting = nodes.start("a1", 1, places());
    await nodes.says("a1", /waits for all nodes/);
    await nodes.close();
    await assertRejects(() => starting, Error, "stopped before the birth");
  });
});

Deno.test("a node joins a cluster by itself and is ready when it votes; later it needs no flags", async () => {
  await withNodes(async (nodes) => {
    await nodes.startAll("a", places());
    assertEquals(await nodes.put("k", ["a1", "a2", "a3"]), "yes");
    const { hostname, port } = nodes.running.get("a1")!.clients!;
    const entry = { kind: "join", endpoints: [`${hostname}:${port}`], isLearner: false } as const;
    const listen = { hostname: "127.0.0.1", port: freePort() };
    const node = await nodes.start("a4", 4, new Map(), { entry, listen });
    const { voters } = node.report().status.members;
    assertEquals(voters.map(({ id }) => id), [1, 2, 3, 4]);
    assertEquals(voters.every(({ peer, client }) => peer !== "" && client !== ""), true);
    await nodes.stop("a4");
    await nodes.stop("a3");
    await nodes.start("a4", 4, new Map(), { ...WAIT, listen });
    assertEquals(await nodes.put("more", ["a1", "a2", "a4"]), "yes");
  });
});

Deno.test("a number that is taken is not given to a node that asks to be added (I2)", async () => {
  await withNodes(async (nodes) => {
    const peers = places();
    await nodes.startAll("a", peers);
    const { hostname, port } = nodes.running.get("a1")!.clients!;
    await nodes.stop("a2");
    await Deno.remove(nodes.folder("a2"), { recursive: true });
    const entry = { kind: "join", endpoints: [`${hostname}:${port}`], isLearner: false } as const;
    nodes.start("a2", 2, peers, { entry }).catch(() => null);
    await nodes.says("a2", /warn: cannot join yet: n2 is a member with another folder/);
    assertEquals(nodes.running.get("a1")!.report().status.members.voters.length, 3);
  });
});

Deno.test("a leader adds no member without the name of its folder (I2)", async () => {
  await withNodes(async (nodes) => {
    const node = await nodes.start("a1", 1, new Map([[1, places().get(1)!]]));
    await until(() => node.report().status.role === "leader");
    const client = new RpcClient({ server: node.clients! });
    const { members: { voters } } = node.report().status;
    const nameless = { id: 2, incarnation: "", peer: "127.0.0.1:1", client: "" };
    const bytes = encodeMembers({ voters, outgoing: [], learners: [nameless] });
    const request = [MEMBERS_REQUEST, node.report().status.membersIndex, bytes];
    const outcome = await client.call(request, { withinMs: 5_000 });
    client.close();
    assert(outcome.kind === "replied");
    assertEquals(outcome.payload, "n2 has to be named with its folder");
  });
});
