/**
 * `kontiki member` and `kontiki transfer` on a cluster of processes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import { freePort } from "../../cli/cluster/free_port.ts";
import {
  endOf,
  firstLine,
  killCommand,
  runCommand,
  startCommand,
  withCluster,
} from "../helpers/commands.ts";
import { until } from "../helpers/until.ts";

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

    // Its process ends by itself, and ends again when it is started with the folder that it had.
    const data = flags[1]!;
    const log = `${data}/n${other}.log`;
    const said = `n${other} was removed from the cluster`;
    await until(() => Deno.readTextFileSync(log).includes(said), "the removed node ends");
    const again = startCommand(["node", "--data", `${data}/n${other}`]);
    const { code, error } = await endOf(again);
    assertEquals([code, error.includes(said)], [exitCodes.removed, true], error);
    await killCommand(again);

    const { process: node, client } = await startFresh(data, other);
    try {
      const added = await run(["member", "add", `n${other}`, "--with", client, ...flags]);
      assertEquals(added.code, 0, added.error);
      assertEquals(rolesOf(await list()), ["n1 voter", "n2 voter", "n3 voter"]);
      // The number is a member's again, but the folder is another one.
      const replaced = startCommand(["node", "--data", `${data}/n${other}`]);
      assertEquals((await endOf(replaced)).code, exitCodes.removed);
      await killCommand(replaced);
    } finally {
      await killCommand(node);
    }
  });
});

Deno.test("a node ends whose place another folder took while it was down (M7)", async () => {
  await withCluster(async ({ flags }) => {
    const data = flags[1]!;
    const member = async (...words: string[]): Promise<void> => {
      const { code, error } = await run(["member", ...words, ...flags]);
      assertEquals(code, 0, error);
    };
    const first = await startFresh(data, 4);
    try {
      await member("add", "n4", "--with", first.client);
    } finally {
      await killCommand(first.process);
    }
    await Deno.rename(`${data}/fresh4`, `${data}/earlier4`);
    const second = await startFresh(data, 4);
    try {
      await member("replace", "n4", "--with", second.client);
      const earlier = startCommand(["node", "--data", `${data}/earlier4`]);
      const tooLong = setTimeout(() => earlier.kill(), 20_000);
      const { code, error } = await endOf(earlier);
      clearTimeout(tooLong);
      assertEquals(code, exitCodes.removed, error);
      await killCommand(earlier);
    } finally {
      await killCommand(second.process);
    }
  });
});

Deno.test("member refuses what makes no sense, and what would leave no majority", async () => {
  await withCluster(async ({ flags }) => {
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { code, error } = await run(["member", ...args, ...flags]);
      assert(code === exitCodes.usage || code === exitCodes.failure, `${args}: ${code}`);
      return error;
    };
    assert((await refused("fly")).includes("wanted list, add, remove, replace, promote, update"));
    assert((await refused("remove", "n9")).includes("n9 is no member"));
    assert((await refused("remove", "x")).includes("wanted a name such as n4"));
    assert((await refused("add", "n1", "--with", "127.0.0.1:1")).includes("is a member already"));
    assert((await refused("add", "n4")).includes("wanted --with"));
    const nobody = ["member", "add", "n4", "--with", "127.0.0.1:1", "--timeout", "500ms"];
    const { code, error } = await runCommand([...nobody, ...flags]);
    assertEquals([code, error.includes("got no answer")], [exitCodes.failure, true], error);
    assert((await refused("update", "n1", "--peer", "nowhere")).includes("wanted HOST:PORT"));
  });
});

/** A node of the cluster with an empty folder, which listens at free ports. */
async function startFresh(data: string, id: number, more: readonly string[] = []): Promise<Fresh> {
  const [peer, client] = [freePort(), freePort()].map((port) => `127.0.0.1:${port}`);
  const place = ["--id", `${id}`, "--peer", peer!, "--clients", client!];
  const { cluster } = JSON.parse(await Deno.readTextFile(`${data}/cluster.json`));
  const folder = ["--cluster", cluster, "--data", `${data}/fresh${id}`];
  return { process: startCommand(["node", ...place, ...folder, ...more]), client: client! };
}

interface Fresh {
  readonly process: Deno.ChildProcess;
  readonly client: string;
}

Deno.test("a cluster of processes gets a fourth node, which replaces one that is lost for good", async () => {
  await withCluster(async ({ flags }) => {
    const data = flags[1]!;
    for (let at = 0; at < 20; at++) await run(["put", `k${at}`, `${at}`, ...flags]);
    const { process: node, client } = await startFresh(data, 4);
    try {
      const added = await run(["member", "add", "n4", "--with", client, "--learner", ...flags]);
      assertEquals(added.out, "members: n1 n2 n3, learners n4\n", added.error);
      await firstLine(node.stdout);
      const { leader } = JSON.parse((await run(["status", "--json", ...flags])).out);
      const lost = [1, 2, 3].find((id) => id !== leader)!;
      const replace = ["member", "replace", `n${lost}`, "--with", client];
      const rest = [1, 2, 3].filter((id) => id !== lost).map((id) => `n${id}`).join(" ");
      const planned = await run([...replace, "--dry-run", ...flags]);
      assertEquals(planned.out, `would be: ${rest} n4\n`, planned.error);
      const replaced = await run([...replace, ...flags]);
      assertEquals(replaced.out, `members: ${rest} n4\n`, replaced.error);
      const handed = await run(["transfer", "n4", ...flags]);
      assertEquals([handed.code, handed.out.slice(0, 8)], [0, "n4 leads"], handed.error);
      assertEquals((await run(["get", "k19", "--endpoints", client])).out, "19");
    } finally {
      await killCommand(node);
    }
  });
});
