/**
 * The shell in a real terminal, on a real cluster: editing, history, completion, paste, resize,
 * Ctrl-C, Ctrl-D, the loss of a leader.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { selfCommand } from "../../cli/table/self_command.ts";
import { hasTmux, Terminal } from "../helpers/tmux.ts";
import { withFolder } from "../helpers/with_folder.ts";

/** Runs the shell of `kontiki up` in a terminal, with a history of its own. */
async function openShell(folder: string): Promise<Terminal> {
  const terminal = await Terminal.open({
    command: [...selfCommand(), "up", "--data", `${folder}/data`],
    env: { KONTIKI_HISTORY: `${folder}/history`, PS1: "$ " },
    columns: 90,
    rows: 40,
    folder,
  });
  try {
    await terminal.see("leads, term", 20_000);
    return terminal;
  } catch (error) {
    await terminal.close();
    throw error;
  }
}

async function withShell(
  work: (terminal: Terminal, folder: string) => Promise<void>,
): Promise<void> {
  if (!await hasTmux()) {
    console.log("skipped: the program tmux, a terminal for tests, is not on this machine");
    return;
  }
  // The nodes notice the end of their parent and stop, perhaps only after the test's work.
  await withFolder(async (folder) => {
    const terminal = await openShell(folder);
    try {
      await work(terminal, folder);
    } finally {
      await terminal.close();
    }
  });
}

Deno.test("shell edits lines, completes words and remembers what was typed", async () => {
  await withShell(async (terminal) => {
    await terminal.type("put colour blue");
    await terminal.press("Enter");
    await terminal.see("ok  (version 1");

    await terminal.press("Up");
    await terminal.seeLine("put colour blue");
    await terminal.press("C-w");
    await terminal.type("red");
    await terminal.press("C-a", "Right", "Right", "Right", "C-k", "C-y", "Enter");
    await terminal.see("ok  (version 2");

    await terminal.type("get co");
    await terminal.press("Tab");
    await terminal.seeLine("get colour");
    await terminal.press("Enter");
    await terminal.see("red  (version 2");

    await terminal.type("par");
    await terminal.press("Tab");
    await terminal.see("> partition ");
    await terminal.press("C-u");
    await terminal.type("pu");
    await terminal.see("> pu");
    await terminal.press("C-c");
    await terminal.seeLine("");

    await terminal.press("C-r");
    await terminal.type("blue");
    await terminal.see('search "blue": put colour blue');
    await terminal.press("Escape");
    await terminal.seeLine("");

    await terminal.type("put 名前 漢字");
    await terminal.press("Left", "BSpace");
    await terminal.type("活");
    await terminal.press("Enter");
    await terminal.see("ok  (version 1");
    await terminal.type("get 名前");
    await terminal.press("Enter");
    await terminal.see("活字  (version 1");

    await terminal.type("putt x y");
    await terminal.press("Enter");
    await terminal.see('did you mean "put"?');
  });
});

Deno.test("shell runs a paste of several lines only after Enter", async () => {
  await withShell(async (terminal) => {
    await terminal.paste("put a one\nput b two\nget a\n");
    await terminal.see("put b two");
    const before = await terminal.screen();
    assert(!before.some((line) => line.startsWith("ok")), before.join("\n"));
    await terminal.press("Enter");
    await terminal.see("one  (version 1");
    await terminal.type("get b");
    await terminal.press("Enter");
    await terminal.see("two  (version 1");
  });
});

Deno.test("shell draws a long line again when the terminal is resized", async () => {
  await withShell(async (terminal) => {
    const value = "abcdefghij".repeat(9);
    await terminal.type(`put long ${value}`);
    await terminal.resize(50, 40);
    await terminal.type("END");
    await terminal.until("the whole line, once", (lines) => {
      const text = lines.join("");
      return text.includes(`put long ${value}END`) && text.split("put long").length === 2;
    });
    await terminal.resize(100, 40);
    await terminal.press("Home", "Delete");
    await terminal.until("the line without its first letter, once", (lines) => {
      const text = lines.join("");
      return text.includes(`> ut long ${value}END`) && text.split("ut long").length === 2;
    });
    await terminal.press("C-c");
    await terminal.seeLine("");
  });
});

Deno.test("shell shows a lost leader, goes on, and finds its data the next time", async () => {
  await withShell(async (terminal, folder) => {
    await terminal.type("put colour blue");
    await terminal.press("Enter");
    await terminal.see("ok  (version 1");
    // The prompt may change a moment after the answer.
    const ledBy = (lines: readonly string[]): RegExpExecArray | null =>
      /\((n\d) leads, term (\d+)\)/.exec(lines.at(-1)!);
    await terminal.until("a prompt", (lines) => ledBy(lines) !== null);
    const leader = ledBy(await terminal.screen())!;
    await terminal.type(`kill ${leader[1]}`);
    await terminal.press("Enter");
    await terminal.until("another leader in a later term", (lines) => {
      const now = ledBy(lines);
      return now !== null && now[1] !== leader[1] && Number(now[2]) > Number(leader[2]);
    });
    await terminal.type("get colour");
    await terminal.press("Enter");
    await terminal.see("blue  (version 1");

    await terminal.press("C-d");
    await terminal.see("All nodes stopped. The data is in");
    await terminal.close();
    const again = await openShell(folder);
    try {
      await again.press("Up");
      await again.seeLine("get colour");
      await again.press("Enter");
      await again.see("blue  (version 1");
      await again.seeLine("");
      await again.press("C-c");
      await again.see("Ctrl-C once more leaves");
      await again.press("C-c");
      await again.see("All nodes stopped. The data is in");
    } finally {
      await again.close();
    }
  });
});

Deno.test("shell lets Ctrl-C end a command that waits, and watches the cluster", async () => {
  await withShell(async (terminal) => {
    await terminal.type("partition n1 | n2 | n3");
    await terminal.press("Enter");
    await terminal.see("(no leader) [n1 | n2 | n3]>");
    await terminal.type("get colour --timeout 60s");
    await terminal.press("Enter");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await terminal.press("C-c");
    await terminal.see("Interrupted.");
    await terminal.type("heal");
    await terminal.press("Enter");
    await terminal.until("a leader", (lines) => / leads, term \d+\)> *$/.test(lines.at(-1)!));
    await terminal.type("status --watch --interval 100ms");
    await terminal.press("Enter");
    await terminal.until(
      "a table alone",
      (lines) => lines[0]!.startsWith("node") && lines.length === 4,
    );
    await terminal.press("C-c");
    await terminal.seeLine("");
  });
});

Deno.test("shell leaves at the second Ctrl-C on an empty line, not at a stray one", async () => {
  await withShell(async (terminal) => {
    await terminal.press("C-c");
    await terminal.see("Ctrl-C once more leaves");
    await terminal.type("put a 1");
    await terminal.press("Enter");
    await terminal.see("ok  (version 1");
    await terminal.press("C-c");
    await terminal.see("Ctrl-C once more leaves");
    await terminal.press("C-c");
    await terminal.see("All nodes stopped. The data is in");
  });
});

Deno.test("keystrokes and a watched status leave no trail in the terminal's history", async () => {
  await withShell(async (terminal) => {
    await terminal.press("C-l");
    await terminal.seeLine("");
    const before = await terminal.history();
    await terminal.type("get nothing at all");
    await terminal.press("Home", "Delete", "Right", "Left", "End", "BSpace", "BSpace");
    await terminal.seeLine("et nothing at a");
    assertEquals(await terminal.history(), before);
    await terminal.press("C-u");
    await terminal.seeLine("");
    await terminal.type("status --watch --interval 50ms");
    await terminal.press("Enter");
    await terminal.until("a table alone", (lines) => lines[0]!.startsWith("node"));
    await new Promise((resolve) => setTimeout(resolve, 500));
    await terminal.press("C-c");
    await terminal.seeLine("");
    const screen = await terminal.screen();
    assert(screen[0]!.endsWith("status --watch --interval 50ms"), screen.join("\n"));
    assertEquals([screen.length, await terminal.history()], [2, before]);
  });
});

Deno.test("long faults break neither the row of the prompt nor the rows of status", async () => {
  await withShell(async (terminal) => {
    await terminal.type("faults --drop 0.01 --duplicate 0.1 --reorder 0.1 --delay 20ms");
    await terminal.press("Enter");
    await terminal.until("a prompt with faults", (lines) => /\[.*…\]> *$/.test(lines.at(-1)!));
    await terminal.type("put colour blue");
    await terminal.until(
      "prompt and line on one row",
      (lines) => /^kontiki \(.*\) \[.*…\]> put colour blue/.test(lines.at(-1)!),
    );
    await terminal.press("C-u");
    await terminal.resize(110, 40);
    await terminal.press("C-l");
    await terminal.type("status");
    await terminal.press("Enter");
    await terminal.until("a table of four rows", (lines) => {
      const at = lines.findIndex((line) => line.startsWith("node "));
      const rows = lines.slice(at + 1, at + 4);
      return at >= 0 && lines.length === at + 5 && rows.every((row) => /^n\d .*…$/.test(row));
    });
  });
});

Deno.test("shell cuts off and kills whichever node leads", async () => {
  await withShell(async (terminal) => {
    await terminal.type("partition leader | rest");
    await terminal.press("Enter");
    await terminal.until(
      "a split network",
      (lines) => /\[n\d.* \| n\d.*\]> *$/.test(lines.at(-1)!),
    );
    await terminal.type("heal");
    await terminal.press("Enter");
    await terminal.until("a leader", (lines) => / leads, term \d+\)> *$/.test(lines.at(-1)!));
    await terminal.type("kill leader");
    await terminal.press("Enter");
    await terminal.until(
      "a killed node",
      (lines) => lines.some((line) => /^n\d killed$/.test(line)),
    );
    await terminal.type("partition |");
    await terminal.press("Enter");
    await terminal.see("wanted two groups or more");
  });
});
