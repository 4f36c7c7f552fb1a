/**
 * Kills real processes while they save on the real disk: acknowledged saves are kept, others are
 * kept whole or not at all, and no other process can use the folder. The number of kills is an
 * argument: `deno test -A tests/long/process_storage_test.ts -- 200`; by default 10.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { DenoFiles } from "../../raft/storage/deno_files.ts";
import { applySave, EMPTY } from "../../raft/core/model/save.ts";
import type { Persistent } from "../../raft/core/model/types.ts";
import { SeededRandom } from "../sim/seeded_random.ts";
import { permittedInSave } from "../sim/sim_home.ts";
import { digestOf, saveOfStep } from "../storage/storage_child.ts";

const CHILD = import.meta.resolve("../storage/storage_child.ts");
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));
const KILLS = Number(Deno.args[0] ?? 10);

/** The output of one child process. */
interface Life {
  readonly loaded: string;
  /** The number of saves that were acknowledged. */
  readonly saved: number;
}

/** Starts the child, kills it after the given number of saves, and reads its output. */
async function liveAndDie(
  folder: string,
  options: { readonly step: number; readonly saves: number; readonly living: () => Promise<void> },
): Promise<Life> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", CONFIG, CHILD, folder, String(options.step)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  let isKilled = false;
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (isKilled || text.split("\n").length < options.saves) continue;
    isKilled = true;
    await options.living();
    child.kill("SIGKILL");
  }
  await child.status;
  assert(isKilled, `the child ended by itself after: ${text}`);
  const [loaded, ...saved] = text.slice(0, text.lastIndexOf("\n")).split("\n");
  const steps = saved.map((_, i) => `saved ${options.step + i}`);
  assertEquals(saved, steps);
  return { loaded: loaded!.replace("loaded ", ""), saved: saved.length };
}

Deno.test("FileStorage keeps every acknowledged save when its process is killed", async () => {
  const random = new SeededRandom(42).next;
  const folder = await Deno.makeTempDir({ prefix: "kontiki-kill-" });
  const begin = performance.now();
  let state: Persistent = EMPTY;
  /** The states that the next start may load. */
  let permitted: readonly Persistent[] = [EMPTY];
  let step = 1;
  let acknowledged = 0;
  let unacknowledged = 0;
  for (let life = 0; life < KILLS; life++) {
    const { loaded, saved } = await liveAndDie(folder, {
      step,
      saves: 2 + Math.floor(random() * 60),
      living: async () => {
        if (life % 10 > 0) return;
        const other = new DenoFiles(folder);
        assertEquals(await other.lock(), false, "a second process got into the folder");
      },
    });
    const found = permitted.find((one) => digestOf(one) === loaded);
    assert(found !== undefined, `life ${life}: what was found is not permitted`);
    if (life > 0 && digestOf(found) !== digestOf(permitted[0]!)) unacknowledged++;
    state = found;
    for (let i = 0; i < saved; i++) state = applySave(state, saveOfStep(state, step + i));
    acknowledged += saved;
    step += saved;
    permitted = permittedInSave(state, saveOfStep(state, step));
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  console.log(
    `kill -9: ${KILLS} times, ${acknowledged} saves acknowledged and found, ` +
      `${unacknowledged} found that were not yet acknowledged, ${seconds} s`,
  );
  await Deno.remove(folder, { recursive: true });
});
