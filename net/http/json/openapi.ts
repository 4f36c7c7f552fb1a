/**
 * The description of the JSON routes for programs (OpenAPI 3.1). A test holds it against the routes:
 * every one is described, and nothing else is.
 *
 * @module
 */

import { PROBLEMS, type Route } from "../mod.ts";

type Json = Readonly<Record<string, unknown>>;

const text = { type: "string" } as const;
const whole = { type: "integer", minimum: 0 } as const;
const yesNo = { type: "boolean" } as const;
const bytes = {
  description: "Text, or base64 where the bytes are not UTF-8.",
  oneOf: [text, { type: "object", required: ["base64"], properties: { base64: text } }],
};
const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

function query(name: string, schema: Json, description: string): Json {
  return { name, in: "query", schema, description };
}

const RANGE = [
  query("prefix", text, "All keys that begin so; instead of start and end."),
  query("start", text, "The first key. Bytes that are not UTF-8 are percent-encoded once more."),
  query("end", text, "The first key that is not in the range."),
];
const AT = query("at", whole, "The revision whose state is read; left out: the newest.");
const STALE = query("stale", text, "5s, 200ms: any node answers, with a state so old at most.");
const ageMs = { ...whole, description: "With `stale`: it was the newest state so long ago." };
const PAGE = [
  ...RANGE,
  query("limit", whole, "At most so many entries."),
  query("reverse", yesNo, "The last key first."),
  query("keysOnly", yesNo, "No values."),
  AT,
  STALE,
];
const KEY = {
  name: "key",
  in: "path",
  required: true,
  schema: text,
  description: "The key, percent-encoded where it must be; it may hold slashes.",
};
const LEASE = {
  ...{ name: "lease", in: "path", required: true, schema: whole },
  description: "The number of the lease.",
};
const header = (name: string, description: string): Json => ({
  ...{ name, in: "header", schema: text, description },
});

function answer(description: string, schema: Json): Json {
  return { description, content: { "application/json": { schema } } };
}

function operation(
  operationId: string,
  summary: string,
  more: Json & { readonly responses: Json },
): Json {
  const problem = {
    description: "A problem: 4xx and 503 were not done, 504 may have been done.",
    content: { "application/problem+json": { schema: reference("Problem") } },
  };
  return { operationId, summary, ...more, responses: { ...more.responses, default: problem } };
}

const raw = { "application/octet-stream": { schema: { type: "string", format: "binary" } } };
const written = { type: "object", properties: { version: whole, revision: whole } };

const PATHS: Json = {
  "/v1/keys/{key}": {
    get: operation("getKey", "Reads a key: its value, with the revision as ETag.", {
      parameters: [
        KEY,
        STALE,
        header("if-none-match", "304 if the key still has one of these revisions."),
        header("if-match", "412 if the key has none of these revisions."),
      ],
      responses: {
        200: {
          headers: { "kontiki-age-ms": { schema: ageMs }, etag: { schema: text } },
          description: "The value; an entry for `accept: application/json`.",
          content: { ...raw, "application/json": { schema: reference("Entry") } },
        },
        304: { description: "It still has that revision." },
      },
    }),
    put: operation("putKey", "Writes a key: the body is its value.", {
      parameters: [
        KEY,
        header("if-match", "Only if the key has this revision; `*`: if it exists."),
        header("if-none-match", "`*`: only if it does not exist."),
        query("ttl", whole, "The key goes after so many seconds."),
        query("lease", whole, "The key goes with this lease."),
      ],
      requestBody: { required: true, content: raw },
      responses: { 200: answer("Written, durably.", written) },
    }),
    delete: operation("deleteKey", "Removes a key.", {
      parameters: [KEY, header("if-match", "Only if the key has this revision.")],
      responses: {
        200: answer("It does not exist any more, durably.", {
          type: "object",
          properties: { existed: yesNo, revision: whole },
        }),
      },
    }),
  },
  "/v1/range": {
    get: operation("getRange", "Reads a page of a range, at one revision.", {
      parameters: PAGE,
      responses: {
        200: answer("Go on with `start` (or `end`) = next and `at` = revision.", {
          type: "object",
          properties: {
            revision: whole,
            entries: { type: "array", items: reference("Entry") },
            next: { oneOf: [bytes, { type: "null" }] },
            ageMs,
          },
        }),
      },
    }),
  },
  "/v1/lines": {
    get: operation("getLines", "Reads a whole range at one revision, a line for each entry.", {
      parameters: PAGE,
      responses: {
        200: {
          description: "The last line has `end`: true if this was all.",
          content: { "application/x-ndjson": { schema: reference("Entry") } },
        },
      },
    }),
  },
  "/v1/count": {
    get: operation("getCount", "Counts the keys of a range.", {
      parameters: [...RANGE, AT, STALE],
      responses: {
        200: answer("How many.", { type: "object", properties: { count: whole, ageMs } }),
      },
    }),
  },
  "/v1/batch": {
    post: operation("postBatch", "Checks and operations, done at one revision or not at all.", {
      requestBody: {
        required: true,
        content: { "application/json": { schema: reference("Batch") } },
      },
      responses: { 200: answer("`held` says whether the checks held.", reference("BatchResult")) },
    }),
  },
  "/v1/watch": {
    get: operation("watch", "Every change of keys or of a range, in order, each once.", {
      parameters: [
        query("key", { type: "array", items: text }, "Single keys, instead of a range."),
        ...RANGE,
        query("from", whole, "Begins after this revision; left out: now."),
        query("previous", yesNo, "With each change what the key was before."),
        query("keysOnly", yesNo, "No values."),
        query("progress", yesNo, "Also groups without changes: nothing is missing up to there."),
        header("last-event-id", "As `from`; a browser sends it after a lost connection."),
      ],
      responses: {
        200: {
          description: "A group for each revision; `accept: application/x-ndjson` for lines.",
          content: {
            "text/event-stream": { schema: reference("Group") },
            "application/x-ndjson": { schema: reference("Group") },
          },
        },
      },
    }),
  },
  "/v1/leases": {
    post: operation("grantLease", "Begins a lease with a number of its own.", {
      parameters: [query("ttl", whole, "It ends when it is not renewed for so many seconds.")],
      responses: {
        200: answer("Begun.", { type: "object", properties: { lease: whole, ttlMs: whole } }),
      },
    }),
    get: operation("listLeases", "Lists leases in the order of their numbers.", {
      parameters: [
        query("from", whole, "The first number."),
        query("limit", whole, "At most so many leases."),
      ],
      responses: {
        200: answer("Go on with `from` = next.", {
          type: "object",
          properties: {
            leases: { type: "array", items: reference("Lease") },
            next: { oneOf: [whole, { type: "null" }] },
          },
        }),
      },
    }),
  },
  "/v1/leases/{lease}/renew": {
    post: operation(
      "renewLease",
      "Gives a lease its whole time to live again; 404: it has ended.",
      {
        parameters: [LEASE],
        responses: { 200: answer("Renewed.", { type: "object", properties: { lease: whole } }) },
      },
    ),
  },
  "/v1/leases/{lease}": {
    delete: operation("endLease", "Ends a lease and removes its keys.", {
      parameters: [LEASE],
      responses: {
        200: answer("It has ended, durably.", {
          type: "object",
          properties: { existed: yesNo, deleted: whole },
        }),
      },
    }),
  },
  "/v1/openapi.json": {
    get: operation("getOpenApi", "This description.", {
      responses: { 200: answer("OpenAPI 3.1.", { type: "object" }) },
    }),
  },
};

const SCHEMAS: Json = {
  Entry: {
    type: "object",
    properties: {
      ...{ key: bytes, value: bytes, version: whole, created: whole, revision: whole },
      expiresAt: { ...whole, description: "Milliseconds since 1970." },
      lease: { ...whole, description: "The lease that it ends with." },
    },
  },
  Lease: { type: "object", properties: { lease: whole, ttlMs: whole, leftMs: whole } },
  Batch: {
    type: "object",
    description: "As `kontiki batch` takes it; docs/protocol.md lists checks and operations.",
    properties: {
      checks: { type: "array", items: { type: "object" } },
      then: { type: "array", items: { type: "object" } },
      otherwise: { type: "array", items: { type: "object" } },
      at: whole,
    },
  },
  BatchResult: {
    type: "object",
    properties: {
      held: yesNo,
      revision: whole,
      failedChecks: { type: "array", items: whole },
      results: { type: "array", items: { type: "object" } },
    },
  },
  Group: {
    type: "object",
    properties: {
      revision: whole,
      changes: { type: "array", items: { type: "object" } },
    },
  },
  Problem: {
    type: "object",
    properties: {
      type: { enum: Object.keys(PROBLEMS).map((kind) => `urn:kontiki:${kind}`) },
      title: text,
      status: whole,
      detail: text,
    },
  },
};

/** The description. */
export function openApi(): Json {
  return {
    openapi: "3.1.0",
    info: { title: "Kontiki", version: "1", license: { name: "MIT", identifier: "MIT" } },
    security: [{}, { token: [] }],
    paths: PATHS,
    components: {
      schemas: SCHEMAS,
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

/** `GET /v1/openapi.json`. */
export function openApiRoute(): Route {
  return {
    ...{ method: "GET", path: "/v1/openapi.json", access: "open" },
    handle: () => Response.json(openApi()),
  };
}
