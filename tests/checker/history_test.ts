/**
 * Tests of the text format of histories: round trips and errors.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { formatHistory, parseHistory } from "./history.ts";
import { jsonErrorOffset } from "./json_error.ts";
import { SeededRandom } from "../sim/seeded_random.ts";

const HEADER = `{"history":1,"model":"kv"}`;
const GET =
  `{"client":0,"call":1,"return":2,"input":{"op":"get","key":"k"},"output":{"error":"OK","value":"a","version":1}}`;

Deno.test("parseHistory reverses formatHistory", () => {
  const text = formatHistory({
    model: "register",
    title: "a title",
    expect: "illegal",
    annotations: [{ kind: "crash", start: 1, end: null, text: "n1" }],
    operations: [
      {
        client: -1,
        call: 0,
        return: 1.5,
        input: { op: "write", key: "x", value: null },
        output: { op: "write" },
      },
      {
        client: 2,
        call: 0,
        return: null,
        input: { op: "cas", key: "x", from: 1, to: "é" },
        output: null,
      },
      {
        client: 2,
        call: 3,
        return: 4,
        input: { op: "read", key: "x" },
        output: { op: "read", value: true },
      },
    ],
  });
  const { model, ...rest } = parseHistory(text);
  assertEquals(formatHistory({ model: model.model.name, ...rest }), text);
});

Deno.test("parseHistory skips comments and empty lines", () => {
  const file = parseHistory(`# why\n\n${HEADER}\r\n  # indented\n${GET}\n`);
  assertEquals(file.operations.length, 1);
  assertEquals(file.operations[0]!.output, { op: "get", error: "OK", value: "a", version: 1 });
});

Deno.test("parseHistory names line and column or field in its errors", () => {
  const cases: [string, string][] = [
    ["", `wanted a first line with "history": 1, got none`],
    ["{", `line 1, column 2: wanted JSON, got the end`],
    [`{"history":2}`, "line 1, field history: wanted 1, got 2"],
    [`{"history":1}`, "line 1, field model: wanted a value, got none"],
    [
      `{"history":1,"model":"zk"}`,
      `line 1, field model: wanted "kv" or "kv-lab" or "register" or "store", got "zk"`,
    ],
    [`# c\n${HEADER}\n[1]`, "line 3, column 1: wanted an object, got [1]"],
    [`${HEADER}\n${GET.replace("0,", "0;")}`, `line 2, column 12: wanted JSON, got ";"`],
    [
      `${HEADER}\n${GET.replace("0,", '"a",')}`,
      `line 2, field client: wanted a whole number, got "a"`,
    ],
    [`${HEADER}\n${GET.replace('"k"', "7")}`, "line 2, field input.key: wanted a string, got 7"],
    [
      `${HEADER}\n${GET.replace("OK", "Ok")}`,
      `line 2, field output.error: wanted "OK" or "ErrNoKey", got "Ok"`,
    ],
    [
      `${HEADER}\n${GET.replace('"version":1', '"version":-1')}`,
      "field output.version: wanted a whole number from 0 on, got -1",
    ],
    [
      `${HEADER}\n${GET.replace('"return":2', '"return":0')}`,
      "line 2, field return: wanted at least call (1), got 0",
    ],
    [
      `${HEADER}\n${GET.replace('"return":2', '"return":null')}`,
      "field output: wanted null, for there is no return",
    ],
    [
      `${HEADER}\n${GET.replace('"key"', '"keys"')}`,
      "line 2, field input.key: wanted a value, got none",
    ],
    [
      `${HEADER}\n${GET.replace('"key"', '"x":1,"key"')}`,
      "line 2, field input.x: wanted no such field, got one",
    ],
    [
      `${HEADER}\n{"annotation":"flood","start":1,"end":2,"text":""}`,
      "line 2, field annotation: wanted",
    ],
    [
      `${HEADER}\n{"annotation":"crash","start":3,"end":2,"text":""}`,
      "line 2, field end: wanted at least start (3), got 2",
    ],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => parseHistory(text), SyntaxError, message, text);
  }
});

Deno.test("jsonErrorOffset returns an offset exactly when JSON.parse throws", () => {
  const random = new SeededRandom(1);
  const valid = `{"a":[1,-2.5e3,true,null,"x\\n\\u00e9"],"b":{},"c":[] }`;
  let wrong = 0;
  for (let round = 0; round < 3000; round++) {
    const at = random.below(valid.length);
    const cut = random.below(2);
    const text = valid.slice(0, at) + random.pick(["", "x", ",", '"', "\\", "1", "}", "\n"]) +
      valid.slice(at + cut);
    let isValid = true;
    try {
      JSON.parse(text);
    } catch {
      isValid = false;
      wrong++;
    }
    assertEquals(jsonErrorOffset(text) === null, isValid, text);
  }
  assertEquals(wrong > 1000, true);
});

Deno.test("jsonErrorOffset points at the first character that makes the text invalid", () => {
  assertEquals(jsonErrorOffset(""), 0);
  assertEquals(jsonErrorOffset("{}x"), 2);
  assertEquals(jsonErrorOffset('{"a" 1}'), 5);
  assertEquals(jsonErrorOffset('["a\tb"]'), 3);
  assertEquals(jsonErrorOffset("[1,]"), 3);
});
