/**
 * `deno task sim:walk [FIRST] [SEEDS]`: random walks over bare cores, with the reason for each that
 * fails and the totals at the end.
 *
 * @module
 */

import { walk } from "../tests/swarm/mod.ts";

const [first = Date.now() % 1_000_000, seeds = 1_000] = Deno.args.map(wholeNumber);
const totals = {
  first,
  seeds,
  failed: 0,
  committed: 0,
  readsConfirmed: 0,
  restored: 0,
  changed: 0,
};

for (let seed = first; seed < first + seeds; seed++) {
  try {
    const { committed, readsConfirmed, restored, changed } = walk(seed);
    totals.committed += committed;
    totals.readsConfirmed += readsConfirmed;
    totals.restored += restored;
    totals.changed += changed;
  } catch (error) {
    totals.failed++;
    const reason = error instanceof Error ? error.stack : error;
    console.log(`seed ${seed}: ${reason}\n  again: deno task sim:walk ${seed} 1`);
  }
}
console.log(JSON.stringify(totals));
Deno.exit(totals.failed > 0 ? 1 : 0);

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`Cannot walk: wanted a whole number, got ${text}`);
  Deno.exit(2);
}
