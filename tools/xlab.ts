import { ProcessArena } from "/work/wt/net/tests/harness/process_arena.ts";
import { runScenario, chooseScenarios, failureLines } from "/work/wt/net/tests/harness/lab_runner.ts";
import { labScenarios } from "/work/wt/net/tests/scenarios/all.ts";
let fails=0; let total=0; const t0=performance.now();
for (const s of chooseScenarios(labScenarios, Deno.args)) {
  const arena = new ProcessArena({ keep: Deno.env.get("KEEP")==="1" });
  const r = await runScenario(s, { arena, seed: 1, wallMs: () => performance.now(), print: console.log });
  if (r.failure) { fails++; for (const l of failureLines(r, "")) console.log(l); }
  console.log("      cpu", (arena.usage.cpuMs/1000).toFixed(2), "s, starts", arena.usage.starts, "wall", (r.wallMs/1000).toFixed(1)); total+=arena.usage.cpuMs;
}
console.log("FAILS", fails, "cpu", (total/1000).toFixed(1), "wall", ((performance.now()-t0)/1000).toFixed(1));
