/**
 * Bugs of identity, rules I1 to I4 of docs/rules.md: a node takes another for one of its own.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const PEER_HELLO = "net/peers/peer_hello.ts";
const HELLO = "net/wire/hello.ts";
const READING = "raft/storage/file_reading.ts";
const TRANSPORT_TEST = "net/peers/identity_test.ts net/peers/tcp_transport_test.ts";
const BIRTH_TEST = "cli/node/birth_test.ts";
const DAMAGE = "tests/storage/storage_damage_test.ts";
const GOLDEN = "tests/formats/golden_test.ts";

/** Bugs by rule, planted one at a time. */
export const identityCanaries: readonly Canary[] = [
  {
    rule: "I1",
    bug: "the id of the cluster is not compared",
    file: PEER_HELLO,
    find: 'if (clusterId !== "" && clusterId !== mine.clusterId) {',
    replace: 'if (clusterId === "-") {',
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I1",
    bug: "the name of the cluster is not compared",
    file: PEER_HELLO,
    find: "if (cluster !== mine.cluster) return otherCluster(nameOf(hello), nameOf(mine));",
    replace: "",
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I2",
    bug: "the incarnation of the other folder is not compared",
    file: PEER_HELLO,
    find: 'const isKnown = known === "" || known === incarnation;',
    replace: "const isKnown = true;",
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I2",
    bug: "a node does not mind that the dialling one means another folder",
    file: PEER_HELLO,
    find: 'if (refusal !== null || wanted === "" || wanted === mine.incarnation) return refusal;',
    replace: "if (refusal !== null || wanted !== null) return refusal;",
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I2",
    bug: "a node without a cluster is let in by the members of one",
    file: PEER_HELLO,
    find: 'if (clusterId === "" && mine.clusterId !== "" && isKnown) {',
    replace: 'if (clusterId === "-") {',
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I3",
    bug: "a file of another cluster in the folder is read",
    file: READING,
    find: "if (found.clusterId !== clusterId) {",
    replace: 'if (found.clusterId === "-") {',
    caughtBy: [DAMAGE],
  },
  {
    rule: "I3",
    bug: "a file of another incarnation in the folder is read",
    file: READING,
    find: "if (found.incarnation !== incarnation) {",
    replace: 'if (found.incarnation === "-") {',
    caughtBy: [DAMAGE],
  },
  {
    rule: "I4",
    bug: "only one version is spoken",
    file: HELLO,
    find: "const version = Math.min(highest, own.highest);",
    replace: "const version = highest;",
    caughtBy: [`tests/formats/versions_test.ts ${TRANSPORT_TEST}`],
  },
  {
    rule: "I4",
    bug: "a version that this side does not speak any more is accepted",
    file: HELLO,
    find: "if (version < Math.max(lowest, own.lowest)) return",
    replace: "if (version < 0) return",
    caughtBy: [`tests/formats/versions_test.ts ${TRANSPORT_TEST}`],
  },
  {
    rule: "I4",
    bug: "a message with a field more is refused",
    file: "raft/message.ts",
    find: "if (fields.length < length) {",
    replace: "if (fields.length !== length) {",
    caughtBy: [GOLDEN],
  },
  {
    rule: "I4",
    bug: "a kind of entry gets another number",
    file: "raft/message.ts",
    find: '= ["noop", "command", "members"];',
    replace: '= ["command", "noop", "members"];',
    caughtBy: [GOLDEN],
  },
  {
    rule: "I2",
    bug: "a folder whose log was removed is taken for a new one",
    file: "raft/storage/members_file.ts",
    find: "if (folder.hasBegun && !names.includes(VOTE_FILE)) {",
    replace: "if (names.length === 0) {",
    caughtBy: ["raft/storage/members_file_test.ts", BIRTH_TEST],
  },
  {
    rule: "I2",
    bug: "a member may be added without naming its folder",
    file: "cli/node/member_requests.ts",
    find: 'return incarnation === "";',
    replace: 'return incarnation === "-";',
    caughtBy: [BIRTH_TEST],
  },
  {
    rule: "I2",
    bug: "a node asks for a number that another folder has",
    file: "cli/node/joining.ts",
    find: "if (known === undefined || known.incarnation === incarnation) {",
    replace: "if (incarnation !== null) {",
    caughtBy: [BIRTH_TEST],
  },
  {
    rule: "I5",
    bug: "a folder that took the place of another one is refused by nodes that lag",
    file: PEER_HELLO,
    find: 'if (isKnown || (clusterId !== "" && isLater(asOf, mine.asOf))) return null;',
    replace: "if (isKnown) return null;",
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I5",
    bug: "a folder that took the place of another one refuses nodes that lag",
    file: PEER_HELLO,
    find: "if (isLater(mine.asOf, hello.asOf)) return null;",
    replace: "",
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I5",
    bug: "the members of a higher index count as later, also those of an old leader",
    file: PEER_HELLO,
    find: "return one.term > other.term || (one.term === other.term && one.index > other.index);",
    replace: "return one.index > other.index;",
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I5",
    bug: "a folder stays connected that the members have replaced",
    file: "net/peers/tcp_transport.ts",
    find: "if (refusal !== null) connection.abort({",
    replace: 'if (refusal?.detail === "") connection.abort({',
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I5",
    bug: "messages go on to a folder that the members have replaced",
    file: "net/peers/peer_link.ts",
    find: '    this.#refuse(refusal);\n    this.#drop("refused");\n  }',
    replace: "    this.#refuse(refusal);\n  }",
    caughtBy: [TRANSPORT_TEST],
  },
  {
    rule: "I6",
    bug: "an empty folder takes any certificate for its own",
    file: "cli/node/birth.ts",
    find: "if (wanted !== this.#folder.identity.incarnation || certificate === null) return;",
    replace: "if (certificate === null) return;",
    caughtBy: [BIRTH_TEST],
  },
  {
    rule: "I6",
    bug: "a cluster begins without all of its nodes",
    file: "cli/node/birth.ts",
    find: "if ([...peers.keys()].some((peer) => !this.#founding.has(peer))) return;",
    replace: "for (const peer of peers.keys()) this.#founding.set(peer, this.#founding.get(id)!);",
    caughtBy: [BIRTH_TEST],
  },
  {
    rule: "I6",
    bug: "a node that lost its folder waits for a new cluster with its old one for ever",
    file: "cli/node/birth.ts",
    find: "if (isFounding && OF_A_CLUSTER.includes(refusal.reason)) this.#isTooLate(peer);",
    replace: "",
    caughtBy: [BIRTH_TEST],
  },
  {
    rule: "I7",
    bug: "a recovered node keeps the members that are lost",
    file: "raft/restart/lone_log.ts",
    find: "data: encodeMembers({ voters: [member], outgoing: [], learners: [] }),",
    replace:
      "data: encodeMembers({ voters: [member, { ...member, id: 1 }], outgoing: [], learners: [] }),",
    caughtBy: ["raft/restart/lone_log_test.ts"],
  },
  {
    rule: "I7",
    bug: "a recovered node loses its last entry",
    file: "raft/restart/lone_log.ts",
    find: "entries: [...entries, last]",
    replace: "entries: [...entries.slice(0, -1), { ...last, index: last.index - 1 }]",
    caughtBy: ["raft/restart/lone_log_test.ts"],
  },
  {
    rule: "I7",
    bug: "a recovered node stays in the old cluster",
    file: "cli/node/recover_command.ts",
    find: "clusterId: drawId(), incarnation: drawId() };",
    replace: "incarnation: drawId() };",
    caughtBy: ["tests/long/lost_folder_test.ts"],
  },
  {
    rule: "I7",
    bug: "a recovered node begins without its tables",
    file: "cli/node/recover_command.ts",
    find: 'if (!isFile || name === "lock") continue;',
    replace: 'if (name !== "") continue;',
    caughtBy: ["tests/long/lost_folder_test.ts"],
  },
];
