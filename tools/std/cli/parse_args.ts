/**
 * `parseArgs` as `@std/cli` has it: flags from a command line, typed by what the options name.
 * Left out: types of dotted names (their values work) and of aliases.
 *
 * @module
 */

/** What {@linkcode parseArgs} returns. */
export type Args<
  // deno-lint-ignore no-explicit-any
  Flags extends Record<string, unknown> = Record<string, any>,
  DoubleDash extends boolean | undefined = undefined,
> =
  & { [Key in keyof Flags]: Flags[Key] }
  & { _: Array<string | number> }
  & (DoubleDash extends true ? { "--": string[] } : unknown);

/** Options for {@linkcode parseArgs}. */
export interface ParseOptions<
  Booleans extends string | boolean | undefined = string | boolean | undefined,
  Strings extends string | undefined = string | undefined,
  Collected extends string | undefined = string | undefined,
  Negatable extends string | undefined = string | undefined,
  Defaults extends Record<string, unknown> | undefined = Record<string, unknown> | undefined,
  DoubleDash extends boolean | undefined = boolean | undefined,
> {
  /** Whether what follows `--` has its own list. */
  "--"?: DoubleDash;
  /** Other names of flags. */
  alias?: Record<string, string | readonly string[]>;
  /** Flags without a value; `true` for all of them. */
  boolean?: Booleans | readonly Extract<Booleans, string>[];
  /** Values of flags not given. */
  default?: Defaults;
  /** Whether the first argument that is no flag ends the flags. */
  stopEarly?: boolean;
  /** Flags whose value stays text. */
  string?: Strings | readonly Extract<Strings, string>[];
  /** Flags that may be given several times. */
  collect?: Collected | readonly Extract<Collected, string>[];
  /** Flags that `--no-` turns off. */
  negatable?: Negatable | readonly Extract<Negatable, string>[];
  /** Asked about every argument not named in the options; `false` leaves it out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Each name once, although an undefined list of names is every string. */
type Names<Name> = string extends Name ? never : Extract<Name, string>;

type StringFlags<Strings, Collected> =
  & { [Key in Exclude<Names<Strings>, Names<Collected>>]?: string }
  & { [Key in Extract<Names<Strings>, Names<Collected>>]: string[] };

type BooleanFlags<Booleans, Collected> =
  & { [Key in Exclude<Names<Booleans>, Names<Collected>>]: boolean }
  & { [Key in Extract<Names<Booleans>, Names<Collected>>]: boolean[] };

type CollectedFlags<Strings, Booleans, Collected> = {
  [Key in Exclude<Names<Collected>, Names<Strings> | Names<Booleans>>]: unknown[];
};

type WithDefaults<Flags, Defaults> = Defaults extends Record<string, unknown> ?
    & Omit<Flags, keyof Defaults>
    & {
      [Key in keyof Defaults]: Key extends keyof Flags ? Defaults[Key] | NonNullable<Flags[Key]>
        : unknown;
    }
  : Flags;

type Flags<Booleans, Strings, Collected, Defaults> = [
  Names<Booleans> | Names<Strings> | Names<Collected>,
] extends [never]
  // deno-lint-ignore no-explicit-any
  ? Record<string, any>
  :
    & Record<string, unknown>
    & WithDefaults<
      & StringFlags<Strings, Collected>
      & BooleanFlags<Booleans, Collected>
      & CollectedFlags<Strings, Booleans, Collected>,
      Defaults
    >;

/** The flags and the rest of a command line. */
export function parseArgs<
  DoubleDash extends boolean | undefined = undefined,
  Booleans extends string | boolean | undefined = undefined,
  Strings extends string | undefined = undefined,
  Collected extends string | undefined = undefined,
  Negatable extends string | undefined = undefined,
  Defaults extends Record<string, unknown> | undefined = undefined,
>(
  args: readonly string[],
  options: ParseOptions<Booleans, Strings, Collected, Negatable, Defaults, DoubleDash> = {},
): Args<Flags<Booleans, Strings, Collected, Defaults>, DoubleDash> {
  const parser = new Parser(options as ParseOptions);
  return parser.parse(args) as never;
}

type Value = string | number | boolean;
type Tree = { [key: string]: unknown };

class Parser {
  readonly #options: ParseOptions;
  readonly #aliases = new Map<string, Set<string>>();
  readonly #booleans: Set<string>;
  readonly #strings: Set<string>;
  readonly #collected: Set<string>;
  readonly #negatable: Set<string>;
  readonly #found: Tree & { _: Array<string | number> } = { _: [] };

  constructor(options: ParseOptions) {
    this.#options = options;
    for (const [name, value] of Object.entries(options.alias ?? {})) {
      const others = [value].flat() as string[];
      this.#aliases.set(name, new Set(others));
      for (const other of others) {
        this.#aliases.set(other, new Set([name, ...others.filter((it) => it !== other)]));
      }
    }
    this.#booleans = this.#names(options.boolean);
    this.#strings = this.#names(options.string);
    this.#collected = this.#names(options.collect);
    this.#negatable = this.#names(options.negatable);
  }

  parse(args: readonly string[]): Tree {
    const dashes = args.indexOf("--");
    const rest = dashes === -1 ? [] : args.slice(dashes + 1);
    this.#parseFlags(dashes === -1 ? args : args.slice(0, dashes));
    this.#addDefaults();
    if (this.#options["--"]) this.#found["--"] = rest;
    else this.#found._.push(...rest);
    return this.#found;
  }

  #names(option: boolean | string | readonly string[] | undefined): Set<string> {
    const names = typeof option === "boolean" ? [] : [option ?? []].flat().filter(Boolean);
    return new Set(names.flatMap((name) => [name, ...(this.#aliases.get(name) ?? [])]));
  }

  #parseFlags(args: readonly string[]): void {
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]!;
      if (arg.startsWith("--") && arg.length > 2) i += this.#long(arg, args[i + 1]);
      else if (arg.startsWith("-") && arg.length > 1) i += this.#short(arg, args[i + 1]);
      else {
        if (this.#options.unknown?.(arg) !== false) this.#found._.push(this.#word(arg));
        if (this.#options.stopEarly) {
          this.#found._.push(...args.slice(i + 1));
          return;
        }
      }
    }
  }

  #word(arg: string): string | number {
    return this.#strings.has("_") || !isNumber(arg) ? arg : Number(arg);
  }

  /** Handles `--flag`; returns how many of the following arguments it took. */
  #long(arg: string, next: string | undefined): number {
    const match = /^--(no-)?(.+?)(?:=(.*))?$/s.exec(arg);
    const isNegated = match?.[1] !== undefined;
    const name = match?.[2] ?? "";
    const value = match?.[3];
    if (value !== undefined) {
      this.#set(name, this.#booleans.has(name) ? value !== "false" : value, { arg });
      return 0;
    }
    if (isNegated && this.#negatable.has(name)) {
      this.#set(name, false, { arg, isSingle: true });
      return 0;
    }
    const key = isNegated ? `no-${name}` : name;
    if (next) {
      const wantsValue = !this.#isBoolean(key) && this.#options.boolean !== true;
      if (wantsValue && !next.startsWith("-")) {
        this.#set(key, next, { arg });
        return 1;
      }
      if (next === "true" || next === "false") {
        this.#set(key, next === "true", { arg });
        return 1;
      }
    }
    this.#set(key, this.#strings.has(key) ? "" : true, { arg });
    return 0;
  }

  /** Handles `-abc`; returns how many of the following arguments it took. */
  #short(arg: string, next: string | undefined): number {
    const letters = arg.slice(1, -1);
    for (let i = 0; i < letters.length; i++) {
      const letter = letters[i]!;
      const rest = arg.slice(i + 2);
      if (rest === "-") {
        this.#set(letter, rest, { arg });
        continue;
      }
      const attached = this.#attachedValue(letter, rest, letters[i + 1]);
      if (attached !== null) {
        this.#set(letter, attached, { arg });
        return 0;
      }
      this.#set(letter, this.#strings.has(letter) ? "" : true, { arg });
    }
    const key = arg.slice(-1);
    if (key === "-") return 0;
    if (next && !/^(-|--)[^-]/.test(next) && !this.#isBoolean(key)) {
      this.#set(key, next, { arg });
      return 1;
    }
    if (next === "true" || next === "false") {
      this.#set(key, next === "true", { arg });
      return 1;
    }
    this.#set(key, this.#strings.has(key) ? "" : true, { arg });
    return 0;
  }

  /** The value in `-n5`, `-n=5` or `-n./file`. */
  #attachedValue(letter: string, rest: string, following: string | undefined): string | null {
    if (rest === "=") return "";
    if (/[A-Za-z]/.test(letter)) {
      const value = /=(.+)/.exec(rest)?.[1];
      if (value !== undefined) return value;
      if (/-?\d+(\.\d*)?(e-?\d+)?$/.test(rest)) return rest;
    }
    return following !== undefined && /\W/.test(following) ? rest : null;
  }

  #isBoolean(name: string): boolean {
    return this.#booleans.has(name) ||
      [...(this.#aliases.get(name) ?? [])].some((other) => this.#booleans.has(other));
  }

  #set(name: string, value: Value, from: { arg: string; isSingle?: boolean }): void {
    const isKnown = this.#booleans.has(name) || this.#strings.has(name) ||
      this.#aliases.has(name) || this.#collected.has(name) ||
      (this.#options.boolean === true && /^--[^=]+$/.test(from.arg));
    if (!isKnown && this.#options.unknown?.(from.arg, name, value) === false) return;
    const isText = typeof value !== "string" || this.#strings.has(name) || !isNumber(value);
    const typed = isText ? value : Number(value);
    const isCollected = !from.isSingle && this.#collected.has(name);
    for (const key of [name, ...(this.#aliases.get(name) ?? [])]) {
      put(this.#found, key.split("."), { value: typed, isCollected });
    }
  }

  #addDefaults(): void {
    for (const [name, value] of Object.entries(this.#options.default ?? {})) {
      if (has(this.#found, name.split("."))) continue;
      for (const key of [name, ...(this.#aliases.get(name) ?? [])]) {
        put(this.#found, key.split("."), { value, isCollected: false });
      }
    }
    for (const name of [...this.#booleans, ...this.#strings]) {
      if (has(this.#found, name.split("."))) continue;
      const isCollected = this.#collected.has(name);
      if (!isCollected && !this.#booleans.has(name)) continue;
      put(this.#found, name.split("."), { value: isCollected ? [] : false, isCollected: false });
    }
  }
}

function isNumber(text: string): boolean {
  return /\S/.test(text) && Number.isFinite(Number(text));
}

function put(
  tree: Tree,
  path: readonly string[],
  what: { value: unknown; isCollected: boolean },
): void {
  let at = tree;
  for (const [depth, key] of path.entries()) {
    if (key === "__proto__" || (key === "constructor" && typeof at[key] === "function")) return;
    if (depth < path.length - 1) {
      at = (at[key] ??= {}) as Tree;
      continue;
    }
    const old = at[key];
    if (!what.isCollected) at[key] = what.value;
    else if (Array.isArray(old)) old.push(what.value);
    else at[key] = old ? [old, what.value] : [what.value];
  }
}

function has(tree: Tree, path: readonly string[]): boolean {
  let at: unknown = tree;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Tree)[key];
  }
  return true;
}
