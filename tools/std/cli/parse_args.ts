/**
 * The part of `parseArgs` of `@std/cli` that this project uses: flags declared as strings or
 * booleans, defaults, aliases, `--`, and a callback for unknown arguments.
 *
 * @module
 */

/** What {@linkcode parseArgs} returns. */
export type Args<Flags, DoubleDash> =
  & Flags
  & { _: Array<string | number> }
  & (DoubleDash extends true ? { "--": string[] } : unknown);

/** Options for {@linkcode parseArgs}. */
export interface ParseOptions<
  Booleans extends string = string,
  Strings extends string = string,
  DoubleDash extends boolean | undefined = boolean | undefined,
> {
  /** Whether arguments after `--` have their own list. */
  "--"?: DoubleDash;
  /** Other names of flags. */
  alias?: Record<string, string | readonly string[]>;
  /** Flags without a value. */
  boolean?: readonly Booleans[];
  /** Values of flags that are not given. */
  default?: Record<string, unknown>;
  /** Flags whose value stays text. */
  string?: readonly Strings[];
  /** Called for every argument that is not declared; `false` leaves it out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

type Flags<Booleans extends string, Strings extends string> =
  & Record<string, unknown>
  & (string extends Booleans ? unknown : { [Key in Booleans]: boolean })
  & (string extends Strings ? unknown : { [Key in Strings]?: string });

/** The flags and the rest of a command line. */
export function parseArgs<
  DoubleDash extends boolean | undefined = undefined,
  Booleans extends string = string,
  Strings extends string = string,
>(
  args: readonly string[],
  options: ParseOptions<Booleans, Strings, DoubleDash> = {},
): Args<Flags<Booleans, Strings>, DoubleDash> {
  return new Parser(options).parse(args) as Args<Flags<Booleans, Strings>, DoubleDash>;
}

class Parser {
  readonly #options: ParseOptions;
  readonly #aliases = new Map<string, readonly string[]>();
  readonly #booleans: ReadonlySet<string>;
  readonly #strings: ReadonlySet<string>;
  readonly #found: Record<string, unknown> & { _: Array<string | number> } = { _: [] };

  constructor(options: ParseOptions) {
    this.#options = options;
    for (const [name, others] of Object.entries(options.alias ?? {})) {
      const all = [name, ...[others].flat()];
      for (const one of all) this.#aliases.set(one, all);
    }
    this.#booleans = new Set((options.boolean ?? []).flatMap((name) => this.#allOf(name)));
    this.#strings = new Set((options.string ?? []).flatMap((name) => this.#allOf(name)));
  }

  parse(args: readonly string[]): unknown {
    const dashes = args.indexOf("--");
    const rest = dashes === -1 ? [] : args.slice(dashes + 1);
    this.#parseFlags(dashes === -1 ? args : args.slice(0, dashes));
    const off = [...this.#booleans].map((name) => [name, false] as const);
    for (const [name, value] of [...Object.entries(this.#options.default ?? {}), ...off]) {
      if (!Object.hasOwn(this.#found, name)) this.#put(name, value);
    }
    if (this.#options["--"]) this.#found["--"] = rest;
    else this.#found._.push(...rest);
    return this.#found;
  }

  /** The names of a flag, its aliases included. */
  #allOf(name: string): readonly string[] {
    return this.#aliases.get(name) ?? [name];
  }

  #parseFlags(args: readonly string[]): void {
    for (let at = 0; at < args.length; at++) {
      const arg = args[at]!;
      if (arg.startsWith("--") && arg.length > 2) at += this.#long(arg, args[at + 1]);
      else if (arg.startsWith("-") && arg.length > 1) at += this.#short(arg, args[at + 1]);
      else if (this.#options.unknown?.(arg) !== false) {
        this.#found._.push(this.#strings.has("_") || !isNumber(arg) ? arg : Number(arg));
      }
    }
  }

  /** Handles `--flag`; returns how many of the following arguments it took. */
  #long(arg: string, next: string | undefined): number {
    const [, name = "", value] = /^--(.+?)(?:=(.*))?$/s.exec(arg) ?? [];
    const isValue = next !== undefined && !next.startsWith("-");
    if (value === undefined) return this.#separate(name, { next, isValue, arg });
    this.#set(name, this.#booleans.has(name) ? value !== "false" : value, arg);
    return 0;
  }

  /** Handles `-abc`; returns how many of the following arguments it took. */
  #short(arg: string, next: string | undefined): number {
    for (let at = 1; at < arg.length - 1; at++) {
      const letter = arg[at]!;
      const rest = arg.slice(at + 1);
      const attached = attachedValue(letter, rest);
      this.#set(letter, attached ?? (this.#strings.has(letter) ? "" : true), arg);
      if (attached !== null) return 0;
    }
    const isValue = next !== undefined && !/^--?[^-]/.test(next);
    return this.#separate(arg.slice(-1), { next, isValue, arg });
  }

  /** Sets a flag whose value may be the next argument; returns how many it took. */
  #separate(
    name: string,
    { next, isValue, arg }: {
      readonly next: string | undefined;
      readonly isValue: boolean;
      readonly arg: string;
    },
  ): number {
    const isBoolean = this.#booleans.has(name);
    if (next && (isBoolean ? next === "true" || next === "false" : isValue)) {
      this.#set(name, isBoolean ? next === "true" : next, arg);
      return 1;
    }
    this.#set(name, this.#strings.has(name) ? "" : true, arg);
    return 0;
  }

  #set(name: string, value: string | boolean, arg: string): void {
    const isKnown = this.#booleans.has(name) || this.#strings.has(name) || this.#aliases.has(name);
    if (!isKnown && this.#options.unknown?.(arg, name, value) === false) return;
    const isText = typeof value !== "string" || this.#strings.has(name) || !isNumber(value);
    this.#put(name, isText ? value : Number(value));
  }

  #put(name: string, value: unknown): void {
    for (const one of this.#allOf(name)) this.#found[one] = value;
  }
}

/** The value in `-n5`, `-n=5` or `-n./file`; `null` if there is none. */
function attachedValue(letter: string, rest: string): string | null {
  if (/[A-Za-z]/.test(letter)) {
    const value = /=(.+)/.exec(rest)?.[1];
    if (value !== undefined) return value;
    if (/-?\d+(\.\d*)?(e-?\d+)?$/.test(rest)) return rest;
  }
  return /^\W/.test(rest) ? rest : null;
}

function isNumber(text: string): boolean {
  return /\S/.test(text) && Number.isFinite(Number(text));
}
