/**
 * Bugs of the HTTP port: pages of other sites that get in, and limits that are none.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const door = ["net/http/door_test.ts"];

/** Bugs planted in the HTTP port. */
export const httpCanaries: readonly Canary[] = [
  {
    rule: "H1",
    bug: "a name that resolves to this machine by chance is as good as an address",
    file: "net/http/guard.ts",
    find: "if (this.#names.has(name) || ADDRESS.test(name)) return;",
    replace: "if (name !== null) return;",
    caughtBy: door,
  },
  {
    rule: "H1",
    bug: "a name that begins like an address is taken for one",
    file: "net/http/guard.ts",
    find: "const ADDRESS = /^(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9a-f:.]+\\])$/;",
    replace: "const ADDRESS = /^(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[[0-9a-f:.]+\\])/;",
    caughtBy: door,
  },
  {
    rule: "H1",
    bug: "the host of an absolute address is not looked at",
    file: "net/http/guard.ts",
    find: "if (authority !== host) this.#checkHost(authority);",
    replace: "",
    caughtBy: door,
  },
  {
    rule: "H1",
    bug: "a request with the origin of another site is answered",
    file: "net/http/guard.ts",
    find: "if (origin !== null && origin !== `http://${host}` && origin !== `https://${host}`) {",
    replace: "if (origin === host) {",
    caughtBy: door,
  },
  {
    rule: "H1",
    bug: "every request of another site counts as a link that is followed",
    file: "net/http/guard.ts",
    find: 'if (method === "GET" && headers.get("sec-fetch-mode") === "navigate") return;',
    replace: 'if (method === "GET") return;',
    caughtBy: door,
  },
  {
    rule: "H1",
    bug: "any token will do",
    file: "net/http/guard.ts",
    find: "if (token !== undefined && timingSafeEqual(digestOf(token), this.#digest)) return;",
    replace: "if (token !== undefined) return;",
    caughtBy: door,
  },
  {
    rule: "H1",
    bug: "no route needs the token",
    file: "net/http/door.ts",
    find: 'if (match.route.access !== "open") this.#guard.authorize(request);',
    replace: "",
    caughtBy: door,
  },
  {
    rule: "H1",
    bug: "a port for everybody opens without a token",
    file: "cli/door/cluster_door.ts",
    find: "if (token !== null || isLoopback(host)) return;",
    replace: "if (token !== undefined) return;",
    caughtBy: ["cli/door/node_door_test.ts"],
  },
  {
    rule: "H2",
    bug: "the gate takes any number of connections",
    file: "net/http/gate.ts",
    find: "if (this.#passages.size < connectionsMax) return true;",
    replace: "if (this.#passages.size >= 0) return true;",
    caughtBy: door,
  },
  {
    rule: "H2",
    bug: "a connection without an answer stays for ever",
    file: "net/http/gate.ts",
    find: "if (passage.answeredAt > before) continue;",
    replace: "if (passage.answeredAt > 0) continue;",
    caughtBy: door,
  },
  {
    rule: "H2",
    bug: "what a client sends counts as an answer",
    file: "net/http/gate.ts",
    find: "const up = pump(client, server, () => {});",
    replace: "const up = pump(client, server, () => passage.answeredAt = performance.now());",
    caughtBy: door,
  },
  {
    rule: "H3",
    bug: "only the announced length of a body is compared with the limit",
    file: "net/http/call.ts",
    find: "if (this.#bodyBytes + value.length > this.#bodyBytesMax) {",
    replace: "if (this.#bodyBytes < 0) {",
    caughtBy: door,
  },
  {
    rule: "H3",
    bug: "all bodies together may take any room",
    file: "net/http/call.ts",
    find: "if (this.#bytes + count > this.#bytesMax) return false;",
    replace: "",
    caughtBy: door,
  },
  {
    rule: "H3",
    bug: "the bytes of a body are never given back",
    file: "net/http/call.ts",
    find: "this.#budget.take(-this.#bodyBytes);",
    replace: "",
    caughtBy: door,
  },
  {
    rule: "H3",
    bug: "a body may take any time",
    file: "net/http/door.ts",
    find: "if (call.endsAt <= now) call.abort({ isTimeUp: true });",
    replace: "if (call.endsAt <= 0) call.abort({ isTimeUp: true });",
    caughtBy: door,
  },
  {
    rule: "H3",
    bug: "any number of requests may be under way",
    file: "net/http/door.ts",
    find: "if (holder.size >= max) {",
    replace: "if (holder.size >= 1e9) {",
    caughtBy: door,
  },
  {
    rule: "H3",
    bug: "the headers may have any length",
    file: "net/http/guard.ts",
    find: "if (bytes > headerBytesMax) {",
    replace: "if (bytes < 0) {",
    caughtBy: door,
  },
];
