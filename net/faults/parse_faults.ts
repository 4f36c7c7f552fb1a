/**
 * Parses {@linkcode Faults} from a value that arrived over a control socket. Errors name the wrong
 * field, what was wanted and what was given; unknown names are refused, so that a misspelt fault
 * does not make a test pass.
 *
 * @module
 */

import type { Delay, Disturbance, Faults, Link } from "./faults.ts";
import { type Fields, readObject } from "./fields.ts";

type Parts = { -readonly [Name in keyof Faults]?: Faults[Name] };

/** Checks and returns the given fields. Throws a `SyntaxError` for a wrong one. */
export function parseFaults(value: unknown): Partial<Faults> {
  const fields = readObject(value, "faults");
  const faults: Parts = {};
  if (fields.has("blocked")) faults.blocked = fields.objects("blocked").map(link);
  if (fields.has("request")) faults.request = disturbance(fields.object("request"));
  if (fields.has("reply")) faults.reply = disturbance(fields.object("reply"));
  if (fields.has("links")) faults.links = fields.objects("links").map(disturbedLink);
  if (fields.has("bytesPerSecondMax")) {
    faults.bytesPerSecondMax = fields.isNull("bytesPerSecondMax")
      ? null
      : fields.within("bytesPerSecondMax", 1, Number.MAX_SAFE_INTEGER);
  }
  fields.end();
  return faults;
}

function link(fields: Fields): Link {
  const ends = { from: nodeId(fields, "from"), to: nodeId(fields, "to") };
  fields.end();
  return ends;
}

function disturbedLink(fields: Fields): Faults["links"][number] {
  const ends = { from: nodeId(fields, "from"), to: nodeId(fields, "to") };
  const disturbed = { ...ends, disturbance: disturbance(fields.object("disturbance")) };
  fields.end();
  return disturbed;
}

function nodeId(fields: Fields, name: string): number {
  const id = fields.integer(name);
  if (id < 1) throw fields.error(name, "a node's number, 1 or more", id);
  return id;
}

function disturbance(fields: Fields): Disturbance {
  const reorder = fields.object("reorder");
  const found = {
    drop: fields.within("drop", 0, 1),
    duplicate: fields.within("duplicate", 0, 1),
    delay: delay(fields.object("delay")),
    reorder: {
      probability: reorder.within("probability", 0, 1),
      delay: delay(reorder.object("delay")),
    },
  };
  reorder.end();
  fields.end();
  return found;
}

/** An hour is longer than any test. */
const MS_MAX = 3_600_000;

function delay(fields: Fields): Delay {
  const kind = fields.oneOf("kind", ["none", "uniform", "skewed", "longTail"]);
  const found = delayOfKind(kind, fields);
  fields.end();
  return found;
}

function delayOfKind(kind: Delay["kind"], fields: Fields): Delay {
  switch (kind) {
    case "none":
      return { kind };
    case "uniform":
    case "skewed": {
      const minMs = fields.within("minMs", 0, MS_MAX);
      return { kind, minMs, maxMs: fields.within("maxMs", minMs, MS_MAX) };
    }
    case "longTail": {
      const meanMs = fields.within("meanMs", 0, MS_MAX);
      return { kind, meanMs, maxMs: fields.within("maxMs", meanMs, MS_MAX) };
    }
  }
}
