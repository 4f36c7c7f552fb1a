/**
 * Tests of editing, history, search, completion and drawing, without a terminal.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { KeyName } from "./keys.ts";
import { complete, type EditorState, insert, newEditor, press } from "./line_editor.ts";
import { render } from "./line_screen.ts";

/** Types words; those in angle brackets are keys. `|` marks the cursor in the result. */
function type(script: string, history: readonly string[] = []): EditorState {
  let state = newEditor(history);
  for (const part of script.match(/<\w+>|[^<]+/g) ?? []) {
    const key = part.startsWith("<")
      ? { kind: "key" as const, name: part.slice(1, -1) as KeyName }
      : { kind: "text" as const, text: part };
    state = press(state, key).state;
  }
  return state;
}

function shown({ text, cursor }: EditorState): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

Deno.test("editor moves and deletes as a shell does", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["put colour<left><left>X", "put coloX|ur"],
    ["put colour<home>X", "X|put colour"],
    ["put colour<home><end>X", "put colourX|"],
    ["put colour<wordLeft>X", "put X|colour"],
    ["put colour<home><wordRight>X", "putX| colour"],
    ["put colour<backspace><backspace>", "put colo|"],
    ["put colour<home><delete>", "|ut colour"],
    ["put colour<home><endOfInput>", "|ut colour"],
    ["put colour<deleteWordLeft>", "put |"],
    ["put colour <deleteWordLeft>", "put |"],
    ["put colour<wordLeft><deleteToEnd>", "put |"],
    ["put colour<wordLeft><deleteToStart>", "|colour"],
    ["put colour<deleteWordLeft><home><yank>", "colour|put "],
    ["put colour<home><deleteWordRight>", "| colour"],
    ["ab<transpose>", "ba|"],
    ["abc<left><transpose>", "acb|"],
    ["a<transpose>", "a|"],
  ];
  for (const [script, result] of cases) assertEquals(shown(type(script)), result, script);
});

Deno.test("editor never stops inside a character", () => {
  assertEquals(shown(type("a👨‍👩‍👧b<left><left>")), "a|👨‍👩‍👧b");
  assertEquals(shown(type("e\u0301x<left><backspace>")), "|x");
  assertEquals(shown(type("漢字<left><delete>")), "漢|");
});

Deno.test("editor steps through history and keeps the line in progress", () => {
  const history = ["get a", "get b"];
  assertEquals(shown(type("put<up>", history)), "get b|");
  assertEquals(shown(type("put<up><up><up>", history)), "get a|");
  assertEquals(shown(type("put<up><up><down><down>", history)), "put|");
});

Deno.test("editor searches history backwards repeatedly, and cancels on escape", () => {
  const history = ["put colour red", "get colour", "status"];
  assertEquals(shown(type("x<search>colour", history)), "get |colour");
  assertEquals(shown(type("x<search>colour<search>", history)), "put |colour red");
  assertEquals(shown(type("x<search>colour<search><end>", history)), "put colour red|");
  assertEquals(shown(type("x<search>colour<escape>", history)), "x|");
  assertEquals(type("<search>zzz", history).search?.query, "zzz");
});

Deno.test("editor clears the line on interrupt, and leaves an empty one at the second", () => {
  const typed = type("put");
  const cleared = press(typed, { kind: "key", name: "interrupt" });
  assertEquals([shown(cleared.state), cleared.action], ["|", "none"]);
  const interrupt = { kind: "key", name: "interrupt" } as const;
  const asked = press(cleared.state, interrupt);
  assertEquals([asked.action, asked.state.isLeaving], ["none", true]);
  assertEquals(press(asked.state, interrupt).action, "exit");
  const typedOn = press(asked.state, { kind: "text", text: "x" });
  assertEquals(typedOn.state.isLeaving, false);
  const emptied = press(typedOn.state, { kind: "key", name: "backspace" });
  assertEquals(press(emptied.state, interrupt).action, "none");
  assertEquals(press(cleared.state, { kind: "key", name: "endOfInput" }).action, "exit");
  assertEquals(press(typed, { kind: "key", name: "endOfInput" }).action, "none");
});

Deno.test("editor keeps a paste of several lines as text until Enter", () => {
  const paste = { kind: "paste" as const, text: "put a 1\r\nput\tb 2\x1b[2J\n" };
  const { state, action } = press(newEditor([]), paste);
  assertEquals([state.text, action], ["put a 1\nput b 2[2J", "none"]);
  assertEquals(press(state, { kind: "key", name: "enter" }).action, "submit");
  assertEquals(render(state, { prompt: "> ", columns: 20 }).rows, ["> put a 1", "put b 2[2J"]);
});

Deno.test("editor breaks rows at the width and keeps wide characters whole", () => {
  const screen = render(type("ab漢字cd"), { prompt: "> ", columns: 5 });
  assertEquals(screen.rows, ["> ab", "漢字c", "d"]);
  assertEquals([screen.cursorRow, screen.cursorColumn], [2, 1]);
  const full = render(type("abc"), { prompt: "> ", columns: 5 });
  assertEquals(full.rows, ["> abc", ""]);
  assertEquals([full.cursorRow, full.cursorColumn], [1, 0]);
  const middle = render(type("abcdef<left><left><left>"), { prompt: "> ", columns: 5 });
  assertEquals([middle.rows, middle.cursorRow, middle.cursorColumn], [["> abc", "def"], 1, 0]);
});

Deno.test("editor draws the hint only after the end of a line with room for it", () => {
  const options = { prompt: "> ", columns: 20, hint: " KEY VALUE" };
  assertEquals(render(type("put"), options).rows, ["> put KEY VALUE"]);
  assertEquals(render(type("put<left>"), options).rows, ["> put"]);
  assertEquals(render(type("put"), { ...options, columns: 10 }).rows, ["> put"]);
});

Deno.test("editor ignores the colours of a prompt when it counts columns", () => {
  const screen = render(type("a"), { prompt: "\x1b[32mok\x1b[39m> ", columns: 20 });
  assertEquals(screen.cursorColumn, 5);
  const narrow = render(type("a"), { prompt: "a very long prompt> ", columns: 10 });
  assertEquals(narrow.rows, ["", "> a"]);
});

Deno.test("completion inserts a single match or a common prefix, or lists the matches", () => {
  const at = (text: string): EditorState => insert(newEditor([]), text);
  const one = complete(at("pa"), { start: 0, candidates: ["partition"] });
  assertEquals([shown(one.state), one.list], ["partition |", []]);
  const shared = complete(at("get c"), { start: 4, candidates: ["colour", "colony"] });
  assertEquals([shown(shared.state), shared.list], ["get colo|", []]);
  const several = complete(at("get colo"), { start: 4, candidates: ["colour", "colony"] });
  assertEquals([shown(several.state), several.list], ["get colo|", ["colour", "colony"]]);
  const none = complete(at("zz"), { start: 0, candidates: [] });
  assert(shown(none.state) === "zz|");
});
