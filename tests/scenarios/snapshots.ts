/**
 * Lab 3D: the log is compacted after snapshots, and servers that miss compacted entries get the
 * snapshot (section 11 of the lab's tests). The machine takes one after indexes 9, 19, 29, …
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Scenario } from "../cluster/mod.ts";
import { type LabGroup, labScenario } from "../lab/mod.ts";

const ROUNDS = 30;
/** The lab's MAXLOGSIZE. */
const LOG_BYTES_MAX = 2_000;
const SNAPSHOT_EVERY = 10;

/** How {@linkcode snapshots} makes a server fall behind, so that it needs a snapshot. */
type Absence = "none" | "disconnected" | "crashed";

/** Section 11.1. */
async function snapshots(group: LabGroup, absence: Absence): Promise<void> {
  await group.agree(group.count);
  let leader = await group.checkOneLeader();
  for (let round = 0; round < ROUNDS; round++) {
    const follower = (leader + 1) % group.count;
    const [sender, victim] = round % 3 === 1 ? [follower, leader] : [leader, follower];
    if (absence === "disconnected") await group.disconnect(victim);
    if (absence === "crashed") await group.crash(victim);
    if (absence !== "none") await group.agree(group.count - 1);

    const commands = SNAPSHOT_EVERY / 2 + group.below(SNAPSHOT_EVERY);
    for (let count = 0; count < commands; count++) await group.start(sender, group.fresh());
    await group.agree(absence === "none" ? group.count : group.count - 1);
    const bytes = await group.logBytesMax();
    assert(
      bytes < LOG_BYTES_MAX,
      `The log is too large: ${bytes} bytes, wanted below ${LOG_BYTES_MAX}`,
    );

    if (absence === "none") continue;
    if (absence === "disconnected") await group.connect(victim);
    else await group.restart(victim);
    await group.agree(group.count);
    leader = await group.checkOneLeader();
  }
}

/** Section 11.2. */
async function allCrash(group: LabGroup): Promise<void> {
  await group.agree(group.count);
  for (let round = 0; round < 5; round++) {
    const commands = SNAPSHOT_EVERY / 2 + group.below(SNAPSHOT_EVERY);
    for (let count = 0; count < commands; count++) await group.agree(group.count);
    const before = await group.agree(group.count);
    await group.crashAll();
    await group.startAll();
    const index = await group.agree(group.count);
    assert(index >= before + 1, `The index went back from ${before} to ${index}`);
  }
}

/** Section 11.3: a start that ignored the snapshot would overwrite it with its next save. */
async function init(group: LabGroup): Promise<void> {
  for (let count = 0; count < SNAPSHOT_EVERY + 2; count++) await group.agree(group.count);
  for (let crash = 0; crash < 2; crash++) {
    await group.crashAll();
    await group.startAll();
    await group.agree(group.count);
  }
}

interface Variant {
  readonly network: "reliable" | "unreliable";
  readonly part?: "3D" | "3D-2024";
  readonly body: (group: LabGroup) => Promise<void>;
}

function scenario(name: string, title: string, { part = "3D", ...variant }: Variant): Scenario {
  return labScenario({
    name,
    part,
    title: `Test (3D): ${title}`,
    nodes: 3,
    machine: "log-snapshots",
    ...variant,
  });
}

/** The scenarios of lab 3D, in the lab's order. */
export const snapshotScenarios: readonly Scenario[] = [
  scenario("TestSnapshotBasic3D", "snapshots basic", {
    network: "reliable",
    body: (group) => snapshots(group, "none"),
  }),
  scenario("TestSnapshotInstall3D", "install snapshots (disconnect)", {
    network: "reliable",
    body: (group) => snapshots(group, "disconnected"),
  }),
  scenario("TestSnapshotInstallUnreliable3D", "install snapshots (disconnect)", {
    network: "unreliable",
    body: (group) => snapshots(group, "disconnected"),
  }),
  scenario("TestSnapshotInstallCrash3D", "install snapshots (crash)", {
    network: "reliable",
    body: (group) => snapshots(group, "crashed"),
  }),
  scenario("TestSnapshotInstallUnCrash3D", "install snapshots (crash)", {
    network: "unreliable",
    body: (group) => snapshots(group, "crashed"),
  }),
  scenario("TestSnapshotAllCrash3D", "crash and restart all servers", {
    network: "unreliable",
    body: allCrash,
  }),
  scenario("TestSnapshotInit3D", "snapshot initialization after crash", {
    network: "unreliable",
    body: init,
  }),
  scenario("TestSnapshotAllCrash3D-2024", "crash and restart all servers, 2024", {
    network: "reliable",
    part: "3D-2024",
    body: allCrash,
  }),
  scenario("TestSnapshotInit3D-2024", "snapshot initialization after crash, 2024", {
    network: "reliable",
    part: "3D-2024",
    body: init,
  }),
];
