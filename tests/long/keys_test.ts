/**
 * The commands on many keys, on a key's past and on several keys at once, as a user runs them.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import { runCommand as run, withCluster } from "../helpers/commands.ts";
import { until } from "../helpers/until.ts";
import { withFolder } from "../helpers/with_folder.ts";

Deno.test("delete, list, count and history show what there is and what there was", async () => {
  await withCluster(async ({ flags }) => {
    for (const key of ["users/ada", "users/bob", "users/eve", "über", "zoo"]) {
      assertEquals((await run(["put", key, `of ${key}`, ...flags])).code, exitCodes.ok);
    }
    const list = await run(["list", "users/", ...flags]);
    assertEquals(
      list.out,
      "users/ada\tof users/ada\nusers/bob\tof users/bob\nusers/eve\tof users/eve\n",
    );
    const keys = ["list", "--keys-only", ...flags];
    assertEquals((await run([...keys, "--tree"])).out, "users/\nzoo\nüber\n");
    assertEquals((await run([...keys, "--reverse", "--limit", "2"])).out, "über\nzoo\n");
    const [first] = (await run(["list", "users/", "--json", ...flags])).out.split("\n");
    const { key, value, version, created, revision } = JSON.parse(first!);
    assertEquals([key, value, version, created], ["users/ada", "of users/ada", 1, revision]);

    assertEquals((await run(["count", "users/", ...flags])).out, "3\n");
    assertEquals((await run(["delete", "users/bob", ...flags])).code, exitCodes.ok);
    const again = await run(["delete", "users/bob", ...flags]);
    assertEquals([again.code, again.error], [exitCodes.notFound, "The key does not exist.\n"]);
    const stale = await run(["delete", "zoo", "--version", "7", ...flags]);
    assertEquals(stale.code, exitCodes.versionConflict);
    assertEquals(stale.error, "The key has version 1, not 7; nothing was changed.\n");
    assertEquals((await run(["delete", "zoo", "--version", "1", ...flags])).code, exitCodes.ok);
    const all = await run(["delete", "users/", "--prefix", "--json", ...flags]);
    assertEquals(JSON.parse(all.out), { outcome: "ok", prefix: "users/", deleted: 2 });
    assertEquals((await run(["count", ...flags])).out, "1\n");

    const old = ["--revision", `${revision}`, ...flags];
    assertEquals((await run(["get", "users/ada", ...old])).out, "of users/ada");
    assertEquals((await run(["count", ...old])).out, "1\n");
    const future = await run(["list", "--revision", "999999", ...flags]);
    assertEquals(future.code, exitCodes.failure);
    assertStringIncludes(future.error, "Revision 999999 is not there yet; the newest is");

    await run(["put", "über", "second", ...flags]);
    const history = await run(["history", "über", "--json", ...flags]);
    const values = history.out.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(values.map((each) => [each.version, each.value]), [[2, "second"], [
      1,
      "of über",
    ]]);
  });
});

Deno.test("a batch happens as a whole, and says what failed", async () => {
  await withCluster(async ({ flags }) => {
    const batch = JSON.stringify({
      checks: [{ key: "owner", absent: true }],
      then: [{ op: "put", key: "owner", value: "ada" }, { op: "add", key: "owners", amount: 1 }],
      otherwise: [{ op: "get", key: "owner" }],
    });
    const done = await run(["batch", "--json", ...flags], batch);
    assertEquals(done.code, exitCodes.ok, done.error);
    const { outcome, held, results } = JSON.parse(done.out);
    assertEquals([outcome, held, results.length, results[1].value], ["ok", true, 2, 1]);
    const failed = await run(["batch", ...flags], batch);
    assertEquals(failed.code, exitCodes.versionConflict);
    assertEquals([JSON.parse(failed.out).entry.value, failed.error], [
      "ada",
      "1 check failed: owner absent.\n",
    ]);
    const wrong: readonly (readonly [string, number, string])[] = [
      ["{", exitCodes.usage, "Cannot read the batch"],
      ['{"then": [{"op": "putt"}]}', exitCodes.usage, "then[0].op: wanted one of put, delete"],
      ['{"then": [{"op": "put", "key": "", "value": ""}]}', exitCodes.usage, "then[0].key"],
      [
        '{"then": [{"op": "add", "key": "owner", "amount": 1}]}',
        exitCodes.failure,
        "number of 8 bytes, got 3 bytes; nothing was changed",
      ],
    ];
    for (const [text, code, message] of wrong) {
      const ended = await run(["batch", ...flags], text);
      assertEquals(ended.code, code, ended.error);
      assertStringIncludes(ended.error, message);
    }
  });
});

Deno.test("what export writes import stores again, from where it was cut off", async () => {
  await withCluster(async ({ flags }) => {
    const lines = Array.from({ length: 1200 }, (_, at) => {
      return JSON.stringify({ key: `k${`${at}`.padStart(5, "0")}`, value: `v${at}` });
    });
    const bytes = JSON.stringify({ key: { base64: "/gA=" }, value: { base64: "/w==" } });
    const stored = await run(["import", ...flags], [...lines, bytes, ""].join("\n"));
    assertEquals([stored.code, stored.error], [exitCodes.ok, "1,201 keys stored\n"]);
    const whole = await run(["export", ...flags]);
    assertEquals(whole.code, exitCodes.ok, whole.error);
    const exported = whole.out.trim().split("\n");
    assertEquals(exported.length, 1201);
    const { revision } = /revision (?<revision>\d+)/.exec(whole.error)!.groups!;
    const rest = await run(["export", "--after", "k01198", "--revision", revision!, ...flags]);
    assertEquals(rest.out.trim().split("\n"), exported.slice(1199));

    assertEquals(
      (await run(["delete", "k", "--prefix", ...flags])).out,
      "ok  1,200 keys deleted\n",
    );
    const cut = [...exported.slice(0, 700), "{", ...exported.slice(700)].join("\n");
    const broken = await run(["import", ...flags], cut);
    assertEquals(broken.code, exitCodes.failure);
    assertStringIncludes(broken.error, "Cannot read line 701:");
    assertStringIncludes(broken.error, "500 lines are certainly stored: go on with --skip.");
    const binary = await run(["import", ...flags], Uint8Array.of(0xff, 0xfe, 10));
    assertEquals(binary.code, exitCodes.failure);
    assertStringIncludes(binary.error, "Cannot read the lines: wanted UTF-8");
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/all.jsonl`, whole.out);
      const skipped = await run(["import", `${folder}/all.jsonl`, "--skip", "500", ...flags]);
      assertEquals(skipped.code, exitCodes.ok, skipped.error);
    });
    assertEquals((await run(["count", ...flags])).out, "1201\n");
  });
});

Deno.test("the shell lists, counts and deletes, and keeps a script going", async () => {
  await withCluster(async ({ flags }) => {
    const script = "put a/1 x; put a/2 y; list a/; count; delete a/1; delete a/1; list --keys-only";
    const { code, out, error } = await run(["shell", "--exec", script, ...flags]);
    assertEquals(code, exitCodes.notFound, error);
    assertEquals(out, "version 1\nversion 1\na/1\tx\na/2\ty\n2\na/2\n");
  });
});

Deno.test("commands on keys say what is wrong, and end with the documented code", async () => {
  const nobody = ["--endpoints", "127.0.0.1:1", "--timeout", "200ms"];
  for (const args of [["list"], ["count"], ["delete", "k"], ["history", "k"], ["export"]]) {
    const { code, error } = await run([...args, ...nobody]);
    assertEquals([args[0], code], [args[0], exitCodes.unavailable], error);
    const json = await run([...args, "--json", ...nobody]);
    assertEquals(JSON.parse(json.out).outcome, "unavailable");
  }
  const wrong: readonly (readonly string[])[] = [
    ["list", "--limit", "0"],
    ["list", "--tree", "--reverse"],
    ["delete", "k".repeat(4097), ...nobody],
    ["delete", "", ...nobody],
    ["delete", "0", "--key-hex", ...nobody],
    ["delete", "k", "--prefix", "--version", "1"],
    ["count", "--revision", "0"],
    ["export", "--after", "", ...nobody],
  ];
  for (const args of wrong) {
    const { code, error } = await run(args);
    assertEquals([args.join(" ").slice(0, 40), code], [args.join(" ").slice(0, 40), 2], error);
    assert(error.includes("wanted") || error.includes("beside"), error);
  }
});

Deno.test("a node that is cut off answers reads that may be old, and says how old they are", async () => {
  await withCluster(async ({ flags }) => {
    assertEquals((await run(["put", "colour", "blue", ...flags])).code, exitCodes.ok);
    const read = ["get", "colour", "--stale", "1h", "--json", ...flags];
    // Each node knows how old its state is soon after it has heard of a leader.
    await until(async () => {
      const nodes = ["n1", "n2", "n3"].map((name) => run([...read, "--node", name]));
      const found = (await Promise.all(nodes)).map(({ out }) => JSON.parse(out));
      return found.every(({ value, ageMs }) => value === "blue" && ageMs > 0 && ageMs < 10_000);
    });
    assertEquals((await run(["count", "--stale", "1h", ...flags])).out, "1\n");
    assertEquals((await run(["list", "--stale", "1h", ...flags])).out, "colour\tblue\n");

    assertEquals((await run(["partition", "n3", ...flags])).code, exitCodes.ok);
    assertEquals((await run(["put", "colour", "green", ...flags])).code, exitCodes.ok);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const old = JSON.parse((await run([...read, "--node", "n3"])).out);
    assertEquals([old.value, old.ageMs > 1000], ["blue", true]);
    const strict = ["get", "colour", "--stale", "1s", "--timeout", "1s", ...flags];
    assertEquals((await run([...strict, "--node", "n3"])).code, exitCodes.unavailable);
    assertEquals((await run(strict)).out, "green");
    // A read without --stale is linearizable on every node that follows.
    for (const name of ["n1", "n2"]) {
      assertEquals((await run(["get", "colour", "--node", name, ...flags])).out, "green");
    }
  });
});
