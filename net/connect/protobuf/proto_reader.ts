/**
 * Reads the parts that protocol buffers are made of.
 *
 * @module
 */

/** How a field is laid out. */
export const WIRES = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** One of the layouts. */
export type Wire = typeof WIRES[keyof typeof WIRES];

const WIDTHS: Readonly<Record<number, number>> = { [WIRES.fixed64]: 8, [WIRES.fixed32]: 4 };
const KNOWN: ReadonlySet<number> = new Set(Object.values(WIRES));
const VARINT_BYTES_MAX = 10;

/** Takes values from bytes, and never reads beyond their end. */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  /** Makes the error for bytes that are malformed. */
  readonly problem: (text: string) => Error;
  #at = 0;

  constructor(bytes: Uint8Array, problem: (text: string) => Error) {
    this.#bytes = bytes;
    this.problem = problem;
  }

  /** The number of bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** The number and the layout of the next field. */
  tag(): { readonly number: number; readonly wire: Wire } {
    const tag = this.#short("a field");
    const wire = tag & 7;
    if (!KNOWN.has(wire)) throw this.problem(`wanted a known layout of a field, got ${wire}`);
    const number = tag >>> 3;
    if (number === 0) throw this.problem("wanted a field from 1 on, got 0");
    return { number, wire: wire as Wire };
  }

  /** A number of at most 64 bits. */
  varint(wire: Wire): bigint {
    this.#expect(wire, WIRES.varint);
    let value = 0n;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(count * 7);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw this.problem(`wanted a number of at most ${VARINT_BYTES_MAX} bytes`);
  }

  /** A view of the bytes of a field. */
  bytes(wire: Wire): Uint8Array {
    this.#expect(wire, WIRES.bytes);
    return this.#take(this.#short("a length"));
  }

  /** Reads what is within a field. */
  inner(wire: Wire): ProtoReader {
    return new ProtoReader(this.bytes(wire), this.problem);
  }

  /** Passes over a field. */
  skip(wire: Wire): void {
    const width = WIDTHS[wire];
    if (width !== undefined) this.#take(width);
    else if (wire === WIRES.bytes) this.bytes(wire);
    else this.varint(wire);
  }

  #expect(got: Wire, wanted: Wire): void {
    if (got !== wanted) throw this.problem(`wanted a field of layout ${wanted}, got ${got}`);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw this.problem("wanted more bytes");
    this.#at++;
    return byte;
  }

  /** A number of at most 32 bits. */
  #short(what: string): number {
    let value = 0;
    for (let count = 0; count < 5; count++) {
      const byte = this.#byte();
      if (count === 4 && byte > 0x0f) break;
      value = (value | (byte & 0x7f) << (count * 7)) >>> 0;
      if (byte < 0x80) return value;
    }
    throw this.problem(`wanted ${what} of at most 32 bits`);
  }

  #take(length: number): Uint8Array {
    if (length > this.left) throw this.problem(`wanted ${length} bytes, got ${this.left}`);
    const at = this.#at;
    this.#at += length;
    return this.#bytes.subarray(at, this.#at);
  }
}
