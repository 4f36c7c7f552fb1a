/**
 * What one line to one peer is made of. Only types.
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import type { PeerIdentity, Refusals, TcpLimits } from "../wire/mod.ts";
import type { Line, Self } from "./peer_hello.ts";

/** What names an address: the members, or a command line or hello, which may know a newer one. */
export type AddressSource = "member" | "other";

/** Options of a {@linkcode PeerLink}. */
export interface PeerLinkOptions {
  /** What this node is at the moment. */
  readonly self: () => Self & Pick<PeerIdentity, "certificate" | "client" | "held" | "starts">;
  readonly peer: NodeId;
  readonly line: Line;
  readonly run: number;
  /** Where this node listens, as far as it knows. */
  readonly address: () => string;
  readonly limits: TcpLimits;
  readonly random: () => number;
  readonly refusals: Refusals;
  /** Receives a line when the peer becomes reachable or unreachable. */
  readonly log: (line: string) => void;
  /** Called whenever the peer refuses the hello, with its reason. */
  readonly refused: (refusal: { readonly reason: string; readonly detail: string }) => void;
}
