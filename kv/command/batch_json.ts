/**
 * Batches and their results as JSON, for people, programs and recorded histories. The form follows
 * from the table of operations: `{"op": "put", "key": "colour", "value": "blue"}`.
 *
 * Invariant: what was written is read back the same, and every other field is an error that names it.
 *
 * @module
 */

import type { Batch, BatchResult } from "./batch.ts";
import {
  type Check,
  type CheckName,
  checkName,
  checkNames,
  CHECKS,
  demandOf,
  makeCheck,
  subjectOf,
} from "./checks.ts";
import { key, shown, whole } from "./fields.ts";
import {
  type Fields,
  type Operation,
  type OperationName,
  operationNames,
  OPERATIONS,
  type Result,
} from "./operations.ts";

const KEY_CHECKS = checkNames.filter((name) => name !== "lock").join(", ");
const CHECKS_WANTED = `a key and one of ${KEY_CHECKS}, or lock and revision`;

/** A batch from JSON. Throws a `SyntaxError` that names the wrong field. */
export function batchOfJson(json: unknown): Batch {
  const { checks = [], then = [], otherwise = [], at = 0, ...rest } = objectOf(json, "the batch");
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new SyntaxError(`wanted checks, then, otherwise or at, got "${unknown}"`);
  }
  if (!whole.is(at)) throw new SyntaxError(`at: wanted ${whole.wanted}, got ${shown(at)}`);
  return {
    checks: listOf(checks, "checks").map((each, at) => checkOfJson(each, `checks[${at}]`)),
    then: listOf(then, "then").map((each, at) => operationOfJson(each, `then[${at}]`)),
    otherwise: listOf(otherwise, "otherwise").map((each, at) => {
      return operationOfJson(each, `otherwise[${at}]`);
    }),
    at,
  };
}

/** A batch as JSON; what is empty is left out. */
export function jsonOfBatch({ checks, then, otherwise, at }: Batch): object {
  const operations = (list: readonly Operation[]) =>
    list.map((operation) => ({
      op: operation.op,
      ...jsonOfFields(OPERATIONS[operation.op].fields, operation),
      ...jsonOfFields(laterGiven(operation), operation),
    }));
  return {
    ...checks.length === 0 ? {} : { checks: checks.map(jsonOfCheck) },
    then: operations(then),
    ...otherwise.length === 0 ? {} : { otherwise: operations(otherwise) },
    ...at === 0 ? {} : { at },
  };
}

/** The outcome of a batch, as JSON. */
export function jsonOfResult({ held, revision, failedChecks, results }: BatchResult): object {
  return {
    held,
    revision,
    ...failedChecks.length === 0 ? {} : { failedChecks },
    results: results.map((result) => ({
      op: result.op,
      ...jsonOfFields(OPERATIONS[result.op].result, result),
    })),
  };
}

/** The outcome of a batch, from JSON. Throws a `SyntaxError` that names the wrong field. */
export function resultOfJson(json: unknown): BatchResult {
  const { held, revision, failedChecks = [], results } = objectOf(json, "the result");
  if (typeof held !== "boolean" || !whole.is(revision)) {
    throw new SyntaxError("wanted held (true or false) and revision (a whole number)");
  }
  return {
    held,
    revision,
    failedChecks: listOf(failedChecks, "failedChecks") as readonly number[],
    results: listOf(results, "results").map((each, at) => {
      const where = `results[${at}]`;
      const { op, ...rest } = objectOf(each, where);
      const name = operationName(op, where);
      return { op: name, ...fieldsOfJson(OPERATIONS[name].result, { rest, where }) } as Result;
    }),
  };
}

/** The fields that were added in a later feature level, as far as this operation has them. */
function laterGiven(operation: Operation): Fields {
  const later: Fields = OPERATIONS[operation.op].later?.fields ?? {};
  return Object.fromEntries(Object.entries(later).filter(([name]) => name in operation));
}

function jsonOfFields(fields: Fields, values: object): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = (values as Record<string, unknown>)[name];
    if (field.fallback === undefined || value !== field.fallback) json[name] = field.toJson(value);
  }
  return json;
}

function jsonOfCheck(check: Check): object {
  const name = checkName(check);
  const { field } = CHECKS[name];
  const subject = key.toJson(subjectOf(check));
  const demand = field === null ? true : field.toJson(demandOf(check));
  return name === "lock" ? { lock: subject, revision: demand } : { key: subject, [name]: demand };
}

function operationOfJson(json: unknown, where: string): Operation {
  const { op, ...rest } = objectOf(json, where);
  const name = operationName(op, where);
  const later: Fields = OPERATIONS[name].later?.fields ?? {};
  const given = Object.entries(later).filter(([each]) => each in rest);
  const fields = { ...OPERATIONS[name].fields, ...Object.fromEntries(given) };
  return { op: name, ...fieldsOfJson(fields, { rest, where }) } as Operation;
}

function checkOfJson(json: unknown, where: string): Check {
  const given = objectOf(json, where);
  if ("lock" in given) {
    const { lock, revision } = fieldsOfJson({ lock: key, revision: whole }, { rest: given, where });
    return makeCheck("lock", lock as string, revision);
  }
  const { key: subject, ...rest } = given;
  const [name, another] = Object.keys(rest) as CheckName[];
  if (name === undefined || another !== undefined || !checkNames.includes(name)) {
    throw new SyntaxError(`${where}: wanted ${CHECKS_WANTED}, got ${shown(json)}`);
  }
  const field = CHECKS[name].field;
  if (field === null && rest[name] !== true) {
    throw new SyntaxError(`${where}.${name}: wanted true, got ${shown(rest[name])}`);
  }
  const fields: Fields = field === null ? { key } : { key, [name]: field };
  const wanted = field === null ? { key: subject } : given;
  const values = fieldsOfJson(fields, { rest: wanted, where });
  return makeCheck(name, values.key as string, values[name]);
}

function fieldsOfJson(
  fields: Fields,
  { rest, where }: { readonly rest: Readonly<Record<string, unknown>>; readonly where: string },
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const given = rest[name];
    const value = given === undefined ? field.fallback : field.fromJson(given);
    if (!field.is(value)) {
      throw new SyntaxError(`${where}.${name}: wanted ${field.wanted}, got ${shown(given)}`);
    }
    values[name] = value;
  }
  const unknown = Object.keys(rest).find((name) => !Object.hasOwn(fields, name));
  if (unknown === undefined) return values;
  throw new SyntaxError(`${where}: wanted no field "${unknown}"`);
}

function operationName(op: unknown, where: string): OperationName {
  const name = operationNames.find((each) => each === op);
  if (name !== undefined) return name;
  throw new SyntaxError(
    `${where}.op: wanted one of ${operationNames.join(", ")}, got ${shown(op)}`,
  );
}

function objectOf(json: unknown, where: string): Record<string, unknown> {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw new SyntaxError(`${where}: wanted an object, got ${shown(json)}`);
}

function listOf(json: unknown, where: string): readonly unknown[] {
  if (Array.isArray(json)) return json;
  throw new SyntaxError(`${where}: wanted a list, got ${shown(json)}`);
}
