/**
 * What people run today: KV Connect on the SQLite file of `Deno.openKv(path)`, in one process. Keys and
 * values stay the bytes that clients send. It checks nothing else: it is there to be measured.
 *
 * @module
 */

import {
  AtomicWrite,
  AtomicWriteOutput,
  MUTATION,
  SnapshotRead,
  SnapshotReadOutput,
} from "../net/connect/mod.ts";

/** Serves until the process ends; prints the URL. */
export async function serveSqlite(path: string): Promise<void> {
  const kv = await Deno.openKv(path);
  const bytesOf = (text: string) => Uint8Array.from(text.match(/../g)!, (hex) => parseInt(hex, 16));
  const hexOf = (bytes: Uint8Array) =>
    Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const read = async (body: Uint8Array) => {
    const ranges = await Promise.all(
      SnapshotRead.decode(body).ranges.map(async (range) => {
        const { limit, reverse } = range;
        const selector = { start: [range.start], end: [range.end] };
        const entries = await Array.fromAsync(kv.list<Uint8Array>(selector, { limit, reverse }));
        const values = entries.map(({ key: [key], value, versionstamp }) => {
          const stamp = bytesOf(versionstamp);
          return {
            key: key as Uint8Array,
            value: value.slice(1),
            encoding: value[0]!,
            versionstamp: stamp,
          };
        });
        return { values };
      }),
    );
    return SnapshotReadOutput.encode({ ranges, readIsStronglyConsistent: true, status: 1 });
  };
  const write = async (body: Uint8Array) => {
    const { checks, mutations } = AtomicWrite.decode(body);
    const atomic = kv.atomic();
    for (const { key, versionstamp: stamp } of checks) {
      atomic.check({ key: [key], versionstamp: stamp.length === 0 ? null : hexOf(stamp) });
    }
    for (const { key, value, mutationType } of mutations) {
      if (mutationType === MUTATION.delete) atomic.delete([key]);
      else atomic.set([key], Uint8Array.of(value!.encoding, ...value!.data));
    }
    const done = await atomic.commit();
    if (!done.ok) return AtomicWriteOutput.encode({ status: 2 });
    return AtomicWriteOutput.encode({ status: 1, versionstamp: bytesOf(done.versionstamp) });
  };
  Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
    async (request) => {
      const method = new URL(request.url).pathname.split("/").at(-1);
      const databaseId = "00000000-0000-4000-8000-000000000000";
      const endpoints = [{ url: "/data", consistency: "strong" }];
      const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
      if (method === "") {
        return Response.json({
          version: 3,
          databaseId,
          endpoints,
          token: "t",
          expiresAt,
        });
      }
      const body = new Uint8Array(await request.arrayBuffer());
      const answer = method === "atomic_write" ? await write(body) : await read(body);
      return new Response(answer.joined(), {
        headers: { "content-type": "application/x-protobuf" },
      });
    },
  );
}
