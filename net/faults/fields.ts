/**
 * Takes fields out of an unknown object one by one; an error names the wrong field by its path.
 *
 * Invariant: a field that was not taken is an error, so that a misspelt field is noticed.
 *
 * @module
 */

/** An object under examination. Every method throws a SyntaxError that names the field. */
export class Fields {
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #asked = new Set<string>();

  /** The fields of this object, which stands at this path. */
  constructor(record: Readonly<Record<string, unknown>>, path: string) {
    this.#record = record;
    this.#path = path;
  }

  /** Whether there is such a field. */
  has(name: string): boolean {
    return Object.hasOwn(this.#record, name);
  }

  /** A required field of any type. */
  value(name: string): unknown {
    this.#asked.add(name);
    if (!this.has(name)) {
      throw new SyntaxError(`field ${this.#path}${name}: wanted a value, got none`);
    }
    return this.#record[name];
  }

  /** Whether the field is `null`. */
  isNull(name: string): boolean {
    return this.value(name) === null;
  }

  /** A text. */
  string(name: string): string {
    const value = this.value(name);
    if (typeof value !== "string") throw this.error(name, "a string", value);
    return value;
  }

  /** True or false. */
  boolean(name: string): boolean {
    const value = this.value(name);
    if (typeof value !== "boolean") throw this.error(name, "true or false", value);
    return value;
  }

  /** A finite number. */
  number(name: string): number {
    const value = this.value(name);
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw this.error(name, "a number", value);
    }
    return value;
  }

  /** A whole number. */
  integer(name: string): number {
    const value = this.value(name);
    if (!Number.isSafeInteger(value)) throw this.error(name, "a whole number", value);
    return value as number;
  }

  /** A number within bounds, both included. */
  within(name: string, least: number, most: number): number {
    const value = this.value(name);
    if (typeof value !== "number" || !(value >= least && value <= most)) {
      throw this.error(name, `a number from ${least} to ${most}`, value);
    }
    return value;
  }

  /** Binary data. */
  bytes(name: string): Uint8Array {
    const value = this.value(name);
    if (!(value instanceof Uint8Array)) throw this.error(name, "bytes", value);
    return value;
  }

  /** A string, number, boolean or null. */
  scalar(name: string): string | number | boolean | null {
    const value = this.value(name);
    if (typeof value === "object" && value !== null) {
      throw this.error(name, "a string, a number, true, false or null", value);
    }
    return value as string | number | boolean | null;
  }

  /** One of the given values. */
  oneOf<Value extends string | number>(name: string, allowed: readonly Value[]): Value {
    const value = this.value(name);
    const found = allowed.find((item) => item === value);
    if (found === undefined) {
      throw this.error(name, allowed.map((item) => JSON.stringify(item)).join(" or "), value);
    }
    return found;
  }

  /** An object. */
  object(name: string): Fields {
    return readObject(this.value(name), `${this.#path}${name}`);
  }

  /** A list of objects. */
  objects(name: string): readonly Fields[] {
    const value = this.value(name);
    if (!Array.isArray(value)) throw this.error(name, "a list", value);
    return value.map((item, at) => readObject(item, `${this.#path}${name}[${at}]`));
  }

  /** Throws when a field is left that was not taken. */
  end(): void {
    for (const name of Object.keys(this.#record)) {
      if (!this.#asked.has(name)) {
        throw new SyntaxError(`field ${this.#path}${name}: wanted no such field, got one`);
      }
    }
  }

  /** Makes the error for a field with an unsuitable value. */
  error(name: string, wanted: string, got: unknown): SyntaxError {
    return new SyntaxError(`field ${this.#path}${name}: wanted ${wanted}, got ${show(got)}`);
  }
}

/** The fields of a value that must be an object; `path` is the path of the value. */
export function readObject(value: unknown, path: string): Fields {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
  if (!isObject) {
    const where = path === "" ? "column 1" : `field ${path}`;
    throw new SyntaxError(`${where}: wanted an object, got ${show(value)}`);
  }
  return new Fields(value as Record<string, unknown>, path === "" ? "" : `${path}.`);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
