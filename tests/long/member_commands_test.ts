/**
 * `kontiki member` and `kontiki transfer` on a cluster of processes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import { freePort } from "../../cli/cluster/free_port.ts";
import {
  firstLine,
  killCommand,
  runCommand,
  startCommand,
  withCluster,
} from "../helpers/commands.ts";

/** Long enough for a machine that has much else to do. */
const run = (args: readonly string[]) => runCommand([...args, "--timeout", "30s"]);

interface Listed {
  readonly id: number;
  readonly role: string;
  readonly leads: boolean;
}

Deno.test("transfer lets another node lead, and member removes and adds a node again", async () => {
  await withCluster(async ({ flags }) => {
    const list = async (): Promise<readonly Listed[]> =>
      JSON.parse((await run(["member", "list", "--json", ...flags])).out).members;
    const rolesOf = (members: readonly Listed[]) => members.map(({ id, role }) => `n${id} ${role}`);
    assertEquals((await run(["put", "colour", "blue", ...flags])).code, 0);
    assertEquals(rolesOf(await list()), ["n1 voter", "n2 voter", "n3 voter"]);
    const other = (await list()).find(({ leads }) => !leads)!.id;
    const handed = await run(["transfer", `n${other}`, ...flags]);
    assertEquals([handed.code, handed.out.slice(0, 8)], [0, `n${other} leads`], handed.error);
    assertEquals((await list()).find(({ leads }) => leads)!.id, other);

    const planned = await run(["member", "remove", `n${other}`, "--dry-run", ...flags]);
    const rest = [1, 2, 3].filter((id) => id !== other);
    assertEquals(planned.out, `would be: n${rest[0]} n${rest[1]}\n`);
    const removed = await run(["member", "remove", `n${other}`, ...flags]);
    assertEquals(removed.out, `members: n${rest[0]} n${rest[1]}\n`, removed.error);
    assertEquals(rolesOf(await list()), rest.map((id) => `n${id} voter`));
    assertEquals((await run(["get", "colour", ...flags])).out, "blue");

    const data = flags[1]!;
    const { nodes } = JSON.parse(await Deno.readTextFile(`${data}/cluster.json`));
    const { peers } = nodes.find(({ id }: Listed) => id === other);
    const added = await run(["member", "add", `n${other}`, "--peer", peers, ...flags]);
    assertEquals(added.code, 0, added.error);
    assertEquals(rolesOf(await list()), ["n1 voter", "n2 voter", "n3 voter"]);
  });
});

Deno.test("member refuses what makes no sense, and what would leave no majority", async () => {
  await withCluster(async ({ flags }) => {
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { code, error } = await run(["member", ...args, ...flags]);
      assert(code === exitCodes.usage || code === exitCodes.failure, `${args}: ${code}`);
      return error;
    };
    assert((await refused("fly")).includes("wanted list, add, remove, promote or update"));
    assert((await refused("remove", "n9")).includes("n9 is no member"));
    assert((await refused("remove", "x")).includes("wanted a name such as n4"));
    assert((await refused("add", "n1", "--peer", "127.0.0.1:1")).includes("is a member already"));
    assert((await refused("add", "n4")).includes("wanted --peer"));
    assert((await refused("update", "n1", "--peer", "nowhere")).includes("wanted HOST:PORT"));
    const learner = ["add", "n4", "--peer", "127.0.0.1:9", "--learner"];
    assertEquals((await run(["member", ...learner, ...flags])).code, 0);
    const late = await runCommand(["member", "promote", "n4", "--timeout", "500ms", ...flags]);
    assertEquals(late.code, exitCodes.unknownOutcome, late.error);
  });
});

Deno.test("a cluster of processes gets a fourth node, which replaces one that is lost for good", async () => {
  await withCluster(async ({ flags }) => {
    const data = flags[1]!;
    const file = JSON.parse(await Deno.readTextFile(`${data}/cluster.json`));
    const ports = [freePort(), freePort()].map((port) => `127.0.0.1:${port}`);
    const peers = file.nodes.map(({ id, peers }: { id: number; peers: string }) =>
      `${id}=${peers}`
    );
    const place = ["--id", "4", "--peers", [...peers, `4=${ports[0]}`].join(), "--join"];
    const folder = ["--cluster", file.cluster, "--data", `${data}/fourth`];
    const node = startCommand(["node", ...place, ...folder, "--clients", ports[1]!]);
    try {
      await firstLine(node.stdout);
      for (let at = 0; at < 20; at++) await run(["put", `k${at}`, `${at}`, ...flags]);
      const add = ["add", "n4", "--peer", ports[0]!, "--client", ports[1]!];
      const added = await run(["member", ...add, ...flags]);
      assertEquals(added.code, 0, added.error);
      const { leader } = JSON.parse((await run(["status", "--json", ...flags])).out);
      const lost = [1, 2, 3].find((id) => id !== leader)!;
      const removed = await run(["member", "remove", `n${lost}`, ...flags]);
      assertEquals(removed.code, 0, removed.error);
      const handed = await run(["transfer", "n4", ...flags]);
      assertEquals([handed.code, handed.out.slice(0, 8)], [0, "n4 leads"], handed.error);
      assertEquals((await run(["get", "k19", "--endpoints", ports[1]!])).out, "19");
    } finally {
      await killCommand(node);
    }
  });
});
