/**
 * A batch: checks, and what is done when all of them hold or when one fails. It happens at one
 * revision or not at all. Its bytes follow from the table of operations.
 *
 * Invariant: what {@linkcode writeBatch} accepts is within all limits, and {@linkcode readBatch}
 * accepts nothing else, so that nothing beyond a limit enters the log (O7).
 *
 * @module
 */

import { type Check, checkName, CHECKS, demandOf, makeCheck, subjectOf } from "./checks.ts";
import { MalformedBytes, type Reader, type Writer } from "./bytes.ts";
import { type Field, key, shown, whole } from "./fields.ts";
import {
  type Fields,
  isRead,
  type Operation,
  type OperationName,
  operationNames,
  OPERATIONS,
  type Result,
} from "./operations.ts";

/** What a batch may hold. */
export const BATCH_LIMITS = {
  /** Operations of both branches together, and checks apart from them. */
  operations: 1000,
  /** All of its bytes. */
  bytes: 8 * 1024 * 1024,
};

/** Checks, operations and the alternative. */
export interface Batch {
  /** All of them hold: `then`; one fails: `otherwise`. */
  readonly checks: readonly Check[];
  /** Done if all checks hold. */
  readonly then: readonly Operation[];
  /** Done if a check fails. */
  readonly otherwise: readonly Operation[];
  /** The revision whose state a batch of reads sees; 0: the newest. */
  readonly at: number;
}

/** The outcome of a batch that was executed. */
export interface BatchResult {
  /** Whether all checks held. */
  readonly held: boolean;
  /** The revision of the write, or the revision whose state the read saw. */
  readonly revision: number;
  /** The places of the checks that failed. */
  readonly failedChecks: readonly number[];
  /** One for each operation of `then`, or of `otherwise`. */
  readonly results: readonly Result[];
}

const operationByCode = byCode(OPERATIONS);
const laterByCode = byCode(
  Object.fromEntries(
    operationNames.flatMap((name) => {
      const { later } = OPERATIONS[name];
      return later === undefined ? [] : [[name, later]];
    }),
  ) as Readonly<Partial<Record<OperationName, { readonly code: number }>>>,
);
const checkByCode = byCode(CHECKS);

/** Whether it takes no log entry. */
export function isReadOnly({ then, otherwise }: Batch): boolean {
  return then.every(isRead) && otherwise.every(isRead);
}

/** Whether it does the same as once however often it is executed, and answers the same. */
export function isIdempotent({ then, otherwise }: Batch): boolean {
  return [...then, ...otherwise].every((operation) =>
    isRead(operation) || operation.op === "renew"
  );
}

/**
 * Whether it may be sent again although it may have been executed: it reads only, or it changes only
 * what it also checks the version or revision of, so that it fails the second time (O5).
 */
export function isRepeatable(batch: Batch): boolean {
  if (isIdempotent(batch)) return true;
  if (!batch.otherwise.every(isRead)) return false;
  const guarded = new Set(batch.checks.flatMap((check) => {
    return "key" in check && ("version" in check || "revision" in check) ? [check.key] : [];
  }));
  return batch.then.some((operation) => {
    // What answers whether its key existed changes nothing if it did not.
    return !isRead(operation) && "key" in operation && guarded.has(operation.key) &&
      !("existed" in OPERATIONS[operation.op].result);
  });
}

/** Writes a batch. Throws a `RangeError` for one that no server would execute. */
export function writeBatch(to: Writer, batch: Batch): void {
  const { checks, then, otherwise, at } = batch;
  const count = then.length + otherwise.length;
  if (Math.max(checks.length, count) > BATCH_LIMITS.operations) {
    throw new RangeError(
      `Cannot make a batch: wanted at most ${BATCH_LIMITS.operations} checks, and as many ` +
        `operations, got ${checks.length} and ${count}`,
    );
  }
  if (!whole.is(at) || at > 0 && !isReadOnly(batch)) {
    throw new RangeError(`Cannot make a batch: wanted a revision of reads only, got ${at}`);
  }
  to.u64(at);
  to.u16(checks.length);
  to.u16(then.length);
  to.u16(otherwise.length);
  for (const check of checks) writeCheck(to, check);
  for (const operation of [...then, ...otherwise]) writeOperation(to, operation);
  if (to.length > BATCH_LIMITS.bytes) {
    throw new RangeError(
      `Cannot make a batch: wanted at most ${BATCH_LIMITS.bytes} bytes, got ${to.length}`,
    );
  }
}

/** Reads a batch that takes the rest of the bytes. Throws {@linkcode MalformedBytes}. */
export function readBatch(from: Reader): Batch {
  if (from.left > BATCH_LIMITS.bytes) throw new MalformedBytes("wanted a shorter batch");
  const at = from.u64();
  const counts = [from.u16(), from.u16(), from.u16()] as const;
  if (Math.max(counts[0], counts[1] + counts[2]) > BATCH_LIMITS.operations) {
    throw new MalformedBytes(`wanted at most ${BATCH_LIMITS.operations} operations, got ${counts}`);
  }
  const checks = Array.from({ length: counts[0] }, () => readCheck(from));
  const then = Array.from({ length: counts[1] }, () => readOperation(from));
  const otherwise = Array.from({ length: counts[2] }, () => readOperation(from));
  from.end();
  const batch = { checks, then, otherwise, at };
  if (at > 0 && !isReadOnly(batch)) throw new MalformedBytes("wanted reads at a revision");
  return batch;
}

/** Writes the outcome of a batch. */
export function writeResult(
  to: Writer,
  { held, revision, failedChecks, results }: BatchResult,
): void {
  to.u64(revision);
  to.u8(held ? 1 : 0);
  to.u16(failedChecks.length);
  for (const place of failedChecks) to.u16(place);
  to.u16(results.length);
  for (const result of results) {
    to.u8(OPERATIONS[result.op].code);
    writeFields(to, OPERATIONS[result.op].result, result);
  }
}

/** Reads the outcome of a batch. Throws {@linkcode MalformedBytes}. */
export function readResult(from: Reader): BatchResult {
  const revision = from.u64();
  const held = from.u8() === 1;
  const failedChecks = Array.from({ length: from.u16() }, () => from.u16());
  const results = Array.from({ length: from.u16() }, () => {
    const op = nameOf(operationByCode, from.u8());
    return { op, ...readFields(from, OPERATIONS[op].result) } as Result;
  });
  from.end();
  return { held, revision, failedChecks, results };
}

function writeCheck(to: Writer, check: Check): void {
  const name = checkName(check);
  const { code, field } = CHECKS[name];
  to.u8(code);
  writeField(to, { name: name === "lock" ? name : "key", field: key }, subjectOf(check));
  if (field !== null) writeField(to, { name, field }, demandOf(check));
}

function readCheck(from: Reader): Check {
  const name = nameOf(checkByCode, from.u8());
  const subject = key.read(from);
  return makeCheck(name, subject, CHECKS[name].field?.read(from));
}

function writeOperation(to: Writer, operation: Operation): void {
  const { code, fields, later } = OPERATIONS[operation.op];
  const given = Object.keys(later?.fields ?? {}).map((name) => {
    return [name, (operation as Record<string, unknown>)[name] ?? 0] as const;
  });
  const isLater = given.some(([, value]) => value !== 0);
  to.u8(isLater ? later!.code : code);
  writeFields(to, fields, operation);
  if (isLater) writeFields(to, later!.fields, Object.fromEntries(given));
}

function readOperation(from: Reader): Operation {
  const code = from.u8();
  const op = laterByCode.get(code) ?? nameOf(operationByCode, code);
  const { fields, later } = OPERATIONS[op];
  const values = readFields(from, fields);
  if (!laterByCode.has(code)) return { op, ...values } as Operation;
  const set = Object.entries(readFields(from, later!.fields)).filter(([, value]) => value !== 0);
  if (set.length === 0) throw new MalformedBytes("wanted the shorter form of an operation");
  return { op, ...values, ...Object.fromEntries(set) } as Operation;
}

function writeFields(to: Writer, fields: Fields, values: object): void {
  for (const name of Object.keys(fields)) {
    const given = (values as Record<string, unknown>)[name];
    writeField(to, { name, field: fields[name]! }, given);
  }
}

function writeField(
  to: Writer,
  { name, field }: { readonly name: string; readonly field: Field<unknown> },
  given: unknown,
): void {
  if (!field.is(given)) {
    throw new RangeError(`Cannot use ${name}: wanted ${field.wanted}, got ${shown(given)}`);
  }
  field.write(to, given);
}

function readFields(from: Reader, fields: Fields): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) values[name] = fields[name]!.read(from);
  return values;
}

function byCode<Name extends string>(
  rows: Readonly<Partial<Record<Name, { readonly code: number }>>>,
): ReadonlyMap<number, Name> {
  return new Map((Object.keys(rows) as Name[]).map((name) => [rows[name]!.code, name]));
}

function nameOf<Name>(names: ReadonlyMap<number, Name>, code: number): Name {
  const name = names.get(code);
  if (name === undefined) throw new MalformedBytes(`wanted a known code, got ${code}`);
  return name;
}
