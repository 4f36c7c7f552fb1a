/**
 * A batch that is put together line by line in a shell, between `begin` and `commit`. Its lines follow
 * from the table of operations: the name of an operation and its fields in order.
 *
 * @module
 */

import {
  type Batch,
  batchOfJson,
  type Check,
  type Operation,
  OPERATIONS,
} from "../../kv/command/mod.ts";
import { type Session, UsageError } from "../table/mod.ts";

/** What such a batch can hold, for people. */
const WANTED = `check, else, ${Object.keys(OPERATIONS).join(", ")}, commit or rollback`;

/** A batch that grows. */
export class OpenBatch {
  readonly #checks: Check[] = [];
  readonly #then: Operation[] = [];
  readonly #otherwise: Operation[] = [];
  #branch = this.#then;

  /** The batch so far. */
  get batch(): Batch {
    return { checks: this.#checks, then: this.#then, otherwise: this.#otherwise, at: 0 };
  }

  /** How many lines it has. */
  get size(): number {
    return this.#checks.length + this.#then.length + this.#otherwise.length;
  }

  /** Takes a line, in words. Throws a {@linkcode UsageError} for one that is no part of a batch. */
  add([first = "", ...words]: readonly string[]): void {
    if (first === "else" && words.length === 0) this.#branch = this.#otherwise;
    else if (first === "check") this.#checks.push(checkOf(words));
    else this.#branch.push(operationOf(first, words));
  }
}

/** The batches that are open, one for a shell. */
const open = new WeakMap<Session, OpenBatch>();

/** The batch that this shell puts together; `undefined`: none. */
export function openBatch(session: Session): OpenBatch | undefined {
  return open.get(session);
}

/** Begins a batch in this shell. */
export function beginBatch(session: Session): void {
  if (open.has(session)) throw new UsageError("Cannot begin: a batch is open already", "begin");
  open.set(session, new OpenBatch());
}

/** Ends the batch of this shell and returns it. */
export function endBatch(session: Session, command: string): OpenBatch {
  const batch = open.get(session);
  if (batch === undefined) {
    throw new UsageError(`Cannot ${command}: wanted a batch that was begun`, command);
  }
  open.delete(session);
  return batch;
}

/** `check KEY absent`, `check KEY version 3`, `check lock NAME REVISION`. */
function checkOf(words: readonly string[]): Check {
  const [subject, kind = "", demand] = words;
  const json = subject === "lock" && demand !== undefined
    ? { lock: kind, revision: Number(demand) }
    : {
      key: subject,
      [kind]: demand === undefined ? true : kind === "value" ? demand : Number(demand),
    };
  return parsed({ checks: [json] }).checks[0]!;
}

function operationOf(name: string, words: readonly string[]): Operation {
  const row = Object.entries(OPERATIONS).find(([each]) => each === name)?.[1];
  if (row === undefined) {
    throw new UsageError(`Cannot add to the batch: wanted ${WANTED}, got "${name}"`, "begin");
  }
  const fields = Object.entries(row.fields);
  if (words.length > fields.length) {
    const wanted = [name, ...fields.map(([field]) => field.toUpperCase())].join(" ");
    throw new UsageError(`Cannot add to the batch: wanted ${wanted}`, "begin");
  }
  const json: Record<string, unknown> = { op: name };
  for (const [place, word] of words.entries()) {
    const [field, { is, fromJson }] = fields[place]!;
    json[field] = is(fromJson(word)) ? word : jsonOf(word);
  }
  return parsed({ then: [json] }).then[0]!;
}

/** A word as a number, a list or yes and no; itself if it is none of these. */
function jsonOf(word: string): unknown {
  if (/^\d+(,\d+)+$/.test(word)) return word.split(",").map(Number);
  if (/^\d+$/.test(word)) return Number(word);
  return word === "true" || word === "false" ? word === "true" : word;
}

function parsed(json: unknown): Batch {
  try {
    return batchOfJson(json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`Cannot add to the batch: ${error.message}`, "begin");
  }
}
