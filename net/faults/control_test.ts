/**
 * The control socket over a real Unix socket: each command reaches the node, and a wrong request is
 * answered with an error and changes nothing.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { withFolder } from "../../tests/helpers/with_folder.ts";
import { RpcClient } from "../rpc/mod.ts";
import type { WireValue } from "../wire/mod.ts";
import { CONTROL_SOCKET, type ControlTarget, openControl } from "./control.ts";
import { ControlClient, ControlError } from "./control_client.ts";
import { isolate, noFaults } from "./faults.ts";

const isWindows = Deno.build.os === "windows";

/** A node that records the commands it receives. */
function fakeNode(did: unknown[]): ControlTarget {
  return {
    faults: noFaults,
    setFaults: (change) => did.push(["faults", change]),
    setPeer: (id, { hostname, port }) => did.push([id, hostname, port]),
    propose: (command) => command.length === 0 ? null : { index: command.length, term: 1 },
    report: () => ({ turns: 3 }),
    snapshot: () => {
      throw new TypeError("no snapshot yet");
    },
    stop: () => did.push("stop"),
    machine: (request, reply) => reply([request]),
  };
}

/** Runs with the control socket of a recording node. */
async function withControl(
  work: (folder: string, did: unknown[]) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const did: unknown[] = [];
    const path = `${folder}/${CONTROL_SOCKET}`;
    const server = await openControl({
      path,
      cluster: "test",
      id: 1,
      target: fakeNode(did),
      log: () => {},
    });
    try {
      await work(folder, did);
    } finally {
      server.close();
    }
  });
}

Deno.test({
  name: "every command of the control socket reaches the node",
  ignore: isWindows, // no Unix sockets there
  fn: async () => {
    await withControl(async (folder, did) => {
      const control = new ControlClient({ folder });
      const blocked = isolate([1, 2], 2);
      assertEquals(await control.faults(), noFaults);
      await control.setFaults({ blocked });
      await control.setPeers(new Map([[2, { hostname: "127.0.0.1", port: 9 }]]));
      assertEquals(await control.propose(new Uint8Array()), null);
      assertEquals(await control.propose(new Uint8Array(7)), { index: 7, term: 1 });
      assertEquals(await control.report(), { turns: 3 });
      assertEquals(await control.machine("m"), ["m"]);
      const refused = "Cannot snapshot: no snapshot yet";
      await assertRejects(() => control.snapshot(), ControlError, refused);
      await control.stop();
      assertEquals(did.slice(0, 2), [["faults", { blocked }], [2, "127.0.0.1", 9]]);
      control.close();
    });
  },
});

Deno.test({
  name: "a wrong request to the control socket is answered with what was wanted",
  ignore: isWindows, // no Unix sockets there
  fn: async () => {
    await withControl(async (folder, did) => {
      const rpc = new RpcClient({ server: { path: `${folder}/${CONTROL_SOCKET}` } });
      const cases: readonly (readonly [WireValue, string])[] = [
        [7, "field request: wanted an object, got 7"],
        [[7], "field request: wanted an object, got [7]"],
        ["report", 'field request: wanted an object, got "report"'],
        [Uint8Array.of(1), 'field request: wanted an object, got {"0":1}'],
        [{}, "field request.command: wanted a value, got none"],
        [{ command: "fly" }, "Cannot run command: wanted a known one, got fly"],
        [
          { command: "propose", data: "x" },
          'field request.data: wanted bytes, got "x"',
        ],
        [{ command: "setPeers", peers: 1 }, "field request.peers: wanted a list, got 1"],
        [
          { command: "setPeers", peers: [{ id: 1, hostname: "a", port: "b" }] },
          'field request.peers[0].port: wanted a whole number, got "b"',
        ],
        [
          { command: "setPeers", peers: ["x"] },
          'field request.peers[0]: wanted an object, got "x"',
        ],
        [
          { command: "setFaults", faults: { blocked: 3 } },
          "field faults.blocked: wanted a list, got 3",
        ],
      ];
      for (const [request, error] of cases) {
        const outcome = await rpc.call(request, { withinMs: 5000 });
        assertEquals(outcome, { kind: "replied", payload: { error } });
      }
      assertEquals(did, []);
      rpc.close();
    });
  },
});

Deno.test({
  name: "the control socket replaces one that a killed node has left, and no other file",
  ignore: isWindows, // no Unix sockets there
  fn: async () => {
    await withFolder(async (folder) => {
      const path = `${folder}/${CONTROL_SOCKET}`;
      const rest = { cluster: "test", id: 1, target: fakeNode([]), log: () => {} };
      await Deno.writeTextFile(path, "left");
      const server = await openControl({ path, ...rest });
      server.close();
      const taken = `${folder}/taken`;
      await Deno.mkdir(`${taken}/in`, { recursive: true });
      await assertRejects(() => openControl({ path: taken, ...rest }), Error, "not empty");
      const long = `${folder}/${"x".repeat(200)}`;
      await assertRejects(
        () => openControl({ path: long, ...rest }),
        RangeError,
        "at most 103 bytes",
      );
    });
  },
});
