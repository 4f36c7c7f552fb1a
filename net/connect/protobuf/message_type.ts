/**
 * A small codec of protocol buffers: messages are tables of fields, and both directions follow from
 * them. Fields that a table does not know are skipped, as the format demands.
 *
 * Invariants: reading any bytes ends with a message or with {@linkcode MalformedMessage}, after a time
 * and in a space that their length bounds (G7); bytes of a message that was read are views.
 *
 * @module
 */

import { ProtoReader, type Wire, WIRES } from "./proto_reader.ts";
import { ProtoWriter } from "./proto_writer.ts";

/** The bytes are no such message. */
export class MalformedMessage extends Error {
  override name = "MalformedMessage";
}

/** One field of a message. */
export interface ProtoField<T> {
  readonly number: number;
  /** What a message without the field has. */
  readonly missing: T;
  /** The value after one more occurrence of the field. */
  read(before: T, from: ProtoReader, wire: Wire): T;
  /** Nothing is written for the value of a message without the field. */
  write(to: ProtoWriter, value: T): void;
}

type Fields = Readonly<Record<string, ProtoField<unknown>>>;

/** What a message with these fields holds. */
export type Contents<F> = {
  readonly [Name in keyof F]: F[Name] extends ProtoField<infer T> ? T : never;
};

/** A kind of message. */
export class MessageType<F extends Fields> {
  readonly #name: string;
  readonly #fields: F;
  readonly #names = new Map<number, string>();

  constructor(name: string, fields: F) {
    this.#name = name;
    this.#fields = fields;
    for (const [key, { number }] of Object.entries(fields)) this.#names.set(number, key);
  }

  /**
   * Reads a message that takes all of the bytes.
   *
   * @throws {MalformedMessage} If they are none.
   */
  decode(bytes: Uint8Array): Contents<F> {
    const from = new ProtoReader(bytes, (problem) => {
      return new MalformedMessage(`Cannot read ${this.#name}: ${problem}`);
    });
    const message: Record<string, unknown> = {};
    for (const name of this.#names.values()) message[name] = this.#fields[name]!.missing;
    while (from.left > 0) {
      const { number, wire } = from.tag();
      const name = this.#names.get(number);
      if (name === undefined) from.skip(wire);
      else message[name] = this.#fields[name]!.read(message[name], from, wire);
    }
    return message as Contents<F>;
  }

  /** The bytes of a message, in parts that are to be joined; long values are not copied. */
  encode(message: Partial<Contents<F>>): ProtoWriter {
    const to = new ProtoWriter();
    for (const name of this.#names.values()) {
      const field = this.#fields[name]!;
      const value = message[name];
      if (value !== undefined) field.write(to, value);
    }
    return to;
  }
}

const NO_BYTES = new Uint8Array();

/** Bytes. */
export function bytes(number: number): ProtoField<Uint8Array> {
  return {
    number,
    missing: NO_BYTES,
    read: (_, from, wire) => from.bytes(wire),
    write: (to, value) => {
      if (value.length > 0) to.bytes(number, value);
    },
  };
}

/** Yes or no. */
export function flag(number: number): ProtoField<boolean> {
  return {
    number,
    missing: false,
    read: (_, from, wire) => from.varint(wire) !== 0n,
    write: (to, value) => {
      if (value) to.varint(number, 1n);
    },
  };
}

/** A number of 32 bits, or one of the numbers of an enumeration. */
export function int(number: number): ProtoField<number> {
  return {
    number,
    missing: 0,
    read: (_, from, wire) => Number(BigInt.asIntN(32, from.varint(wire))),
    write: (to, value) => {
      if (value !== 0) to.varint(number, BigInt.asUintN(64, BigInt(value)));
    },
  };
}

/** A number of 64 bits. */
export function long(number: number): ProtoField<bigint> {
  return {
    number,
    missing: 0n,
    read: (_, from, wire) => BigInt.asIntN(64, from.varint(wire)),
    write: (to, value) => {
      if (value !== 0n) to.varint(number, BigInt.asUintN(64, value));
    },
  };
}

/** A message within a message. Of several the last one counts. */
export function one<F extends Fields>(
  number: number,
  type: MessageType<F>,
): ProtoField<Contents<F> | null> {
  return {
    number,
    missing: null,
    read: (_, from, wire) => type.decode(from.bytes(wire)),
    write: (to, value) => {
      if (value !== null) to.message(number, type.encode(value));
    },
  };
}

/** Messages within a message, so many at most. */
export function many<F extends Fields>(
  number: number,
  type: MessageType<F>,
  max: number,
): ProtoField<readonly Contents<F>[]> {
  return {
    number,
    missing: [],
    read: (before, from, wire) => {
      return longer(before, type.decode(from.bytes(wire)), { from, max });
    },
    write: (to, values) => {
      for (const value of values) to.message(number, type.encode(value));
    },
  };
}

/** Byte strings, so many at most. */
export function manyBytes(number: number, max: number): ProtoField<readonly Uint8Array[]> {
  return {
    number,
    missing: [],
    read: (before, from, wire) => longer(before, from.bytes(wire), { from, max }),
    write: (to, values) => {
      for (const value of values) to.bytes(number, value);
    },
  };
}

/** Numbers of 32 bits without a sign, so many at most; in one field, or each in its own. */
export function manyInts(number: number, max: number): ProtoField<readonly number[]> {
  const narrow = (value: bigint): number => Number(BigInt.asUintN(32, value));
  return {
    number,
    missing: [],
    read: (before, from, wire) => {
      if (wire !== WIRES.bytes) return longer(before, narrow(from.varint(wire)), { from, max });
      let list = before;
      for (const packed = from.inner(wire); packed.left > 0;) {
        list = longer(list, narrow(packed.varint(WIRES.varint)), { from, max });
      }
      return list;
    },
    write: (to, values) => {
      if (values.length === 0) return;
      const packed = new ProtoWriter();
      for (const value of values) packed.plain(BigInt(value));
      to.message(number, packed);
    },
  };
}

/** Lists are read by one message alone, so they grow in place. */
function longer<T>(
  list: readonly T[],
  item: T,
  { from, max }: { readonly from: ProtoReader; readonly max: number },
): readonly T[] {
  if (list.length === max) throw from.problem(`wanted at most ${max} items, got more`);
  if (list.length === 0) return [item];
  (list as T[]).push(item);
  return list;
}
