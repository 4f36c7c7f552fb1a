/**
 * Bugs of the network: limits that are none, messages of another life or cluster, timers that fire at
 * once, peers that block others.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const transport = ["net/tcp_transport_test.ts"];
const rpc = ["net/rpc_test.ts"];
const message = ["raft/message_test.ts"];
const clock = ["raft/system_clock_test.ts"];

/** Bugs planted in sockets, messages and timers. */
export const netCanaries: readonly Canary[] = [
  {
    rule: "X1",
    bug: "after a failure to accept the node never accepts again",
    file: "net/acceptor.ts",
    find: "options.failed(error instanceof Error ? error.message : `${error}`);",
    replace:
      "options.failed(error instanceof Error ? error.message : `${error}`);\n        return;",
    caughtBy: ["net/acceptor_test.ts"],
  },
  {
    rule: "X1",
    bug: "a failure to accept is tried again without a pause",
    file: "net/acceptor.ts",
    find: "setTimeout(resolve, options.pauseMs ?? 100)",
    replace: "setTimeout(resolve, 0)",
    caughtBy: ["net/acceptor_test.ts"],
  },
  {
    rule: "X2",
    bug: "a stranger may send a first frame as long as any",
    file: "net/connection.ts",
    find: "options.firstFrameBytesMax ?? frameBytesMax",
    replace: "frameBytesMax",
    caughtBy: transport,
  },
  {
    rule: "X2",
    bug: "the limit of a frame's length is not looked at",
    file: "net/frame.ts",
    find: "if (this.#length > this.frameBytesMax) {",
    replace: "if (this.#length > 2 ** 32) {",
    caughtBy: [...transport, "net/frame_test.ts"],
  },
  {
    rule: "X3",
    bug: "a peer's hello has no deadline",
    file: "net/tcp_transport.ts",
    find: "firstFrameMs: helloMsMax,",
    replace: "",
    caughtBy: transport,
  },
  {
    rule: "X3",
    bug: "connections without hello on the peer port are not bounded",
    file: "net/tcp_transport.ts",
    find: "if (this.#strangers.size < this.#limits.strangersMax) return;",
    replace: "if (this.#strangers.size < 2 ** 31) return;",
    caughtBy: transport,
  },
  {
    rule: "X3",
    bug: "connections without hello on the client port are not bounded",
    file: "net/rpc_server.ts",
    find: "if (this.#strangers.size < this.#limits.strangersMax) return;",
    replace: "if (this.#strangers.size < 2 ** 31) return;",
    caughtBy: rpc,
  },
  {
    rule: "X3",
    bug: "a half-open connection to a peer is never found",
    file: "net/peer_link.ts",
    find: "now - this.#heardAt > this.#options.limits.silenceMsMax",
    replace: "now - this.#heardAt > 2 ** 31",
    caughtBy: transport,
  },
  {
    rule: "X3",
    bug: "an idle connection to a peer is taken for a broken one, as nobody gives a sign of life",
    file: "net/tcp_transport.ts",
    find: "        incoming.connection.send(PING);\n",
    replace: "",
    caughtBy: transport,
  },
  {
    rule: "X3",
    bug: "a client that reads no replies keeps its connection",
    file: "net/rpc_server.ts",
    find: 'connection.abort({ kind: "stalled", message: detail });',
    replace: "",
    caughtBy: rpc,
  },
  {
    rule: "X5",
    bug: "a message that no frame can hold ends the node",
    file: "net/peer_link.ts",
    find: "if (!(error instanceof RangeError)) throw error;",
    replace: "if (error) throw error;",
    caughtBy: transport,
  },
  {
    rule: "X6",
    bug: "a message of an unknown type is taken for the last known one",
    file: "raft/message.ts",
    find: "if (length === undefined || length === 0) {",
    replace: "if (type === undefined) {",
    caughtBy: message,
  },
  {
    rule: "X6",
    bug: "another protocol version of a peer is let in",
    file: "net/peer_hello.ts",
    find:
      'if (mark !== DIAL_MARK || fields.length !== 7) return bad("wanted a hello of a peer");\n  if (version !== PEER_PROTOCOL_VERSION) return bad(versionText(version));',
    replace:
      'if (mark !== DIAL_MARK || fields.length !== 7) return bad("wanted a hello of a peer");',
    caughtBy: transport,
  },
  {
    rule: "X8",
    bug: "more requests are taken than the limit says",
    file: "net/rpc_server.ts",
    find: "client.inFlight >= inFlightMax ||",
    replace: "",
    caughtBy: rpc,
  },
  {
    rule: "X8",
    bug: "a request whose client left is counted for ever",
    file: "net/rpc_server.ts",
    find: "      isOpen = false;\n      client.inFlight -= 1;",
    replace:
      "      isOpen = false;\n      if (client.connection.isClosed) return;\n      client.inFlight -= 1;",
    caughtBy: rpc,
  },
  {
    rule: "L9",
    bug: "a connection of an earlier life of a peer is let in",
    file: "net/tcp_transport.ts",
    find: "if (run > current.run || (run === current.run && dial >= current.dial)) return null;",
    replace: "if (run > 0 || dial > 0) return null;",
    caughtBy: transport,
  },
  {
    rule: "L9",
    bug: "messages still in a replaced connection are delivered",
    file: "net/tcp_transport.ts",
    find: 'earlier?.abort({ kind: "local", message: "replaced by a newer connection" });',
    replace: "",
    caughtBy: transport,
  },
  {
    rule: "L9",
    bug: "what waited for one life of a peer goes to the next",
    file: "net/peer_link.ts",
    find: "if (this.#peerRun !== null && this.#peerRun !== answer.run) this.#forgetWaiting();",
    replace: "",
    caughtBy: transport,
  },
  {
    rule: "L9",
    bug: "a node of another cluster is let in",
    file: "net/peer_hello.ts",
    find: "if (got === wanted) return null;",
    replace: 'if (typeof got === "string") return null;',
    caughtBy: transport,
  },
  {
    rule: "L9",
    bug: "a peer may speak for another",
    file: "net/tcp_transport.ts",
    find: "if (envelope.from === peer && envelope.to === this.#options.id) return envelope;",
    replace: "if (envelope.to === this.#options.id) return envelope;",
    caughtBy: transport,
  },
  {
    rule: "E6",
    bug: "a wait beyond 2^31 ms fires at once",
    file: "raft/system_clock.ts",
    find: "Math.min(leftMs, TIMEOUT_MS_MAX)",
    replace: "leftMs",
    caughtBy: clock,
  },
  {
    rule: "E6",
    bug: "a wait of a fraction of a millisecond is none",
    file: "raft/system_clock.ts",
    find: "if (performance.now() < this.#due) this.#handle = this.#arm();\n    else this.#run();",
    replace: "this.#run();",
    caughtBy: clock,
  },
  {
    rule: "L3",
    bug: "terms in an append may go down",
    file: "raft/message.ts",
    find: "if (term < termMin || term > bounds.term) {",
    replace: "if (term > bounds.term) {",
    caughtBy: message,
  },
  {
    rule: "C2",
    bug: "a call whose connection was lost is said never to have left",
    file: "net/rpc_client.ts",
    find: 'settle({ kind: "unknown", reason: "connectionLost" })',
    replace: 'settle({ kind: "neverSent", reason: "noConnection" })',
    caughtBy: rpc,
  },
  {
    rule: "C2",
    bug: "an overloaded answer is taken for a reply",
    file: "net/rpc_client.ts",
    find: "if (reply.isAnswered) pending.settle(",
    replace: "if (reply.number >= 0) pending.settle(",
    caughtBy: rpc,
  },
  {
    rule: "crc32",
    bug: "a running checksum from 2^31 on starts from elsewhere",
    file: "raft/crc32.ts",
    find: "return native(at === 0 ? bytes : bytes.subarray(at), value);",
    replace: "return native(at === 0 ? bytes : bytes.subarray(at), Math.min(start, SAFE_END - 1));",
    caughtBy: ["raft/crc32_test.ts"],
  },
];
