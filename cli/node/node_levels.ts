/**
 * The feature levels of a node that runs the store: joins the store and the hellos of peers.
 *
 * @module
 */

import {
  type KvServerOptions,
  type KvStore,
  levelOfFeatures,
  LevelProposer,
  type Levels,
} from "../../kv/mod.ts";
import type { Clock, Node, NodeId, Rsm } from "../../raft/mod.ts";

/** What drives a machine. */
export interface Driver {
  readonly id: NodeId;
  readonly node: Node;
  /** The features that a peer has announced; `null`: it is not connected. */
  readonly features: (peer: NodeId) => number | null;
}

/** Knows what may enter the log, once it knows the node that drives the store. */
export class NodeLevels implements NonNullable<KvServerOptions["levels"]> {
  readonly #levels: Levels;
  #proposer: LevelProposer | null = null;

  constructor(levels: Levels) {
    this.#levels = levels;
  }

  get isMixed(): boolean {
    return this.#proposer?.isMixed ?? false;
  }

  refusal(level: number): string | null {
    return this.#proposer?.refusal(level) ?? null;
  }

  /** Begins to raise the level of the cluster when this node leads it. */
  start(
    { id, node, features }: Driver,
    parts: { readonly store: KvStore; readonly rsm: Rsm; readonly clock: Clock },
  ): void {
    this.#proposer = new LevelProposer({
      ...{ ...parts, id },
      led: () => {
        const { role, members } = node.status();
        return role === "leader" ? members : null;
      },
      announced: (peer) => {
        const bits = features(peer);
        return bits === null ? null : levelOfFeatures(bits, this.#levels);
      },
    });
  }

  stop(): void {
    this.#proposer?.stop();
  }
}
