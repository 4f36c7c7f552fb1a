/**
 * The file that says to which cluster a folder belongs, which members the cluster had when it was born,
 * where the node listened last, how often it was started, and what its peers promised. It is written
 * before anything else is in the folder, at each start, and when a peer has promised more.
 *
 * The bytes: the head of every file with the letter M and the length of the text, an object in JSON
 * (`founders` as `encodeMembers` has members, or `null`; `peer`, `client`, `begun`, `starts`,
 * `heard`), and the CRC-32 of the text.
 *
 * @module
 */

import {
  decodeMembers,
  encodeMembers,
  type Files,
  type Members,
  type NodeId,
} from "../core/mod.ts";
import { MEMBERS_FILE, readHeader, VOTE_FILE } from "./file_reading.ts";
import { FinalFiles, writeFile } from "./final_files.ts";
import {
  crc32,
  encodeFileHeader,
  type ExpectedIdentity,
  FILE_HEADER_BYTES,
  type Identity,
} from "./format/mod.ts";
import { StorageError } from "./storage_error.ts";

/**
 * The starts of a folder. A copy that is started anew has other numbers from there on, so its peers know
 * it however often it is started.
 */
export interface Starts {
  /** The number of the latest one; 0: none was counted. */
  readonly latest: number;
  /** A random number for each of the latest ones, in order. */
  readonly drawn: readonly number[];
}

/** No start was counted. */
export const NO_STARTS: Starts = { latest: 0, drawn: [] };

/** What the folder of a peer must hold, by what its node said (D8). */
export interface Heard {
  /** The peer. */
  readonly id: NodeId;
  /** Its folder. */
  readonly incarnation: string;
  /** The number of its latest start; 0: it does not say. */
  readonly start: number;
  /** What was drawn at that start. */
  readonly drawn: number;
  /** The run of the peer that was heard last. */
  readonly run: number;
  /** The highest term of its messages. */
  readonly term: number;
  /** The highest index that it acknowledged in that term. */
  readonly match: number;
}

/** The node and the cluster that a folder belongs to. */
export interface Folder {
  /** Without the id of a cluster before its birth. */
  readonly identity: Identity;
  /** The members at the birth of the cluster; `null`: the folder belongs to none yet. */
  readonly founders: Members | null;
  /** Where the node listened last for the other nodes; empty: nowhere. */
  readonly peer: string;
  /** Where it listened last for clients; empty: nowhere. */
  readonly client: string;
  /** Whether the other files were made: from then on they must be there. */
  readonly hasBegun: boolean;
  /** The starts of the folder's node. */
  readonly starts: Starts;
  /** What the peers of the node have promised. */
  readonly heard: readonly Heard[];
}

/**
 * Reads the file; `null` if there is none.
 *
 * @throws {StorageError} If it is damaged, of another version, or of another node.
 */
export async function readFolder(
  files: Files,
  expected: ExpectedIdentity | null,
): Promise<Folder | null> {
  const names = await files.list();
  if (!names.includes(MEMBERS_FILE)) return null;
  const header = await readHeader(files, MEMBERS_FILE, { letter: "M", identity: expected });
  const [length] = header.numbers;
  const body = await files.read(MEMBERS_FILE, { offset: FILE_HEADER_BYTES, length: length + 4 });
  const text = body.subarray(0, length);
  const sum = body.length === length + 4 &&
    new DataView(body.buffer, body.byteOffset, body.length).getUint32(length, true);
  if (sum !== crc32(text)) throw damaged("the text does not match its checksum");
  const folder = { identity: header.identity, ...decodeText(text) };
  if (folder.hasBegun && !names.includes(VOTE_FILE)) {
    throw new StorageError("damaged", "the vote is missing though the node has begun", {
      file: VOTE_FILE,
    });
  }
  return folder;
}

/** Replaces the file in one step; durable when this resolves. */
export async function writeFolder(files: Files, { identity, ...rest }: Folder): Promise<void> {
  const text = encodeText(rest);
  const head = encodeFileHeader({ letter: "M", identity, numbers: [text.length, 0, 0, 0, 0] });
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, crc32(text), true);
  const final = new FinalFiles(files);
  const error = await writeFile(final, `${MEMBERS_FILE}.tmp`, [head, text, sum]);
  if (error !== null) throw error;
  await final.rename(`${MEMBERS_FILE}.tmp`, MEMBERS_FILE);
  await final.syncFolder();
}

function encodeText(
  { founders, hasBegun: begun, ...rest }: Omit<Folder, "identity">,
): Uint8Array {
  const members = founders === null ? null : JSON.parse(textOf(encodeMembers(founders)));
  const { peer, client, starts, heard } = rest;
  return bytesOf(JSON.stringify({ founders: members, peer, client, begun, starts, heard }));
}

function decodeText(bytes: Uint8Array): Omit<Folder, "identity"> {
  try {
    const { founders, peer, client, begun, ...later } = JSON.parse(textOf(bytes));
    const { starts = NO_STARTS, heard = [] } = later;
    if (typeof peer !== "string" || typeof client !== "string" || typeof begun !== "boolean") {
      throw new TypeError("wanted addresses");
    }
    if (!Array.isArray(heard)) throw new TypeError("wanted promises of peers");
    const members = founders === null ? null : decodeMembers(bytesOf(JSON.stringify(founders)));
    return {
      founders: members,
      peer,
      client,
      hasBegun: begun,
      starts: decodeStarts(starts),
      heard: heard.map(decodeHeard),
    };
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
}

function decodeStarts(value: unknown): Starts {
  const { latest, drawn } = Object(value);
  if (isCount(latest) && Array.isArray(drawn) && drawn.every(isCount)) return { latest, drawn };
  throw new TypeError("wanted starts");
}

/** Fields that a later release adds are passed over. */
function decodeHeard(value: unknown): Heard {
  const { id, incarnation, start, drawn, run, term, match } = Object(value);
  if (![id, start, drawn, run, term, match].every(isCount) || typeof incarnation !== "string") {
    throw new TypeError("wanted promises of peers");
  }
  return { id, incarnation, start, drawn, run, term, match };
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function damaged(problem: string): StorageError {
  return new StorageError("damaged", problem, { file: MEMBERS_FILE, offset: FILE_HEADER_BYTES });
}
