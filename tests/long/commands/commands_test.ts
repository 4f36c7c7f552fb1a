/**
 * The commands as a user runs them, with a cluster and without one: exit codes, JSON and words.
 * Tests that take seconds are in `tests/long`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { exitCodes } from "../../../cli/table/exit_codes.ts";
import { selfCommand } from "../../../cli/table/self_command.ts";
import {
  firstLine,
  killCommand,
  runCommand as run,
  startCommand as start,
  withCluster,
} from "../../helpers/commands.ts";
import { withFolder } from "../../helpers/with_folder.ts";

Deno.test("commands report their outcome by exit code, words and JSON", async () => {
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

    const compact = await run(["compact", "--json", ...flags]);
    const merged = JSON.parse(compact.out).nodes;
    assertEquals([compact.code, merged.length], [exitCodes.ok, 3], compact.error);
    assert(merged.every(({ bytes }: { bytes: number }) => bytes > 0), compact.out);

    const shell = await run(["shell", ...flags], "put a 1\nget a\nget colour\n");
    assertEquals([shell.code, shell.out], [exitCodes.ok, "version 1\n1\nblue\n"]);
    const failing = await run(["shell", "--exec", "get nothing; get a", ...flags]);
    assertEquals([failing.code, failing.out], [exitCodes.notFound, "1\n"]);
    const wrong = await run(["shell", "--exec", "gett a", ...flags]);
    assertEquals(wrong.code, exitCodes.usage);
    assert(wrong.error.includes('did you mean "get"?'), wrong.error);
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
  ignore: Deno.build.os === "windows", // A shell on Windows does not pass on such bytes.
  fn: async () => {
    const self = selfCommand().map((word) => `'${word}'`).join(" ");
    const sh = async (line: string) => {
      const { code, stderr } = await new Deno.Command("sh", { args: ["-c", line] }).output();
      return { code, error: new TextDecoder().decode(stderr) };
    };
    const word = await sh(`${self} get "$(printf 'a\\377')"`);
    // An older Deno refuses such words itself.
    if (!word.error.includes("invalid UTF-8 was detected")) {
      assertEquals(word.code, exitCodes.usage, word.error);
      assert(word.error.includes("--key-hex"), word.error);
    }
    const variable = await sh(`KONTIKI_TIMEOUT="$(printf '\\377')" ${self} get a`);
    assertEquals(variable.code, exitCodes.usage, variable.error);
    assert(variable.error.includes("KONTIKI_TIMEOUT"), variable.error);
  },
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
  ignore: Deno.build.os !== "linux", // Other systems have no /dev/full.
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
  ignore: Deno.build.os !== "linux", // Other systems have no /dev/full.
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

Deno.test("start in the shell waits until the node answers, and only the user can open its files", async () => {
  await withFolder(async (folder) => {
    const script = "kill n2; start n2; faults";
    const { code, out } = await run(["up", "--data", `${folder}/data`, "--exec", script]);
    assertEquals([code, out], [exitCodes.ok, "n2 killed\nn2 started\nnone\n"]);
    assertEquals(await openPaths(`${folder}/data`), []);
  });
});

/** The paths of the folder and of everything in it that other users may open. */
async function openPaths(path: string): Promise<string[]> {
  const { mode, isDirectory } = await Deno.stat(path);
  const open = ((mode ?? 0) & 0o077) === 0 ? [] : [path];
  if (!isDirectory) return open;
  const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
  const inside = await Promise.all(names.map((name) => openPaths(`${path}/${name}`)));
  return [...open, ...inside.flat()];
}

Deno.test("commands say which of their endpoints belongs to another cluster", async () => {
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

Deno.test("a folder or a port in use is refused with what to do", async () => {
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

Deno.test("inspect says that a folder is empty, also when other files are in it", async () => {
  await withFolder(async (folder) => {
    const empty = await run(["inspect", folder]);
    assertEquals(empty.out, "empty: no node has saved anything in this folder\n");
    assertEquals(empty.code, exitCodes.notFound);
    await Deno.writeTextFile(`${folder}/notes.txt`, "of another program");
    const other = await run(["inspect", folder, "--json"]);
    assertEquals([other.code, JSON.parse(other.out).verdict], [exitCodes.notFound, "empty"]);
  });
});
