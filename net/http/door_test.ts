/**
 * The HTTP door: routes, limits, and what it refuses.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { inTime, until } from "../../tests/helpers/until.ts";
import { withFolder } from "../../tests/helpers/with_folder.ts";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { type Door, type DoorOptions, openDoor } from "./door.ts";
import { HttpProblem } from "./problem.ts";
import type { Route } from "./router.ts";

const ECHO: Route = {
  method: "POST",
  path: "/echo/{name}",
  bodyBytesMax: 100,
  handle: async (call) => new Response(`${call.params["name"]} ${(await call.body()).length}`),
};
const HELLO: Route = { method: "GET", path: "/", handle: () => new Response("hello") };
const OPEN: Route = { ...HELLO, path: "/open", access: "open" };

interface Opened {
  readonly door: Door;
  readonly base: string;
  readonly lines: readonly string[];
}

/** Runs with an open door on a free port. */
async function withDoor(
  options: Partial<DoorOptions>,
  work: (opened: Opened) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const lines: string[] = [];
    const door = await openDoor({
      listener: Deno.listen({ hostname: "127.0.0.1", port: 0 }),
      socket: `${folder}/http.sock`,
      routes: [HELLO, OPEN, ECHO],
      token: null,
      names: ["door.example"],
      log: (line) => lines.push(line),
      ...options,
    });
    try {
      await work({ door, base: `http://127.0.0.1:${door.address.port}`, lines });
    } finally {
      await door.close();
    }
  });
}

/** Status and text of an answer. */
async function ask(url: string, init?: RequestInit): Promise<[number, string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

/** Sends bytes as they are, and returns all that comes back until the other side hangs up. */
async function raw(port: number, text: string): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(text));
  let got = "";
  for await (const part of conn.readable) got += new TextDecoder().decode(part);
  return got;
}

const get = (headers: string, target = "/"): string =>
  `GET ${target} HTTP/1.1\r\nConnection: close\r\n${headers}\r\n`;
const statusOf = (answer: string): number => Number(answer.split(" ")[1]);

Deno.test("the door answers routes, and problems for everything else", async () => {
  await withDoor({}, async ({ base }) => {
    assertEquals(await ask(base), [200, "hello"]);
    assertEquals(await ask(`${base}/echo/a%2Fb`, { method: "POST", body: "12345" }), [
      200,
      "a%2Fb 5",
    ]);
    const missing = await fetch(`${base}/nothing`);
    assertEquals(missing.status, 404);
    assertEquals(missing.headers.get("content-type"), "application/problem+json");
    assertEquals(await missing.json(), {
      type: "urn:kontiki:notFound",
      title: "There is no such thing",
      status: 404,
      detail: "Nothing is served at /nothing",
    });
    const wrong = await fetch(`${base}/echo/x`);
    assertEquals([wrong.status, wrong.headers.get("allow")], [405, "OPTIONS, POST"]);
    await wrong.body?.cancel();
  });
});

Deno.test("every answer forbids a browser whatever it does not need", async () => {
  await withDoor({}, async ({ base }) => {
    for (const path of ["/", "/nothing"]) {
      const { headers, body } = await fetch(base + path);
      await body?.cancel();
      assertStringIncludes(headers.get("content-security-policy")!, "default-src 'none'");
      assertEquals(headers.get("x-content-type-options"), "nosniff");
      assertEquals(headers.get("cache-control"), "no-store, no-transform");
      assertEquals(headers.get("access-control-allow-origin"), null);
    }
  });
});

Deno.test("the door refuses hosts that it does not know by name", async () => {
  await withDoor({}, async ({ door }) => {
    const { port } = door.address;
    const status = async (host: string): Promise<number> =>
      statusOf(await raw(port, get(`Host: ${host}\r\n`)));
    for (const host of ["127.0.0.1", `localhost:${port}`, "[::1]:80", "DOOR.example"]) {
      assertEquals(await status(host), 200, host);
    }
    assertEquals(statusOf(await raw(port, "GET / HTTP/1.0\r\n\r\n")), 200);
    for (
      const host of [
        "%2Fhttp.sock",
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil",
        "1.2.3",
      ]
    ) {
      assertEquals(await status(host), 403, host);
    }
    assertEquals(
      statusOf(await raw(port, get("Host: localhost\r\n", "http://evil.example/"))),
      403,
    );
  });
});

Deno.test("the door refuses requests that the page of another site has made", async () => {
  await withDoor({}, async ({ door, base }) => {
    const status = async (headers: string): Promise<number> =>
      statusOf(await raw(door.address.port, get(`Host: ${base.slice(7)}\r\n${headers}`)));
    assertEquals(await status(`Origin: ${base}\r\n`), 200);
    assertEquals(await status("Origin: http://evil.example\r\n"), 403);
    assertEquals(await status("Origin: null\r\n"), 403);
    assertEquals(await status("Origin: http://127.0.0.1:1\r\n"), 403);
    assertEquals(await status("Sec-Fetch-Site: same-origin\r\n"), 200);
    assertEquals(await status("Sec-Fetch-Site: cross-site\r\n"), 403);
    assertEquals(await status("Sec-Fetch-Site: same-site\r\n"), 403);
    const link = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n";
    assertEquals(await status(link), 200);
    const preflight = await fetch(base, { method: "OPTIONS" });
    await preflight.body?.cancel();
    assertEquals([preflight.status, preflight.headers.get("allow")], [204, "GET, HEAD, OPTIONS"]);
    assertEquals(preflight.headers.get("access-control-allow-methods"), null);
    const foreign = get(`Host: ${base.slice(7)}\r\nOrigin: http://evil.example\r\n`);
    const refused = await raw(door.address.port, foreign.replace("GET", "OPTIONS"));
    assertEquals([statusOf(refused), refused.includes("access-control")], [403, false]);
  });
});

Deno.test("a door with a token wants it on every route but open ones", async () => {
  await withDoor({ token: "secret" }, async ({ base }) => {
    const status = async (path: string, authorization?: string): Promise<number> => {
      const headers = authorization === undefined ? {} : { authorization };
      return (await ask(base + path, { headers }))[0];
    };
    assertEquals(await status("/"), 401);
    assertEquals(await status("/", "Bearer secre"), 401);
    assertEquals(await status("/", "Bearer secrets"), 401);
    assertEquals(await status("/", "Basic secret"), 401);
    assertEquals(await status("/", "Bearer secret"), 200);
    assertEquals(await status("/open"), 200);
  });
});

Deno.test("bodies beyond the limit of their route are refused, announced or not", async () => {
  await withDoor({}, async ({ door, base }) => {
    const post = (body: BodyInit) => ask(`${base}/echo/x`, { method: "POST", body });
    assertEquals(await post("x".repeat(100)), [200, "x 100"]);
    assertEquals((await post("x".repeat(101)))[0], 413);
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let part = 0; part < 11; part += 1) controller.enqueue(new Uint8Array(10));
        controller.close();
      },
    });
    assertEquals((await post(stream))[0], 413);
    assertEquals(door.load().bodyBytes, 0);
  });
});

Deno.test("long targets and long headers are refused", async () => {
  await withDoor({ limits: { targetBytesMax: 50, headerBytesMax: 600 } }, async ({ base }) => {
    assertEquals((await ask(`${base}/${"x".repeat(60)}`))[0], 414);
    assertEquals((await ask(base, { headers: { big: "x".repeat(600) } }))[0], 431);
    assertEquals((await ask(base))[0], 200);
  });
});

Deno.test("a body that does not arrive in time is refused, and holds nothing", async () => {
  await withDoor({ limits: { callMsMax: 50 } }, async ({ door }) => {
    const head = "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    const conn = await Deno.connect({ port: door.address.port });
    await conn.write(new TextEncoder().encode(`${head}Content-Length: 90\r\n\r\nabc`));
    const answer = new Uint8Array(100);
    await inTime(conn.read(answer), "an answer", 5_000);
    conn.close();
    assertEquals(statusOf(new TextDecoder().decode(answer)), 408);
    assertEquals([door.load().calls, door.load().bodyBytes], [0, 0]);
  });
});

Deno.test("all bodies together are bounded", async () => {
  await withDoor({ limits: { bodyBytesTotalMax: 99 } }, async ({ base }) => {
    const [status] = await ask(`${base}/echo/x`, { method: "POST", body: "x".repeat(100) });
    assertEquals(status, 503);
    assertEquals((await ask(`${base}/echo/x`, { method: "POST", body: "x".repeat(99) }))[0], 200);
  });
});

Deno.test("calls and streams beyond their limits are refused at once", async () => {
  const free = Promise.withResolvers<void>();
  const slow: Route = {
    ...{ method: "GET", path: "/slow" },
    handle: async () => (await free.promise, new Response("slow")),
  };
  const endless: Route = {
    ...{ method: "GET", path: "/endless", withinMs: null },
    handle: () => new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1)) })),
  };
  const limits = { callsMax: 1, streamsMax: 1 };
  await withDoor({ routes: [slow, endless], limits }, async ({ door, base }) => {
    const first = ask(`${base}/slow`);
    await until(() => door.load().calls === 1);
    const second = ask(`${base}/slow`);
    const timer = setTimeout(() => free.resolve(), 5_000);
    assertEquals((await second)[0], 503);
    clearTimeout(timer);
    free.resolve();
    assertEquals(await first, [200, "slow"]);
    const stream = await fetch(`${base}/endless`);
    assertEquals((await ask(`${base}/endless`))[0], 503);
    await stream.body!.cancel();
    await until(() => door.load().streams === 0, "the end of the stream");
    const again = await fetch(`${base}/endless`);
    assertEquals(again.status, 200);
    await again.body!.cancel();
  });
});

Deno.test("a stream's signal is raised when its client goes away", async () => {
  let signal: AbortSignal | null = null;
  const endless: Route = {
    ...{ method: "GET", path: "/endless", withinMs: null },
    handle: (call) => {
      signal = call.signal;
      return new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1)) }));
    },
  };
  await withDoor({ routes: [endless] }, async ({ base }) => {
    const { body } = await fetch(`${base}/endless`);
    assertEquals(signal!.aborted, false);
    await body!.cancel();
    await until(() => signal!.aborted, "the signal");
  });
});

Deno.test("a connection beyond the limit is answered 503 at once in its version of HTTP", async () => {
  const limits = { connectionsMax: 1, refusedMax: 2, silenceMsMin: 60_000 };
  await withDoor({ limits }, async ({ door, base }) => {
    const { port } = door.address;
    const first = await Deno.connect({ port });
    await until(() => door.load().connections === 1);
    const begin = performance.now();
    const answer = await raw(port, get("Host: localhost\r\n"));
    assertEquals(statusOf(answer), 503);
    assertStringIncludes(answer, "application/problem+json");
    assertStringIncludes(answer, '"detail":"More than 1 HTTP connections"');
    const response = await fetch(`${base}/echo/x`, { method: "POST", body: "x".repeat(300_000) });
    assertEquals([response.status, response.headers.get("retry-after")], [503, "1"]);
    assertEquals((await response.json()).type, "urn:kontiki:overloaded");
    for (const version of ["--http2-prior-knowledge", "--http1.1"]) {
      const args = ["-s", version, "-w", " %{http_code} %{content_type}", base];
      const { stdout } = await new Deno.Command("curl", { args }).output();
      const text = new TextDecoder().decode(stdout);
      assertStringIncludes(text, '"detail":"More than 1 HTTP connections"', version);
      assertStringIncludes(text, " 503 application/problem+json", version);
    }
    assert(performance.now() - begin < 3000, "refused late");
    assertEquals([door.load().connections, door.refusals()["tooMany"]], [1, 4]);
    first.close();
    await until(() => door.load().connections === 0);
    assertEquals(await ask(base), [200, "hello"]);
  });
});

Deno.test("connections that are refused are few, and gone soon whatever they send", async () => {
  const limits = { connectionsMax: 1, refusedMax: 2, refusalMsMax: 400, silenceMsMin: 60_000 };
  await withDoor({ limits }, async ({ door }) => {
    const { port } = door.address;
    const first = await Deno.connect({ port });
    await until(() => door.load().connections === 1);
    // One says nothing, and one goes on for ever.
    const silent = raw(port, "");
    const endless = await Deno.connect({ port });
    const flood = (async () => {
      for (;;) await endless.write(new Uint8Array(16_384).fill(0x78));
    })().catch(() => "closed");
    await until(() => door.refusals()["tooMany"] === 2);
    const begin = performance.now();
    assertEquals(await inTime(raw(port, get("Host: localhost\r\n"))), "");
    assert(performance.now() - begin < 300, "the third one was closed late");
    assertEquals(await inTime(silent), "");
    assertEquals(await flood, "closed");
    endless.close();
    first.close();
  });
});

Deno.test("a connection that is silent for long makes place for another", async () => {
  const limits = { connectionsMax: 2, refusedMax: 0, silenceMsMin: 300 };
  await withDoor({ limits }, async ({ door, base }) => {
    const { port } = door.address;
    const held = [await Deno.connect({ port }), await Deno.connect({ port })];
    await until(() => door.load().connections === 2);
    assertEquals(await raw(port, get("Host: localhost\r\n")), "");
    const isServed = () => ask(base).then(([status]) => status === 200, () => false);
    await until(isServed, "room");
    assertEquals(door.refusals()["tooMany"]! >= 2, true);
    for (const conn of held) conn.close();
  });
});

Deno.test("a connection is closed when it has got no answer for long, whatever it sends", async () => {
  await withDoor({ limits: { silenceMsMax: 200 } }, async ({ door }) => {
    const conn = await Deno.connect({ port: door.address.port });
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\nX: "));
    const ended = conn.read(new Uint8Array(10)).catch(() => null);
    let isOpen = true;
    ended.then(() => isOpen = false);
    for (let byte = 0; isOpen && byte < 300; byte += 1) {
      await conn.write(new TextEncoder().encode("y")).catch(() => 0);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert(!isOpen, "the connection is still open");
    assertEquals([await ended, door.refusals()["silent"]], [null, 1]);
    conn.close();
  });
});

Deno.test("a handler that fails harms only its request, and tells no stranger why", async () => {
  const broken: Route = {
    ...{ method: "GET", path: "/broken" },
    handle: () => {
      throw new TypeError("inner secret");
    },
  };
  const conflict: Route = {
    ...{ method: "GET", path: "/conflict" },
    handle: () => {
      throw new HttpProblem("conflict", "No", { members: { revision: 7 } });
    },
  };
  await withDoor({ routes: [broken, conflict, HELLO] }, async ({ base, lines }) => {
    const [status, text] = await ask(`${base}/broken`);
    assertEquals([status, text.includes("secret")], [500, false]);
    assertStringIncludes(lines.join("\n"), "inner secret");
    const [, body] = await ask(`${base}/conflict`);
    assertEquals(JSON.parse(body).revision, 7);
    assertEquals(await ask(base), [200, "hello"]);
  });
});

Deno.test("HTTP/2 is served on the same port", async () => {
  await withDoor({}, async ({ base }) => {
    const curl = async (...args: string[]) => {
      const { stdout } = await new Deno.Command("curl", { args: ["-s", ...args] }).output();
      return new TextDecoder().decode(stdout);
    };
    const args = ["-w", " %{http_version}", `${base}/`];
    assertEquals(await curl("--http2-prior-knowledge", ...args), "hello 2");
    assertEquals(await curl("--http1.1", ...args), "hello 1.1");
    const forged = ["-H", "Host: evil.example", "-o", "/dev/null", "-w", "%{http_code}"];
    assertEquals(await curl("--http2-prior-knowledge", ...forged, base), "403");
  });
});

Deno.test("the door closes soon, whatever is under way", async () => {
  const stuck: Route = {
    ...{ method: "GET", path: "/stuck" },
    handle: () => new Promise<Response>(() => {}),
  };
  await withFolder(async (folder) => {
    const door = await openDoor({
      listener: Deno.listen({ hostname: "127.0.0.1", port: 0 }),
      socket: `${folder}/http.sock`,
      routes: [stuck],
      ...{ token: null, names: [], log: () => {} },
    });
    const asked = fetch(`http://127.0.0.1:${door.address.port}/stuck`).catch(() => "lost");
    await until(() => door.load().calls === 1);
    const begin = performance.now();
    await door.close();
    assert(performance.now() - begin < 5000);
    assertEquals(await asked, "lost");
  });
});

Deno.test("random bytes and requests disturb no other client, and leave nothing behind", async () => {
  const random = new SeededRandom(17, "http");
  const words = [
    "GET",
    "POST",
    " /echo/x",
    " / ",
    "HTTP/1.1",
    "\r\n",
    "Host: localhost",
    ": ",
    "\0",
  ];
  words.push(
    "Content-Length: 9",
    "Transfer-Encoding: chunked",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "%",
  );
  await withDoor({ limits: { silenceMsMax: 300 } }, async ({ door, base }) => {
    for (let turn = 0; turn < 150; turn += 1) {
      const conn = await Deno.connect({ port: door.address.port });
      const count = 1 + random.below(12);
      const text = Array.from({ length: count }, () => words[random.below(words.length)]!).join("");
      const bytes = turn % 3 === 0
        ? Uint8Array.from({ length: 200 }, () => random.below(256))
        : new TextEncoder().encode(text);
      await conn.write(bytes).catch(() => 0);
      if (turn % 2 === 0) conn.close();
      else conn.read(new Uint8Array(10)).catch(() => null).finally(() => conn.close());
    }
    assertEquals(await ask(base), [200, "hello"]);
    const isEmpty = (): boolean => {
      const { calls, streams, bodyBytes } = door.load();
      return calls + streams + bodyBytes === 0 && door.load().connections <= 1;
    };
    await until(isEmpty, "the end of all of them");
  });
});
