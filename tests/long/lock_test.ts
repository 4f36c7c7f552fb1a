/**
 * `kontiki lock`: it runs a program, and handles a lock that is taken away, not free, or out of
 * reach.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../../cli/cluster/free_port.ts";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import {
  endOf,
  firstLine,
  killCommand,
  runCommand as run,
  startCommand as start,
  withCluster,
} from "../helpers/commands.ts";

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

Deno.test("lock forwards SIGTERM to its program, and releases the lock", async () => {
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

Deno.test("a holder that is killed loses the lock after --ttl, and the first that waits gets it", async () => {
  await withCluster(async ({ flags }) => {
    const ttl = ["--ttl", "1s"];
    const holder = start(["lock", "door", ...ttl, "--json", ...flags]);
    const { token } = JSON.parse(await firstLine(holder.stdout));
    const waiting = run([
      "lock",
      "door",
      ...ttl,
      ...flags,
      "--",
      "sh",
      "-c",
      "echo $KONTIKI_LOCK_TOKEN",
    ]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    holder.kill("SIGKILL");
    const next = await waiting;
    assertEquals(next.code, exitCodes.ok, next.error);
    assert(Number(next.out) > token, next.out);
    const batch = {
      checks: [{ lock: "door", revision: token }],
      then: [{ op: "put", key: "k", value: "late" }],
    };
    const late = await run(["batch", "-", "--json", ...flags], JSON.stringify(batch));
    assertEquals(JSON.parse(late.out).held, false, late.error);
    await killCommand(holder);
  });
});

Deno.test("elect runs a program for one client, and for the next when the leader is deposed or dies", async () => {
  await withCluster(async ({ flags }) => {
    const ttl = ["--ttl", "1s"];
    const script = (name: string) => ["--", "sh", "-c", `echo ${name}; exec sleep 60`];
    const stand = (name: string) =>
      start(["elect", "boss", "--value", name, ...ttl, ...flags, ...script(name)]);
    const ada = stand("ada");
    assertEquals(await firstLine(ada.stdout), "ada\n");
    const leader = await run(["list", "lock/boss/", "--limit", "1", "--json", ...flags]);
    assertStringIncludes(leader.out, "ada");
    const bob = stand("bob");
    await new Promise((resolve) => setTimeout(resolve, 500));
    ada.kill("SIGKILL");
    assertEquals(await firstLine(bob.stdout), "bob\n");
    assertEquals((await run(["lock", "boss", "--release", ...flags])).code, exitCodes.ok);
    assertEquals(await firstLine(bob.stdout), "bob\n");
    await killCommand(bob);
    await killCommand(ada);
    assertEquals((await run(["elect", "boss", ...flags])).code, exitCodes.usage);
  });
});

Deno.test("lease begins, lists, renews and ends leases, and keys go with them", async () => {
  await withCluster(async ({ flags }) => {
    const granted = await run(["lease", "grant", "--ttl", "1m", "--json", ...flags]);
    const { lease, ttl } = JSON.parse(granted.out);
    assertEquals(ttl, 60_000, granted.error);
    await run(["put", "bound", "v", "--lease", `${lease}`, ...flags]);
    const listed = JSON.parse((await run(["lease", "list", "--json", ...flags])).out);
    assert(listed.lease === lease && listed.left > 50_000, JSON.stringify(listed));
    assertStringIncludes((await run(["lease", "list", ...flags])).out, `${lease}`);
    assertEquals((await run(["lease", "renew", `${lease}`, ...flags])).out, "renewed\n");
    const ended = await run(["lease", "revoke", `${lease}`, ...flags]);
    assertEquals(ended.out, "ended, 1 key deleted\n", ended.error);
    assertEquals((await run(["get", "bound", ...flags])).code, exitCodes.notFound);
    for (const action of ["renew", "revoke"]) {
      const late = await run(["lease", action, `${lease}`, ...flags]);
      assertEquals(late.code, exitCodes.notFound, action);
    }
    const unbound = await run(["put", "k", "v", "--lease", `${lease}`, ...flags]);
    assertEquals(unbound.code, exitCodes.failure);
    assertStringIncludes(unbound.error, "wanted a lease that has not ended");
    for (const wrong of [["lease", "end"], ["lease", "renew", "x"], ["lease", "renew"]]) {
      assertEquals((await run([...wrong, ...flags])).code, exitCodes.usage, wrong.join(" "));
    }
    await run(["put", "short", "v", "--expires-in", "300ms", ...flags]);
    let code = 0;
    for (let tries = 0; tries < 50 && code === 0; tries++) {
      ({ code } = await run(["get", "short", ...flags]));
    }
    assertEquals(code, exitCodes.notFound);
  });
});

/** Runs a holder, takes its lock away after its first line, and returns how it ended. */
async function loseLock(
  flags: readonly string[],
  line: readonly string[],
): Promise<{ code: number; error: string; ms: number }> {
  const holder = start(["lock", "door", ...flags, ...line]);
  try {
    await firstLine(holder.stdout);
    const release = await run(["lock", "door", "--release", "--json", ...flags]);
    assertEquals([release.code, JSON.parse(release.out).outcome], [exitCodes.ok, "ok"]);
    const begin = performance.now();
    const { code, error } = await endOf(holder);
    return { code, error, ms: performance.now() - begin };
  } finally {
    await killCommand(holder);
  }
}

/** A program that runs longer than it takes to notice the loss. */
const loop = "for i in $(seq 200); do sleep 0.1; done";

Deno.test("lock ends its program with SIGTERM, and exits with 8, when the lock is taken away", async () => {
  await withCluster(async ({ flags }) => {
    const polite = await loseLock(flags, ["--", "sh", "-c", `echo ready; exec sleep 20`]);
    assertEquals(polite.code, exitCodes.lockLost, polite.error);
    assertStringIncludes(polite.error, "The lock was taken away while it was held");

    const deaf = await loseLock(flags, ["--", "sh", "-c", `trap '' TERM; echo ready; ${loop}`]);
    assertEquals(deaf.code, exitCodes.lockLost, deaf.error);
    assert(deaf.ms > 2500, `wanted time to end before SIGKILL, got ${deaf.ms} ms`);

    const without = await loseLock(flags, []);
    assertEquals(without.code, exitCodes.lockLost, without.error);

    const again = await run(["lock", "door", ...flags, "--", "true"]);
    assertEquals(again.code, exitCodes.ok, again.error);
  });
});

Deno.test("lock reports every end as JSON when asked", async () => {
  await withCluster(async ({ flags }) => {
    const json = ["--json", ...flags];
    const outcome = ({ out }: { out: string }) => JSON.parse(out.trimEnd().split("\n").at(-1)!);
    const program = await run(["lock", "door", ...json, "--", "sh", "-c", "exit 3"]);
    assertEquals([program.code, outcome(program).code, outcome(program).lock], [3, 3, "door"]);
    const free = await run(["lock", "door", "--release", ...json]);
    assertEquals([free.code, outcome(free).outcome], [exitCodes.notFound, "notFound"]);
    const holder = start(["lock", "door", ...flags]);
    await firstLine(holder.stdout);
    const busy = await run(["lock", "door", "--wait", "200ms", ...json, "--", "true"]);
    assertEquals([busy.code, outcome(busy).outcome], [exitCodes.unavailable, "unavailable"]);
    assertEquals(outcome(busy).message, "The lock was not free within 200 ms.");
    await killCommand(holder);
    const missing = await run(["lock", "gate", ...json, "--", "/no/such/program"]);
    assertEquals([missing.code, outcome(missing).outcome], [exitCodes.failure, "failure"]);
  });
});

Deno.test("lock says at once that no node answers, and ends after --timeout or --wait", async () => {
  const place = `127.0.0.1:${freePort()}`;
  const flags = ["--endpoints", place, "--json"];
  for (const limit of [["--timeout", "400ms"], ["--wait", "400ms"]]) {
    const { code, out, error } = await run(["lock", "a", ...flags, ...limit, "--", "true"]);
    assertEquals(code, exitCodes.unavailable, error);
    assertEquals(JSON.parse(out).outcome, "unavailable");
    assertStringIncludes(JSON.parse(out).message, `within 400 ms. Nothing listens at ${place}.`);
    assertStringIncludes(error, `No node answers yet. Nothing listens at ${place}.`);
  }
});
