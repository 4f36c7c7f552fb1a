/**
 * The models that a history file can name, each with readers of its requests and replies.
 *
 * Requests and replies of a file have the type `unknown` except in the readers and the model of the
 * same entry of this table.
 *
 * @module
 */

import type { Fields } from "../../net/mod.ts";
import { type KvInput, kvLabModel, kvModel, type KvOutput } from "./kv_model.ts";
import type { Model } from "./search/mod.ts";
import { type RegisterInput, registerModel, type RegisterOutput } from "./register_model.ts";

/** A model with the readers of its requests and replies. */
export interface HistoryModel {
  readonly model: Model<unknown, unknown, unknown>;
  readInput(fields: Fields): unknown;
  readOutput(fields: Fields, input: unknown): unknown;
}

const kvReaders = {
  readInput: (fields: Fields): KvInput => {
    const op = fields.oneOf("op", ["get", "put"]);
    const key = fields.string("key");
    if (op === "get") {
      fields.end();
      return { op, key };
    }
    const value = fields.string("value");
    const version = readVersion(fields);
    fields.end();
    return { op, key, value, version };
  },
  readOutput: (fields: Fields, input: KvInput): KvOutput => {
    if (fields.has("op")) fields.oneOf("op", [input.op]);
    if (input.op === "put") {
      const error = fields.oneOf("error", ["OK", "ErrNoKey", "ErrVersion", "ErrMaybe"]);
      const version = error === "ErrVersion" && fields.has("version") ? readVersion(fields) : null;
      fields.end();
      if (error !== "ErrVersion") return { op: "put", error };
      return version === null ? { op: "put", error } : { op: "put", error, version };
    }
    const error = fields.oneOf("error", ["OK", "ErrNoKey"]);
    const value = error === "OK" || fields.has("value") ? fields.string("value") : "";
    const version = error === "OK" || fields.has("version") ? readVersion(fields) : 0;
    fields.end();
    return { op: "get", error, value, version };
  },
};

const registerReaders = {
  readInput: (fields: Fields): RegisterInput => {
    const op = fields.oneOf("op", ["read", "write", "cas"]);
    const key = fields.has("key") ? fields.string("key") : "";
    const input: RegisterInput = op === "read"
      ? { op, key }
      : op === "write"
      ? { op, key, value: fields.scalar("value") }
      : { op, key, from: fields.scalar("from"), to: fields.scalar("to") };
    fields.end();
    return input;
  },
  readOutput: (fields: Fields, input: RegisterInput): RegisterOutput => {
    if (fields.has("op")) fields.oneOf("op", [input.op]);
    const output: RegisterOutput = input.op === "read"
      ? { op: "read", value: fields.scalar("value") }
      : input.op === "write"
      ? { op: "write" }
      : { op: "cas", ok: fields.boolean("ok") };
    fields.end();
    return output;
  },
};

const historyModels: ReadonlyMap<string, HistoryModel> = new Map([
  ["kv", erase({ model: kvModel, ...kvReaders })],
  ["kv-lab", erase({ model: kvLabModel, ...kvReaders })],
  ["register", erase({ model: registerModel, ...registerReaders })],
]);

/** The entry named by the field `model`. */
export function findHistoryModel(fields: Fields): HistoryModel {
  // "store" stands for histories of batches, which have a file format of their own (`store_file.ts`).
  return historyModel(fields.oneOf("model", [...historyModels.keys(), "store"]));
}

/** The entry with the given name. */
export function historyModel(name: string): HistoryModel {
  const found = historyModels.get(name);
  if (found === undefined) {
    const names = [...historyModels.keys()].join(", ");
    throw new RangeError(`Cannot find the model: wanted one of ${names}, got ${name}`);
  }
  return found;
}

interface Typed<State, Input, Output> {
  readonly model: Model<State, Input, Output>;
  readonly readInput: (fields: Fields) => Input;
  readonly readOutput: (fields: Fields, input: Input) => Output;
}

/** Safe because each model is only given values that its own readers made. */
function erase<State, Input, Output>(typed: Typed<State, Input, Output>): HistoryModel {
  return typed as unknown as HistoryModel;
}

function readVersion(fields: Fields): number {
  const version = fields.integer("version");
  if (version < 0) throw fields.error("version", "a whole number from 0 on", version);
  return version;
}
