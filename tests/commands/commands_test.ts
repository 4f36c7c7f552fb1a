/**
 * The commands as a user runs them: against a cluster, and against none. Outcomes are told by
 * exit code, JSON and words. Interrupted ones are in `interrupt_test.ts`.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import { freePort } from "../../cli/cluster/free_port.ts";
import { selfCommand } from "../../cli/table/self_command.ts";
import {
  endOf,
  firstLine,
  killCommand,
  runCommand as run,
  startCommand as start,
  withCluster,
} from "../helpers/commands.ts";
import { until } from "../helpers/until.ts";
import { withFolder } from "../helpers/with_folder.ts";

Deno.test("commands tell their outcome by exit code, words and JSON", async () => {
  await withCluster(async ({ flags }) => {
    const put = await run(["put", "colour", "blue", "--json", ...flags]);
    assertEquals([put.code, JSON.parse(put.out).version], [exitCodes.ok, 1]);
    assertEquals((await run(["get", "colour", ...flags])).out, "blue");

    const bytes = Uint8Array.of(0xff, 0, 10);
    assertEquals((await run(["put", "raw", "-", ...flags], bytes)).code, exitCodes.ok);
    const raw = JSON.parse((await run(["get", "raw", "--json", ...flags])).out);
    assertEquals(raw.value, { base64: "/wAK" });

    const stale = await run(["put", "colour", "red", "--version", "7", ...flags]);
    assertEquals(stale.code, exitCodes.versionConflict);
    assertEquals(stale.error, "The key has version 1, not 7; nothing was changed.\n");
    const none = await run(["get", "nothing", "--json", ...flags]);
    assertEquals([none.code, JSON.parse(none.out).outcome], [exitCodes.notFound, "notFound"]);
    assertEquals((await run(["put", "nothing", "x", "--version", "3", ...flags])).code, 3);

    const status = await run(["status", "--json", ...flags]);
    const { leader, nodes } = JSON.parse(status.out);
    assertEquals([nodes.length, [1, 2, 3].includes(leader)], [3, true]);
    for (const { saves, loopLagMs } of nodes) {
      assert(saves.count > 0 && saves.p99Ms > 0 && loopLagMs >= 0, status.out);
    }

    const shell = await run(["shell", ...flags], "put a 1\nget a\nget colour\n");
    assertEquals([shell.code, shell.out], [exitCodes.ok, "version 1\n1\nblue\n"]);
    const failing = await run(["shell", "--exec", "get nothing; get a", ...flags]);
    assertEquals([failing.code, failing.out], [exitCodes.notFound, "1\n"]);
    const wrong = await run(["shell", "--exec", "gett a", ...flags]);
    assertEquals(wrong.code, exitCodes.usage);
    assert(wrong.error.includes('did you mean "get"?'), wrong.error);
  });
});

Deno.test("up refuses another number of nodes than its folder has, and counts in words", async () => {
  await withFolder(async (folder) => {
    const first = await run(["up", "--nodes", "1", "--data", folder, "--exec", "put a 1; exit 3"]);
    assertEquals([first.code, first.out], [3, "version 1\n"]);
    assert(first.error.includes("New cluster: 1 node in "), first.error);
    const other = await run(["up", "--nodes", "5", "--data", folder, "--exec", "get a"]);
    assertEquals(other.code, exitCodes.usage);
    assert(other.error.includes(`Cannot run 5 nodes in ${folder}: its cluster has 1`), other.error);
    assertEquals((await run(["up", "--data", folder, "--exec", "get a"])).out, "1\n");
  });
});

Deno.test("keys and values may begin with a hyphen, and hold any byte as hexadecimal", async () => {
  await withCluster(async ({ flags }) => {
    assertEquals((await run(["put", ...flags, "--", "-k", "-v"])).code, exitCodes.ok);
    assertEquals((await run(["get", ...flags, "--", "-k"])).out, "-v");
    assertEquals((await run(["get", ...flags, "--key-hex", "2d6b"])).out, "-v");
    const put = ["put", "0009c3bc", "ff0061", "--key-hex", "--value-hex"];
    assertEquals((await run([...put, ...flags])).code, exitCodes.ok);
    const get = await run(["get", "0009C3BC", "--key-hex", "--json", ...flags]);
    const { key, value } = JSON.parse(get.out);
    assertEquals([key, value], ["\0\tü", { base64: "/wBh" }]);
    const shell = await run(["shell", "--exec", "get --key-hex 0009c3bc", "--json", ...flags]);
    assertEquals(JSON.parse(shell.out).value, { base64: "/wBh" });
    for (const words of [["get", "0", "--key-hex"], ["get", "ff", "--key-hex"]]) {
      const wrong = await run([...words, ...flags]);
      assertEquals(wrong.code, exitCodes.usage, wrong.error);
    }
  });
});

Deno.test({
  name: "words and variables that are not UTF-8 are refused, not changed",
  ignore: Deno.build.os === "windows", // there is no shell there that passes on such bytes
  fn: async () => {
    const self = selfCommand().map((word) => `'${word}'`).join(" ");
    const sh = async (line: string) => {
      const { code, stderr } = await new Deno.Command("sh", { args: ["-c", line] }).output();
      return { code, error: new TextDecoder().decode(stderr) };
    };
    const word = await sh(`${self} get "$(printf 'a\\377')"`);
    assertEquals(word.code, exitCodes.usage, word.error);
    assert(word.error.includes("--key-hex"), word.error);
    const variable = await sh(`KONTIKI_TIMEOUT="$(printf '\\377')" ${self} get a`);
    assertEquals(variable.code, exitCodes.usage, variable.error);
    assert(variable.error.includes("KONTIKI_TIMEOUT"), variable.error);
  },
});

Deno.test("lock runs a program alone and gives its exit code", async () => {
  await withCluster(async ({ flags }) => {
    const script = 'test "$KONTIKI_LOCK_TOKEN" -gt 0 && exit 42';
    const held = await run(["lock", "door", ...flags, "--", "sh", "-c", script]);
    assertEquals(held.code, 42);
    assertEquals((await run(["lock", "door", "--release", ...flags])).code, exitCodes.notFound);

    const holder = start(["lock", "door", "--json", ...flags]);
    await firstLine(holder.stdout);
    const waiting = await run(["lock", "door", "--wait", "200ms", ...flags, "--", "true"]);
    assertEquals(waiting.code, exitCodes.unavailable);
    holder.kill("SIGINT");
    assertEquals((await endOf(holder)).code, exitCodes.ok);
    assertEquals((await run(["lock", "door", ...flags, "--", "true"])).code, 0);
    await killCommand(holder);
  });
});

Deno.test("lock hands SIGTERM on to its program, and gives the lock back", async () => {
  await withCluster(async ({ flags }) => {
    const script = "trap 'exit 9' TERM; echo ready; for i in 1 2 3 4 5 6 7 8 9; do sleep 1; done";
    const holder = start(["lock", "door", ...flags, "--", "sh", "-c", script]);
    assertEquals(await firstLine(holder.stdout), "ready\n");
    holder.kill("SIGTERM");
    assertEquals((await endOf(holder)).code, 9);
    assertEquals((await run(["lock", "door", "--release", ...flags])).code, exitCodes.notFound);
    await killCommand(holder);
  });
});

Deno.test("commands call a key or a value that is too long a wrong command line", async () => {
  await withCluster(async ({ flags }) => {
    const longKey = "k".repeat(4097);
    const many = new Uint8Array(2 ** 20 + 1);
    const wrong: readonly (readonly [readonly string[], Uint8Array?])[] = [
      [["get", longKey]],
      [["put", longKey, "v"]],
      [["put", "k", "-"], many],
      [["lock", longKey, "--", "true"]],
    ];
    for (const [args, input] of wrong) {
      const { code, error } = await run([args[0]!, ...flags, ...args.slice(1)], input);
      assertEquals(code, exitCodes.usage, error);
      assertEquals(
        /wanted at most \d+ bytes, got .*\nRun "kontiki \w+ --help"/.test(error),
        true,
        error,
      );
    }
    const most = many.subarray(1).fill(7);
    assertEquals((await run(["put", longKey.slice(1), "-", ...flags], most)).code, exitCodes.ok);
    const got = await run(["get", longKey.slice(1), ...flags]);
    assertEquals(got.out, "\x07".repeat(2 ** 20));
  });
});

Deno.test({
  name: "a command says in one line that its output cannot be written",
  ignore: Deno.build.os !== "linux", // no /dev/full elsewhere
  fn: async () => {
    const full = new Deno.Command("sh", {
      args: ["-c", '"$@" >/dev/full', "sh", ...selfCommand(), "version"],
    });
    const { code, stderr } = await full.output();
    const error = new TextDecoder().decode(stderr);
    assertEquals(code, exitCodes.failure);
    assert(/^error: Cannot write the output: .*No space left.*\n$/.test(error), error);
  },
});

Deno.test({
  name: "a node serves when its log cannot be written",
  ignore: Deno.build.os !== "linux", // no /dev/full elsewhere
  fn: async () => {
    await withFolder(async (folder) => {
      const place = ["--id", "1", "--peers", "1=127.0.0.1:0", "--data", folder];
      const full = new Deno.Command("sh", {
        args: [
          "-c",
          '"$@" 2>/dev/full',
          "sh",
          ...selfCommand(),
          "node",
          ...place,
          "--until-input-ends",
        ],
        stdin: "null",
      });
      const { code, stdout } = await full.output();
      assertEquals([code, JSON.parse(new TextDecoder().decode(stdout)).ready], [0, true]);
    });
  },
});

Deno.test("node says which address is wrong, and why", async () => {
  await withFolder(async (folder) => {
    const wrong: readonly (readonly [string, string, number])[] = [
      ["1=nowhere.invalid:0", "Cannot listen for peers at nowhere.invalid:0: ", exitCodes.failure],
      ["1=192.0.2.1:0", "at 192.0.2.1:0: wanted an address of this machine", exitCodes.failure],
      ["1=127.0.0.1:0,1=127.0.0.1:7002", "wanted every node once, got 1 twice", exitCodes.usage],
      ["1=a:1,2=a:1", "got a:1 for 1 and 2", exitCodes.usage],
    ];
    for (const [peers, message, reason] of wrong) {
      const { code, error } = await run(["node", "--id", "1", "--peers", peers, "--data", folder]);
      assertEquals(code, reason, error);
      assert(error.includes(message), error);
      assert(!error.includes("    at "), error);
    }
  });
});

Deno.test("a partition refuses the minority, serves the majority, and heals", async () => {
  await withCluster(async ({ flags }) => {
    await run(["put", "colour", "blue", ...flags]);
    const { leader } = JSON.parse((await run(["status", "--json", ...flags])).out);
    const others = [1, 2, 3].filter((id) => id !== leader).map((id) => `n${id}`).join(",");
    const cut = await run(["partition", `n${leader}`, others, ...flags]);
    assertEquals([cut.code, cut.out], [0, `n${leader} | ${others.replace(",", " ")}\n`]);
    const only = ["--node", `n${leader}`, "--timeout", "1500ms"];
    const minority = await run(["put", "colour", "red", "--version", "1", ...only, ...flags]);
    assert([exitCodes.unavailable, exitCodes.unknownOutcome].includes(minority.code as 5 | 6));
    const get = await run(["get", "colour", ...only, ...flags]);
    assertEquals(get.code, exitCodes.unavailable);
    assertEquals((await run(["put", "colour", "green", ...flags])).code, exitCodes.ok);
    assert((await run(["faults", ...flags])).out.includes("|"));
    assertEquals((await run(["heal", ...flags])).out, "healed\n");
    assertEquals((await run(["faults", ...flags])).out, "none\n");
    assertEquals((await run(["get", "colour", ...flags])).out, "green");
    assertEquals((await run(["faults", "--drop", "0.1", ...flags])).code, 0);
    assert((await run(["faults", ...flags])).out.includes("lose 10 %"));
  });
});

/** Commands that need a cluster, with what they need besides. */
const clusterCommands: readonly (readonly string[])[] = [
  ["get", "a"],
  ["put", "a", "b"],
  ["lock", "a", "--wait", "300ms", "--", "true"],
  ["status"],
  ["shell", "--exec", "get a"],
];

Deno.test("commands say that a cluster is out of reach", async () => {
  const port = freePort();
  await withFolder(async (folder) => {
    for (const command of clusterCommands) {
      const [name, ...rest] = command;
      const flags = ["--endpoints", `127.0.0.1:${port}`];
      const lost = await run([name!, ...flags, "--timeout", "300ms", ...rest]);
      assertEquals(lost.code, exitCodes.unavailable, `${name}: ${lost.error}`);
      const missing = await run([name!, "--data", `${folder}/none`, ...rest]);
      assertEquals(missing.code, exitCodes.unavailable, name);
      assert(missing.error.includes("kontiki up"), missing.error);
    }
    const nodes = [1, 2].map((id) => ({ id, peers: "127.0.0.1:0", clients: `127.0.0.1:${port}` }));
    const file = JSON.stringify({ format: 1, cluster: "down", nodes });
    await Deno.writeTextFile(`${folder}/cluster.json`, file);
    for (const name of ["partition n1 n2", "heal", "faults", "faults --drop 0.1"]) {
      const missing = await run([...name.split(" "), "--data", `${folder}/none`]);
      assertEquals(missing.code, exitCodes.unavailable, name);
      const down = await run([...name.split(" "), "--data", folder]);
      assertEquals(down.code, exitCodes.unavailable, name);
      assert(`${down.error}${down.out}`.toLowerCase().includes("no answer"), down.error);
    }
    const bench = await run(["bench", "--endpoints", `127.0.0.1:${port}`]);
    assertEquals(bench.code, exitCodes.unavailable, bench.error);
    const wrong = await run(["get", "a", "--endpoints", "nowhere"]);
    assertEquals(wrong.code, exitCodes.usage);
    assert(wrong.error.includes('wanted HOST:PORT, got "nowhere"'), wrong.error);
  });
});

Deno.test("start in the shell waits until the node answers", async () => {
  await withFolder(async (folder) => {
    const script = "kill n2; start n2; faults";
    const { code, out } = await run(["up", "--data", `${folder}/data`, "--exec", script]);
    assertEquals([code, out], [exitCodes.ok, "n2 killed\nn2 started\nnone\n"]);
  });
});

Deno.test("commands say which of their endpoints is of another cluster", async () => {
  await withFolder(async (folder) => {
    const places: string[] = [];
    const nodes = ["one", "two"].map((cluster) =>
      start([
        ...["node", "--id", "1", "--peers", "1=127.0.0.1:0", "--clients", "127.0.0.1:0"],
        ...["--cluster", cluster, "--data", `${folder}/${cluster}`],
      ])
    );
    try {
      for (const node of nodes) {
        const { clients } = JSON.parse(await firstLine(node.stdout));
        places.push(`${clients.hostname}:${clients.port}`);
      }
      const { code, error } = await run(["status", "--endpoints", places.join()]);
      const found = `got one at ${places[0]}, two at ${places[1]}`;
      assertEquals([code, error.includes(found)], [exitCodes.failure, true], error);
    } finally {
      for (const node of nodes) await killCommand(node);
    }
  });
});

Deno.test("inspect tells a sound folder from a damaged one and from none", async () => {
  await withFolder(async (folder) => {
    const put = await run(["up", "--data", `${folder}/data`, "--exec", "put colour blue"]);
    assertEquals(put.code, exitCodes.ok, put.error);
    const node = `${folder}/data/n1`;
    const sound = await run(["inspect", node]);
    assertEquals(sound.code, exitCodes.ok, sound.error);
    assert(sound.out.startsWith("sound"), sound.out);
    assertEquals((await run(["inspect", `${folder}/none`])).code, exitCodes.failure);
    const bytes = await Deno.readFile(`${node}/vote`);
    bytes[bytes.length - 1]! ^= 1;
    await Deno.writeFile(`${node}/vote`, bytes);
    assertEquals((await run(["inspect", node])).code, exitCodes.damaged);
    // The others are a majority and go on.
    const up = await run(["up", "--data", `${folder}/data`, "--exec", "sleep 1s; get colour"]);
    assertEquals([up.code, up.out], [exitCodes.ok, "blue\n"], up.error);
    assertMatch(up.error, /n1 ended with exit code 7: Cannot use the storage: .*vote/);
  });
});

Deno.test("a folder and a port in use are refused with what to do", async () => {
  await withCluster(async ({ flags, endpoints }) => {
    const second = await run(["up", ...flags, "--exec", "status"]);
    assertEquals(second.code, exitCodes.failure);
    assert(second.error.includes('another "kontiki up" runs it'), second.error);
    await withFolder(async (folder) => {
      const [clients] = endpoints.split(",");
      const place = ["--peers", "1=127.0.0.1:0", "--clients", clients!, "--data", folder];
      const node = await run(["node", "--id", "1", ...place]);
      assertEquals(node.code, exitCodes.failure);
      assert(node.error.includes(`${clients}: wanted a free port, got one in use`), node.error);
    });
  });
});

Deno.test("check says what is wrong with a file", async () => {
  await withFolder(async (folder) => {
    assertEquals((await run(["check", `${folder}/none`])).code, exitCodes.failure);
    await Deno.writeTextFile(`${folder}/garbage`, "{");
    const garbage = await run(["check", `${folder}/garbage`]);
    assertEquals(garbage.code, exitCodes.damaged);
    assert(garbage.error.includes("line 1"), garbage.error);
  });
});

Deno.test("nodes of up stop by themselves when up is killed", async () => {
  await withFolder(async (folder) => {
    const child = start(["up", "--serve", "--data", `${folder}/data`]);
    try {
      const endpoints = (await firstLine(child.stdout)).trim().replace("Clients: ", "");
      await killCommand(child);
      for (const endpoint of endpoints.split(",")) {
        await until(async () => !await answers(endpoint), `the end of ${endpoint}`, 60_000);
      }
    } finally {
      await killCommand(child);
    }
  });
});

async function answers(endpoint: string): Promise<boolean> {
  const [hostname, port] = endpoint.split(":");
  try {
    const connection = await Deno.connect({ hostname: hostname!, port: Number(port) });
    connection.close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
