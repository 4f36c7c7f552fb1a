/**
 * Errors of a storage, in words for the person who has to act.
 *
 * @module
 */

/** The kinds of trouble with a folder, a disk, or its use. */
export type StorageErrorKind =
  /**
   * The bytes differ from those that were written. Nothing was changed, and damaged bytes are never
   * used.
   */
  | "damaged"
  /** The folder belongs to another node or another cluster. */
  | "foreign"
  /** A newer version of this program wrote the folder. */
  | "newer"
  /** A version of this program wrote the folder that is too old to be read. */
  | "older"
  /** The folder is empty although it must not be. */
  | "empty"
  /** Another process uses the folder. */
  | "locked"
  /** No space or no file descriptor is left. The files stay valid; what was saved is there. */
  | "full"
  /** The disk refused to read, write or sync. */
  | "failed";

/** The place of the trouble, if it is in one place. */
export interface StorageErrorOptions extends ErrorOptions {
  readonly file?: string;
  readonly offset?: number;
}

const ADVICE: Record<StorageErrorKind, string> = {
  damaged: "Keep a copy of the folder. Only a new member may take the place of this one: with an " +
    "empty or an older folder it would not know what it voted for and acknowledged, and the others " +
    "count on that. They go on without it while they are a majority",
  foreign: "Start with the folder that belongs to this node",
  newer: "Start with the version that wrote it, or a later one",
  older:
    "Start with the version that wrote it, read what is in it through that, and write it to a " +
    "new cluster",
  empty:
    "A node that lost its folder does not know what it voted for and acknowledged; the others " +
    "count on that, and go on without it while they are a majority",
  locked: "End the other process first",
  full: "Make room; the files are as they were before",
  failed: "Check the disk and start again; the folder is examined at the start",
};

/**
 * The storage cannot be opened or cannot go on. After a failed save the node must end (D3).
 *
 * @example
 * ```ts
 * import { DenoFiles, FileStorage, StorageError } from "@kontiki/kontiki";
 *
 * const folder = await Deno.makeTempDir();
 * const identity = { cluster: "example", node: 1 };
 * const storage = new FileStorage({ files: new DenoFiles(folder), identity, create: false });
 * try {
 *   await storage.load();
 * } catch (error) {
 *   if (!(error instanceof StorageError)) throw error;
 *   console.assert(error.kind === "empty", error.advice);
 * }
 * await storage.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class StorageError extends Error {
  /** The name of this class of errors. */
  override readonly name = "StorageError";
  /** The kind of trouble. */
  readonly kind: StorageErrorKind;
  /** The trouble in words. */
  readonly problem: string;
  /** The file concerned, if known. */
  readonly file: string | null;
  /** The offset in the file, if known. */
  readonly offset: number | null;
  /** Advice for the operator. */
  readonly advice: string;

  /** An error that names file and place as far as they are known. */
  constructor(kind: StorageErrorKind, problem: string, options: StorageErrorOptions = {}) {
    const place = options.file === undefined
      ? ""
      : ` (${options.file}${options.offset === undefined ? "" : ` at byte ${options.offset}`})`;
    super(`Cannot use the storage: ${problem}${place}. ${ADVICE[kind]}`, options);
    this.kind = kind;
    this.problem = problem;
    this.file = options.file ?? null;
    this.offset = options.offset ?? null;
    this.advice = ADVICE[kind];
  }
}

/** Errors of a {@linkcode Files} that mean "try again when something was freed". */
const FULL_CODES = ["ENOSPC", "EDQUOT", "EMFILE", "ENFILE"];

/** The error of a file-system call, classified as "full" or "failed". */
export function storageErrorOf(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const problem = error instanceof Error ? error.message : String(error);
  return new StorageError(FULL_CODES.includes(code) ? "full" : "failed", problem, { cause: error });
}
