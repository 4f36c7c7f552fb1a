/**
 * A failure of the system (a path that cannot be made, a file in the way, a full disk) ends a
 * command with one line that names the path, and never with a stack.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exitCodes } from "../../../cli/table/exit_codes.ts";
import { selfCommand } from "../../../cli/table/self_command.ts";
import { type Ended, runCommand, runToEnd } from "../../helpers/commands.ts";
import { withFolder } from "../../helpers/with_folder.ts";

const longName = "x".repeat(300);

/** Files and folders in the way; `NAME/` is a folder. */
const inTheWay = ["file", "folder/", "noread/cluster.json/", "nowrite/cluster.json.tmp/"];
const nodeLog = ["log/n1.log/", "log/n2.log/", "log/n3.log/"];

const node = ["node", "--id", "1", "--peers", "1=127.0.0.1:0", "--until-input-ends", "--data"];

/** Command lines in a folder with all of these, and a word of their messages. */
const refused: readonly (readonly [readonly string[], string])[] = [
  [["up", "--exec", "status", "--data", "file"], "Cannot open the folder file: File exists"],
  [["up", "--exec", "status", "--data", "file/in"], "Cannot open the folder file/in: Not a dir"],
  [["up", "--exec", "status", "--data", longName], longName],
  [["up", "--exec", "status", "--data", "noread"], "noread/cluster.json"],
  [["up", "--exec", "status", "--data", "nowrite"], "nowrite"],
  [["up", "--exec", "status", "--data", "log"], "n1.log"],
  [["get", "a", "--data", "noread"], "noread/cluster.json"],
  [["status", "--data", longName], longName],
  [["faults", "--data", "noread"], "noread/cluster.json"],
  [[...node, "file"], "Cannot open the folder file: Not a dir"],
  [[...node, "file/in"], "Cannot open the folder file/in: Not a dir"],
  [[...node, longName], longName],
  [["inspect", "file/in"], "file/in"],
  [["inspect", longName], longName],
  [["check", "folder"], "folder"],
  [["check", "nothing"], "nothing"],
];

function assertOneLine(error: string, line: readonly string[]): void {
  const words = error.trimEnd().split("\n").filter((text) => !text.startsWith("All nodes stopped"));
  // The last line of a node is one of its log.
  const start = line[0] === "node"
    ? '"level":"error","node":"n1","message":"Cannot '
    : "error: Cannot ";
  assertEquals([words.length, words[0]?.includes(start)], [1, true], `${line}: ${error}`);
}

Deno.test("a path that cannot be used ends a command with one line that names it", async () => {
  await withFolder(async (folder) => {
    for (const path of [...inTheWay, ...nodeLog]) {
      if (path.endsWith("/")) await Deno.mkdir(`${folder}/${path}`, { recursive: true });
      else await Deno.writeTextFile(`${folder}/${path}`, "in the way");
    }
    for (const [line, word] of refused) {
      const { code, error } = await runCommand(line, "", { cwd: folder });
      assertEquals(code, exitCodes.failure, `${line}: ${error}`);
      assertOneLine(error, line);
      assertStringIncludes(error, word);
    }
  });
});

/** Command lines in a folder without permissions, and a word of their messages. */
const forbidden: readonly (readonly [readonly string[], string])[] = [
  [["up", "--exec", "status", "--data", "locked/in"], "locked/in"],
  [["get", "a", "--data", "secret"], "secret/cluster.json"],
  [[...node, "locked/in"], "locked/in"],
  [["inspect", "secret"], "secret"],
  [["check", "secret/cluster.json"], "secret/cluster.json"],
];

Deno.test({
  name: "a path without permission ends a command with one line that names it",
  ignore: Deno.build.os !== "linux", // Other systems have no setpriv.
  fn: async () => {
    await withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/locked`, { mode: 0o555 });
      await Deno.mkdir(`${folder}/secret`);
      await Deno.writeTextFile(`${folder}/secret/cluster.json`, clusterFile);
      await Deno.chmod(`${folder}/secret`, 0o000);
      for (const [line, word] of forbidden) {
        const { code, error } = await runWithoutPrivileges(line, folder);
        assertEquals(code, exitCodes.failure, `${line}: ${error}`);
        assertOneLine(error, line);
        assertStringIncludes(error, word);
        assertMatch(error, /[Pp]ermission denied/);
      }
      await Deno.chmod(`${folder}/secret`, 0o700);
    });
  },
});

/**
 * Runs a command for which the modes of files count. For root they do only without these two
 * capabilities.
 */
async function runWithoutPrivileges(line: readonly string[], cwd: string): Promise<Ended> {
  const words = [...selfCommand(), ...line];
  const dropped = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", ...words];
  const [program, ...args] = Deno.uid() === 0 ? dropped : words;
  const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  return await runToEnd(new Deno.Command(program!, { args, cwd, ...pipes }).spawn(), "");
}

Deno.test("a folder for temporary files that is missing ends a command with one line", async () => {
  const env = { TMPDIR: "/nowhere/at/all" };
  for (const line of [["bench", "--duration", "100ms"], ["test", "TestBackup3B", "--processes"]]) {
    const { code, error } = await runCommand(line, "", { env });
    assertEquals(code, exitCodes.failure, error);
    assert(!error.includes("    at "), error);
    assertMatch(error, /^(seed \d+\n)?error: Cannot .*\n$/);
  }
});

Deno.test({
  name: "standard input that cannot be read ends a command with one line",
  ignore: Deno.build.os === "windows", // A shell on Windows cannot give a folder as input.
  fn: async () => {
    await withFolder(async (folder) => {
      for (const line of [["put", "a", "-", "--data", folder], ["check", "-"]]) {
        await Deno.writeTextFile(`${folder}/cluster.json`, clusterFile);
        const child = new Deno.Command("sh", {
          args: ["-c", `"$@" < ${folder}`, "sh", ...selfCommand(), ...line],
          ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
        }).spawn();
        const { code, error } = await runToEnd(child, "");
        assertEquals(code, exitCodes.failure, error);
        assertMatch(error, /^error: Cannot read standard input: Is a directory.*\n$/);
      }
    });
  },
});

const clusterFile = JSON.stringify({
  ...{ format: 1, cluster: "down" },
  nodes: [{ id: 1, peers: "127.0.0.1:1", clients: "127.0.0.1:1" }],
});

const history = `{"history":1,"model":"register"}
{"client":0,"call":0,"return":1,"input":{"op":"write","key":"x","value":1},"output":{}}
{"client":0,"call":2,"return":3,"input":{"op":"read","key":"x"},"output":{"value":2}}
`;

Deno.test("check prints its verdict although the page cannot be written", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/history.jsonl`, history);
    for (const page of [`${folder}/nowhere/page.html`, folder]) {
      const line = ["check", `${folder}/history.jsonl`, "--timeline", page];
      const { code, out, error } = await runCommand(line);
      assertEquals(code, exitCodes.failure);
      assertStringIncludes(out, "ILLEGAL, not linearizable: 2 operations on 1 key");
      assertMatch(error, /^error: Cannot write .*\n$/);
      assertStringIncludes(error, page);
    }
  });
});

Deno.test("check reads a history from standard input", async () => {
  const { code, out } = await runCommand(["check", "-", "--json"], history);
  assertEquals([code, JSON.parse(out).verdict], [exitCodes.failure, "illegal"]);
  const wrong = await runCommand(["check", "-"], "{");
  assertEquals(wrong.code, exitCodes.damaged);
  assertStringIncludes(wrong.error, "standard input: Cannot read history: line 1");
});
