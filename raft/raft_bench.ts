/**
 * What the core costs for each entry: three cores pass their messages by hand, without disk, wire
 * or clock. The baseline keeps the same commands in three arrays, which is the least that three
 * copies can cost.
 *
 * @module
 */

import { EMPTY } from "./core/model/save.ts";
import { Raft } from "./core/raft.ts";
import type { Envelope } from "./core/model/types.ts";
import { SystemClock } from "./system_clock.ts";

const COMMAND = new Uint8Array(256);

/** Three cores, one of them elected. */
class Trio {
  readonly #cores: Raft[];
  #applied = 0;

  constructor() {
    const make = (id: number, random: number) =>
      new Raft({ id, peers: [1, 2, 3], trailingBytes: 0 }, EMPTY, {
        random: () => random,
        clock: new SystemClock(),
      });
    this.#cores = [make(1, 0), make(2, 0.9), make(3, 0.9)];
    while (this.#leader.standing.role !== "leader") {
      for (const core of this.#cores) core.tick();
      this.#turns();
    }
  }

  get #leader(): Raft {
    return this.#cores[0]!;
  }

  /** Proposes commands in one turn and runs until the leader has applied them. */
  replicate(count: number): void {
    const target = this.#applied + count;
    for (let i = 0; i < count; i++) this.#leader.propose(COMMAND);
    while (this.#applied < target) this.#turns();
    if (this.#applied % 4096 < count) {
      for (const core of this.#cores) core.compact(core.status().applied, COMMAND);
    }
  }

  #turns(): void {
    for (const core of this.#cores) {
      const { send, apply } = core.takeEffects();
      if (core === this.#leader) this.#applied += apply.length;
      this.#deliver(send);
      if (core.takeSave() !== null) core.saved();
    }
  }

  #deliver(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) this.#cores[envelope.to - 1]!.step(envelope);
  }
}

for (const count of [1, 64, 1024]) {
  const trio = new Trio();
  const copies: Uint8Array[][] = [[], [], []];
  const group = `core: ${count} entries a turn`;
  Deno.bench({
    name: `three arrays, ${count} entries`,
    group,
    baseline: true,
    fn: () => {
      for (const copy of copies) {
        for (let i = 0; i < count; i++) copy.push(COMMAND);
        if (copy.length > 4096) copy.length = 0;
      }
    },
  });
  Deno.bench({ name: `three cores, ${count} entries`, group, fn: () => trio.replicate(count) });
}
