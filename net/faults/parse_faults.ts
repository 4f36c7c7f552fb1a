/**
 * Parses {@linkcode Faults} from a value that arrived over a control socket. Errors name the wrong
 * field, what was wanted and what was given; unknown names are refused, so that a misspelt fault
 * does not make a test pass.
 *
 * @module
 */

import type { Delay, Disturbance, Faults, Link } from "./faults.ts";

type Fields = Record<string, unknown>;

/** Checks and returns the given fields. Throws a `TypeError` or a `RangeError`. */
export function parseFaults(value: unknown): Partial<Faults> {
  const fields = record(value, { at: "faults", names: Object.keys(PARTS) });
  const faults: Fields = {};
  for (const name of Object.keys(fields)) {
    faults[name] = PARTS[name as keyof Faults](fields[name], name);
  }
  return faults as Partial<Faults>;
}

const PARTS: { readonly [Name in keyof Faults]: (value: unknown, at: string) => Faults[Name] } = {
  blocked: (value, at) => list(value, at).map((item, place) => link(item, `${at}[${place}]`)),
  request: disturbance,
  reply: disturbance,
  links: (value, at) =>
    list(value, at).map((item, place) => {
      const here = `${at}[${place}]`;
      const fields = record(item, { at: here, names: ["from", "to", "disturbance"] });
      return {
        from: nodeId(fields.from, `${here}.from`),
        to: nodeId(fields.to, `${here}.to`),
        disturbance: disturbance(fields.disturbance, `${here}.disturbance`),
      };
    }),
  bytesPerSecondMax: (value, at) =>
    value === null ? null : number(value, { at, least: 1, most: Number.MAX_SAFE_INTEGER }),
};

function link(value: unknown, at: string): Link {
  const fields = record(value, { at, names: ["from", "to"] });
  return { from: nodeId(fields.from, `${at}.from`), to: nodeId(fields.to, `${at}.to`) };
}

function nodeId(value: unknown, at: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
    throw refuse(at, { wanted: "a node's number, 1 or more", got: value });
  }
  return value;
}

function disturbance(value: unknown, at: string): Disturbance {
  const fields = record(value, { at, names: ["drop", "duplicate", "delay", "reorder"] });
  const here = `${at}.reorder`;
  const reorder = record(fields.reorder, { at: here, names: ["probability", "delay"] });
  return {
    drop: probability(fields.drop, `${at}.drop`),
    duplicate: probability(fields.duplicate, `${at}.duplicate`),
    delay: delay(fields.delay, `${at}.delay`),
    reorder: {
      probability: probability(reorder.probability, `${here}.probability`),
      delay: delay(reorder.delay, `${here}.delay`),
    },
  };
}

function delay(value: unknown, at: string): Delay {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : value;
  switch (kind) {
    case "none":
      record(value, { at, names: ["kind"] });
      return { kind };
    case "uniform":
    case "skewed": {
      const fields = record(value, { at, names: ["kind", "minMs", "maxMs"] });
      const minMs = milliseconds(fields.minMs, { at: `${at}.minMs`, least: 0 });
      return {
        kind,
        minMs,
        maxMs: milliseconds(fields.maxMs, { at: `${at}.maxMs`, least: minMs }),
      };
    }
    case "longTail": {
      const fields = record(value, { at, names: ["kind", "meanMs", "maxMs"] });
      const meanMs = milliseconds(fields.meanMs, { at: `${at}.meanMs`, least: 0 });
      return {
        kind,
        meanMs,
        maxMs: milliseconds(fields.maxMs, { at: `${at}.maxMs`, least: meanMs }),
      };
    }
    default:
      throw refuse(`${at}.kind`, { wanted: "none, uniform, skewed or longTail", got: kind });
  }
}

function probability(value: unknown, at: string): number {
  return number(value, { at, least: 0, most: 1 });
}

/** An hour is longer than any test. */
const MS_MAX = 3_600_000;

function milliseconds(value: unknown, { at, least }: { at: string; least: number }): number {
  return number(value, { at, least, most: MS_MAX });
}

function number(
  value: unknown,
  { at, least, most }: { readonly at: string; readonly least: number; readonly most: number },
): number {
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw refuse(at, { wanted: `a number from ${least} to ${most}`, got: value });
  }
  return value;
}

function list(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw refuse(at, { wanted: "a list", got: value });
  return value;
}

function record(
  value: unknown,
  { at, names }: { readonly at: string; readonly names: readonly string[] },
): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refuse(at, { wanted: `an object with ${names.join(", ")}`, got: value });
  }
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) {
      throw refuse(at, { wanted: `one of ${names.join(", ")}`, got: name });
    }
  }
  return value as Fields;
}

function refuse(at: string, { wanted, got }: { readonly wanted: string; readonly got: unknown }) {
  const message = `Cannot set faults: wanted ${at} to be ${wanted}, got ${JSON.stringify(got)}`;
  return typeof got === "number" ? new RangeError(message) : new TypeError(message);
}
