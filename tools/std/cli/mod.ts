/**
 * Stand-in for the part of `@std/cli` that we use: `parseArgs` with declared strings and booleans,
 * and `unicodeWidth`.
 *
 * @module
 */

/** The options of {@linkcode parseArgs} that the stand-in knows. */
export interface ParseOptions {
  string?: readonly string[];
  boolean?: readonly string[];
  alias?: Record<string, string>;
  default?: Record<string, unknown>;
  stopEarly?: boolean;
  "--"?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What {@linkcode parseArgs} returns. */
export interface Args {
  [name: string]: unknown;
  _: (string | number)[];
  "--"?: string[];
}

const flagPattern = /^(?:--(?<long>.+?)|-(?<short>[^-].*?))(?:=(?<value>.+))?$/s;

/** Splits a command line into flags and the rest, as `@std/cli` does for declared flags. */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const strings = new Set(options.string ?? []);
  const booleans = new Set(options.boolean ?? []);
  const alias = options.alias ?? {};
  const result: Args = { _: [] };
  for (const name of booleans) result[name] = options.default?.[name] ?? false;
  if (options.default !== undefined) Object.assign(result, options.default);
  if (options["--"]) result["--"] = [];

  const positional = (arg: string): void => {
    if (options.unknown?.(arg) === false) return;
    const isNumber = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(e[-+]?\d+)?$/.test(arg);
    result._.push(strings.has("_") || !isNumber ? arg : Number(arg));
  };

  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at]!;
    if (arg === "--") {
      if (options["--"]) result["--"]!.push(...args.slice(at + 1));
      else args.slice(at + 1).forEach((rest) => result._.push(rest));
      break;
    }
    const groups = arg.length > 1 ? flagPattern.exec(arg)?.groups : undefined;
    if (groups === undefined) {
      if (options.stopEarly) {
        args.slice(at).forEach(positional);
        break;
      }
      positional(arg);
      continue;
    }
    const given = groups.long ?? groups.short!;
    const key = Object.entries(alias).find(([, short]) => short === given)?.[0] ?? given;
    const next = args[at + 1];
    if (strings.has(key)) {
      if (groups.value !== undefined) result[key] = groups.value;
      else if (next !== undefined && !next.startsWith("-")) {
        result[key] = next;
        at += 1;
      } else result[key] = "";
    } else if (booleans.has(key)) {
      if (groups.value !== undefined) result[key] = groups.value !== "false";
      else if (next === "true" || next === "false") {
        result[key] = next !== "false";
        at += 1;
      } else result[key] = true;
    } else if (options.unknown?.(arg, key, groups.value ?? true) !== false) {
      result[key] = groups.value ?? true;
    }
  }
  return result;
}

const zeroWidth: readonly (readonly [number, number])[] = [
  [0x0, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x300, 0x36f],
  [0x483, 0x489],
  [0x591, 0x5bd],
  [0x610, 0x61a],
  [0x64b, 0x65f],
  [0x900, 0x902],
  [0xe31, 0xe31],
  [0xe34, 0xe3a],
  [0xe47, 0xe4e],
  [0x1160, 0x11ff],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x20d0, 0x20ff],
  [0xfe00, 0xfe0f],
  [0xfe20, 0xfe2f],
  [0xfeff, 0xfeff],
  [0xe0000, 0xe0fff],
];

const doubleWidth: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x26a1, 0x26a1],
  [0x26bd, 0x26be],
  [0x2705, 0x2705],
  [0x270a, 0x270b],
  [0x2728, 0x2728],
  [0x274c, 0x274c],
  [0x2753, 0x2755],
  [0x2795, 0x2797],
  [0x2b1b, 0x2b1c],
  [0x2b50, 0x2b50],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f004, 0x1f004],
  [0x1f0cf, 0x1f0cf],
  [0x1f18e, 0x1f18e],
  [0x1f191, 0x1f19a],
  [0x1f200, 0x1f320],
  [0x1f32d, 0x1f335],
  [0x1f337, 0x1f37c],
  [0x1f37e, 0x1f393],
  [0x1f3a0, 0x1f3ca],
  [0x1f3e0, 0x1f3f0],
  [0x1f3f8, 0x1f43e],
  [0x1f440, 0x1f440],
  [0x1f442, 0x1f4fc],
  [0x1f4ff, 0x1f53d],
  [0x1f550, 0x1f567],
  [0x1f5fb, 0x1f64f],
  [0x1f680, 0x1f6c5],
  [0x1f6eb, 0x1f6ec],
  [0x1f6f4, 0x1f6fc],
  [0x1f7e0, 0x1f7eb],
  [0x1f90c, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

function within(table: readonly (readonly [number, number])[], code: number): boolean {
  return table.some(([first, last]) => first <= code && code <= last);
}

/** How many columns of a terminal a text takes. */
export function unicodeWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x20 || within(zeroWidth, code)) continue;
    width += code >= 0x1100 && within(doubleWidth, code) ? 2 : 1;
  }
  return width;
}
