/**
 * The manifest: one small file that names the tables and the position in the log that they hold. It
 * is replaced whole by a rename; a table that it does not name does not exist.
 *
 * The first line has the format and a checksum of the second, which is JSON: so that people can read
 * it, too.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { type Files, type Members, type Moment, StorageError } from "../../../raft/mod.ts";

/** What a manifest says. */
export interface Manifest {
  /** Everything up to this position of the log is in the tables. */
  readonly applied: Moment;
  /** State at this revision and later ones can be read. */
  readonly horizon: number;
  /** Deletions before this revision are forgotten at the applied position. */
  readonly deletions: number;
  /** How the bounds of the history stand at the applied position. */
  readonly marks: readonly Mark[];
  /** The number of the next table. */
  readonly next: number;
  /** Tables by level; on level 0 from new to old, on others by their keys. */
  readonly levels: readonly (readonly NamedTable[])[];
  /**
   * The tables hold an image of another server, perhaps ahead of the log: the members in it. `null`:
   * they were written from the log.
   */
  readonly members: Members | null;
}

/** Some of the revisions that reads reach back to, as they are kept for the next start. */
export interface Mark {
  /** The first of them. */
  readonly revision: number;
  /** What the versions that they replaced take. */
  readonly bytes: number;
  /** The steady time of the last of them. */
  readonly at: number;
}

/** What a manifest says of a table. */
export interface NamedTable {
  readonly number: number;
  /** As `Table.checksum`. */
  readonly checksum: number;
}

/** The manifest of a folder without one. */
export const EMPTY_MANIFEST: Manifest = {
  applied: { index: 0, term: 0, times: { steady: 0, wall: 0 } },
  horizon: 0,
  deletions: 0,
  marks: [],
  next: 1,
  levels: [],
  members: null,
};

/** The name of the file. */
export const MANIFEST = "manifest";

const FORMAT_NUMBER = 2;
const FORMAT = `kontiki manifest ${FORMAT_NUMBER}`;
const UNFINISHED = "manifest.new";
const BYTES_MAX = 16 * 1024 * 1024;

/** The name of a table. */
export function tableName(number: number): string {
  return `${String(number).padStart(8, "0")}.table`;
}

/** The bytes of a manifest. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const encoder = new TextEncoder();
  const body = JSON.stringify(manifest);
  const checksum = crc32(encoder.encode(body)).toString(16).padStart(8, "0");
  return encoder.encode(`${FORMAT} ${checksum}\n${body}\n`);
}

/** Reads a manifest; a string says what is wrong with it. */
export function decodeManifest(bytes: Uint8Array): Manifest | string {
  const text = new TextDecoder().decode(bytes);
  const [head = "", body = "", ...rest] = text.split("\n");
  if (!head.startsWith(`${FORMAT} `)) {
    return `wanted "${FORMAT}", got ${JSON.stringify(head.slice(0, 40))}`;
  }
  const checksum = crc32(new TextEncoder().encode(body)).toString(16).padStart(8, "0");
  if (rest.join("") !== "" || head.slice(FORMAT.length + 1) !== checksum) {
    return `wanted the checksum ${checksum}, got ${JSON.stringify(head.slice(FORMAT.length + 1))}`;
  }
  // The checksum vouches for it: only this program wrote it.
  return { ...EMPTY_MANIFEST, ...JSON.parse(body) as Partial<Manifest> };
}

/** The manifest of a folder; of a folder without one, {@linkcode EMPTY_MANIFEST}. */
export async function readManifest(files: Files): Promise<Manifest> {
  if (!(await files.list()).includes(MANIFEST)) return EMPTY_MANIFEST;
  const bytes = await files.read(MANIFEST, { offset: 0, length: BYTES_MAX });
  checkFormat(bytes);
  const manifest = decodeManifest(bytes);
  if (typeof manifest !== "string") return manifest;
  throw new StorageError("damaged", manifest, { file: MANIFEST });
}

/**
 * Refuses what another version of this program wrote, which is not damaged: a head as ours with another
 * number.
 */
function checkFormat(bytes: Uint8Array): void {
  const [head = ""] = new TextDecoder().decode(bytes.subarray(0, 64)).split("\n");
  const number = /^kontiki manifest ([1-9]\d{0,8}) [0-9a-f]{8}$/.exec(head)?.[1];
  if (number === undefined || Number(number) === FORMAT_NUMBER) return;
  const kind = Number(number) > FORMAT_NUMBER ? "newer" : "older";
  const problem = `the tables are of format ${number}, wanted ${FORMAT_NUMBER}`;
  throw new StorageError(kind, problem, { file: MANIFEST });
}

/** Makes the manifest durable, and with it the names of the tables that were finished before. */
export async function writeManifest(files: Files, manifest: Manifest): Promise<void> {
  const file = await files.create(UNFINISHED);
  try {
    await file.append(encodeManifest(manifest));
    await file.sync();
  } finally {
    await file.close();
  }
  // The tables' names must not be lost while the manifest's survives: theirs are durable first.
  await files.syncFolder();
  await files.rename(UNFINISHED, MANIFEST);
  await files.syncFolder();
}
