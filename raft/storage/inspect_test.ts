/** Tests of {@linkcode inspect}. @module */

import { assert, assertEquals } from "@std/assert";
import { IDENTITY, LIFE, livedDisk, stateAfter } from "../../tests/storage/file_storage_home.ts";
import { entriesOf, saveOf } from "../../tests/storage/storage_suite.ts";
import { type DiskOperation, SimDisk } from "../../tests/sim/sim_disk.ts";
import { FileStorage } from "./file_storage.ts";
import { formatFolder, inspect } from "./inspect.ts";
import { writeFolder } from "./members_file.ts";
import { usedLength } from "./format/record.ts";

Deno.test("inspect reports what a node would load and changes nothing", async () => {
  const operations: DiskOperation[] = [];
  const disk = new SimDisk((await livedDisk()).image(), {
    changed: (operation) => operations.push(operation),
  });
  const report = await inspect(disk.open());
  const state = stateAfter(LIFE);
  assertEquals(operations, []);
  assertEquals(report.verdict, "sound");
  assertEquals(report.identity, IDENTITY);
  assertEquals(report.vote, { term: state.term, votedFor: state.votedFor });
  assertEquals(report.base, { index: 31, term: 5 });
  assertEquals([report.last?.index, report.entries], [103, state.entries.length]);
  assert(report.files.every((file) => file.checks));
  const text = formatFolder(report);
  assert(text.includes('owner     n3 of cluster "test cluster"'), text);
  assert(text.includes("up to 103@5, behind the snapshot at 31@5"), text);
  assertEquals(JSON.parse(JSON.stringify(report)), report);
});

Deno.test("inspect names each bad file when several are damaged", async () => {
  const disk = await livedDisk();
  const image = disk.image();
  const names = [...image.keys()].sort();
  const snapshot = names.find((name) => name.startsWith("snapshot-"))!;
  const segment = names.find((name) => name.startsWith("log-"))!;
  disk.damage(snapshot, 97, (byte) => byte ^ 1);
  disk.damage(segment, 130, (byte) => byte ^ 1);
  const report = await inspect(disk.open());
  assertEquals(report.verdict, "refused");
  assert(report.problem?.includes("Keep a copy of the folder"), report.problem ?? "");
  const bad = report.files.filter((file) => !file.checks).map(({ name }) => name);
  assertEquals(bad, [segment, snapshot].sort());
  assertEquals(report.vote?.term, 5);
  assert(formatFolder(report).includes("BAD"), formatFolder(report));
});

Deno.test("inspect refuses a folder whose members are damaged, as a node does", async () => {
  const disk = await livedDisk();
  await writeFolder(disk.open(), {
    ...{ identity: IDENTITY, founders: null, peer: "", client: "", hasBegun: true },
    ...{ starts: { latest: 0, drawn: [] }, heard: [] },
  });
  assertEquals((await inspect(disk.open())).verdict, "sound");
  disk.damage("members", 40, (byte) => byte ^ 1);
  assertEquals((await inspect(disk.open())).verdict, "refused");
});

Deno.test("inspect reports an unfinished save and leftover files as such", async () => {
  const image = new Map((await livedDisk()).image());
  const newest = [...image.keys()].filter((name) => name.startsWith("log-")).sort().at(-2)!;
  const whole = image.get(newest)!;
  image.set(newest, whole.slice().fill(0, usedLength(whole) - 5));
  image.set("vote.tmp", new Uint8Array(4));
  image.set("notes.txt", new Uint8Array(9));
  const report = await inspect(new SimDisk(image).open());
  assertEquals([report.verdict, report.unfinished?.file], ["sound", newest]);
  assertEquals(report.garbage, ["vote.tmp"]);
  const { bytes, offset } = report.unfinished!;
  const save = "an unfinished save of at least 1 entry";
  const place = `${bytes} bytes of ${save} (${newest} at byte ${offset})`;
  assert(formatFolder(report).includes(`trim      ${place}`), formatFolder(report));
  const content = report.files.find(({ name }) => name === newest)?.content ?? "";
  assert(content.endsWith(`; ${bytes} bytes of an unfinished save at byte ${offset}`), content);
  const kinds = new Map(report.files.map(({ name, kind }) => [name, kind]));
  assertEquals([kinds.get("vote.tmp"), kinds.get("notes.txt")], ["temporary", "unknown"]);
  const marks = new Map(
    formatFolder(report).split("\n").map((line) => [line.slice(5).split(" ")[0], line.slice(0, 4)]),
  );
  const seen = ["vote", newest, "vote.tmp", "notes.txt"].map((name) => marks.get(name)?.trim());
  assertEquals(seen, ["ok", "ok", "-", "-"]);
});

Deno.test("inspect reports an empty folder when nothing was ever saved", async () => {
  const report = await inspect(new SimDisk().open());
  assertEquals([report.verdict, report.files], ["empty", []]);
  assertEquals(formatFolder(report), "empty: no node has saved anything in this folder");
});

Deno.test("inspect counts entries and saves of a segment, and says what would be trimmed", async () => {
  const disk = new SimDisk();
  const storage = new FileStorage({ files: disk.open(), identity: IDENTITY });
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 3 } }));
  await storage.save(saveOf({ tail: { from: 1, entries: entriesOf(1, 3, 1) } }));
  await storage.save(saveOf({ tail: { from: 4, entries: entriesOf(4, 1, 1) } }));
  await storage.save(saveOf({ tail: { from: 4, entries: [] } }));
  await storage.save(saveOf({ tail: { from: 4, entries: entriesOf(4, 2, 1) } }));
  await storage.close();
  const text = formatFolder(await inspect(disk.open()));
  assert(text.includes("entries 1 to 5 (6 in 4 saves)"), text);
  assert(!text.includes("trim "), text);
});
