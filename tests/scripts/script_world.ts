/**
 * The world of a golden script: bare cores with their disks, and the messages between them, which
 * wait until a command delivers them. Nothing happens by itself: no time passes and no message
 * arrives. After every input the node takes turns and saves until it is at rest; the saves of a
 * slow disk wait for a command.
 *
 * @module
 */

import {
  applySave,
  Configuration,
  decodeMembers,
  EMPTY,
  type Entry,
  type Envelope,
  type Index,
  type Members,
  type NodeId,
  type Persistent,
  Raft,
  type RaftOptions,
  type Save,
  type Status,
  type Term,
} from "../../raft/mod.ts";
import { formatEnvelope, formatPosition } from "../sim/mod.ts";

interface Server {
  raft: Raft | null;
  persistent: Persistent;
  /** The save under way on a slow disk. */
  saving: Save | null;
  /** Whether saves wait for a command. */
  isSlow: boolean;
  shown: string;
}

/** Selects waiting messages. */
export interface Selection {
  readonly to?: NodeId;
  readonly from?: NodeId;
  readonly type?: string;
  /** Only this number of them, the oldest first. */
  readonly first?: number;
}

/** The most deliveries until a script must be at rest. */
const DELIVERIES_MAX = 10_000;

/** Servers, and the messages between them. */
export class ScriptWorld {
  readonly #options: Omit<RaftOptions, "id" | "peers">;
  readonly #voters: readonly NodeId[];
  readonly #servers = new Map<NodeId, Server>();
  #waiting: Envelope[] = [];
  #late: Envelope[] = [];
  #cut = new Set<NodeId>();
  #lines: string[] = [];

  /** Servers beyond the voters are spare. */
  constructor(
    { nodes, voters }: { readonly nodes: number; readonly voters: number },
    options: Omit<RaftOptions, "id" | "peers">,
  ) {
    this.#options = options;
    this.#voters = Array.from({ length: voters }, (_, place) => place + 1);
    for (let id = 1; id <= nodes; id++) {
      this.#servers.set(id, {
        raft: null,
        persistent: EMPTY,
        saving: null,
        isSlow: false,
        shown: "",
      });
    }
    for (const id of this.ids) this.#boot(id);
  }

  get ids(): readonly NodeId[] {
    return [...this.#servers.keys()];
  }

  /** The events since the last call. */
  takeLines(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** Sets the disk of a server and restarts the server on it. */
  setLog(
    id: NodeId,
    { terms, term }: { readonly terms: readonly Term[]; readonly term: Term },
  ): void {
    const entries: Entry[] = terms.map((entryTerm, place) => ({
      index: place + 1,
      term: entryTerm,
      times: { steady: 0, wall: 0 },
      kind: "command",
      data: new TextEncoder().encode(`${place + 1}@${entryTerm}`),
    }));
    const server = this.#server(id);
    server.persistent = { ...EMPTY, term, entries };
    this.#boot(id);
  }

  tick(id: NodeId, count: number): void {
    for (let number = 0; number < count; number++) {
      this.#input(id, (raft) => raft.tick());
    }
  }

  /** Ticks until the server starts an election. */
  campaign(id: NodeId): void {
    const before = this.#raft(id).status().term;
    for (let ticks = 0; ticks < 1000; ticks++) {
      this.tick(id, 1);
      const { role, term } = this.#raft(id).status();
      if (role === "pre-vote" || term > before) return;
    }
    throw new Error(`Cannot campaign: n${id} did not stand for election within 1000 ticks`);
  }

  put(id: NodeId, text: string): void {
    this.#input(id, (raft) => {
      if (raft.propose(new TextEncoder().encode(text)) === null) this.#say(`n${id} does not lead`);
    });
  }

  read(id: NodeId, context: number): void {
    this.#input(id, (raft) => {
      if (!raft.read(context)) this.#say(`n${id} does not lead`);
    });
  }

  change(
    id: NodeId,
    { voters, learners }: {
      readonly voters: readonly NodeId[];
      readonly learners: readonly NodeId[];
    },
  ): void {
    const membersOf = (ids: readonly NodeId[]) => Configuration.of(ids).members.voters;
    const target = { voters: membersOf(voters), learners: membersOf(learners) };
    this.#input(id, (raft) => {
      const result = raft.changeMembers(target);
      if (typeof result === "string") this.#say(`n${id} refuses: ${result}`);
    });
  }

  transfer(id: NodeId, to: NodeId | null): void {
    this.#input(id, (raft) => {
      if (!raft.transfer(to)) this.#say(`n${id} refuses to hand over`);
    });
  }

  compact(id: NodeId, index: Index): void {
    this.#input(id, (raft) => raft.compact(index, new TextEncoder().encode(`image ${index}`)));
  }

  /** From now on a save of this server stays under way until {@linkcode save}. */
  slow(id: NodeId): void {
    this.#server(id).isSlow = true;
  }

  /** Ends the save under way; with `isQuick` all later ones take no time. */
  save(id: NodeId, isQuick: boolean): void {
    const server = this.#server(id);
    if (isQuick) server.isSlow = false;
    this.#input(id, (raft) => this.#saved(server, raft));
  }

  /** Loses the save under way. */
  crash(id: NodeId): void {
    const server = this.#server(id);
    server.raft = server.saving = null;
    this.#waiting = this.#waiting.filter(({ to }) => to !== id);
  }

  restart(id: NodeId): void {
    this.#boot(id);
  }

  cut(ids: readonly NodeId[]): void {
    for (const id of ids) this.#cut.add(id);
  }

  heal(): void {
    this.#cut.clear();
  }

  /** Delivers the messages that wait now; their answers wait. */
  deliver(selection: Selection): void {
    for (const envelope of this.#take(selection)) this.#arrive(envelope);
  }

  /** Delivers a message and keeps a copy waiting. */
  double(selection: Selection): void {
    const chosen = this.#take(selection);
    for (const envelope of chosen) this.#arrive(envelope);
    this.#waiting.unshift(...chosen);
  }

  drop(selection: Selection): void {
    this.#take(selection);
  }

  /** Holds messages back until {@linkcode release}. */
  delay(selection: Selection): void {
    this.#late.push(...this.#take(selection));
  }

  /** Delivers the messages that were held back. */
  release(): void {
    const late = this.#late;
    this.#late = [];
    for (const envelope of late) this.#arrive(envelope);
  }

  /** Delivers until no message waits. */
  settle(): void {
    for (let number = 0; this.#waiting.length > 0; number++) {
      if (number === DELIVERIES_MAX) throw new Error("Cannot settle: messages never end");
      this.#arrive(this.#waiting.shift()!);
    }
  }

  /** The state of a server, with what it knows of its peers. */
  show(id: NodeId): void {
    const { raft } = this.#server(id);
    if (raft === null) return this.#say(`n${id} is down`);
    const status = raft.status();
    const peers = status.peers.map(({ id: peer, mode, match, next }) =>
      `${peer}:${match}→${next}${mode === "streaming" ? "" : ` ${mode}`}`
    );
    const progress = peers.length === 0 ? "" : ` progress={${peers.join(", ")}}`;
    const terms = [];
    for (let index = Math.max(1, status.base.index); index <= status.last.index; index++) {
      terms.push(raft.termAt(index));
    }
    const durable = status.durable < status.last.index ? ` durable=${status.durable}` : "";
    this.#say(
      `${formatState(status)}${durable} applied=${status.applied} log=[${
        terms.join(" ")
      }]${progress}`,
    );
  }

  #boot(id: NodeId): void {
    const server = this.#server(id);
    // Every server starts an election after exactly `electionTicks`.
    const environment = { random: () => 0, clock: { now: () => 0, wall: () => 0 } };
    server.raft = new Raft(
      { ...this.#options, id, peers: this.#voters.includes(id) ? this.#voters : [] },
      server.persistent,
      environment,
    );
    server.shown = formatState(server.raft.status());
  }

  #arrive(envelope: Envelope): void {
    const { from, to } = envelope;
    if (this.#cut.has(from) || this.#cut.has(to)) return;
    if (this.#server(to).raft === null) return;
    this.#input(to, (raft) => raft.step(envelope));
  }

  #take({ to, from, type, first = Infinity }: Selection): Envelope[] {
    const chosen: Envelope[] = [];
    this.#waiting = this.#waiting.filter((envelope) => {
      const isMeant = chosen.length < first &&
        (to === undefined || envelope.to === to) &&
        (from === undefined || envelope.from === from) &&
        (type === undefined || envelope.message.type === type);
      if (isMeant) chosen.push(envelope);
      return !isMeant;
    });
    return chosen;
  }

  /** Gives the core one input, then takes turns and saves until it is at rest. */
  #input(id: NodeId, run: (raft: Raft) => void): void {
    const server = this.#server(id);
    const raft = this.#raft(id);
    run(raft);
    do {
      this.#perform(id, raft);
      if (raft.hasMore) continue;
      server.saving ??= raft.takeSave();
    } while (raft.hasMore || !server.isSlow && this.#saved(server, raft));
    const state = formatState(raft.status());
    if (state !== server.shown) this.#say(state);
    server.shown = state;
  }

  #perform(id: NodeId, raft: Raft): void {
    const { send, restore, apply, reads, members } = raft.takeEffects();
    if (members !== null) this.#say(`n${id} has ${formatMembers(members)}`);
    this.#send(send);
    if (restore !== null) this.#say(`n${id} restores ${formatPosition(restore.last)}`);
    for (const entry of apply) this.#say(`n${id} applies ${formatEntry(entry)}`);
    for (const { context, confirmed } of reads) {
      this.#say(`n${id} read ${context} ${confirmed ? "confirmed" : "refused"}`);
    }
  }

  /** Ends the save under way; returns false if there is none. */
  #saved(server: Server, raft: Raft): boolean {
    if (server.saving === null) return false;
    server.persistent = applySave(server.persistent, server.saving);
    server.saving = null;
    raft.saved();
    return true;
  }

  #send(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) {
      if (this.#cut.has(envelope.from) || this.#cut.has(envelope.to)) continue;
      this.#say(`n${envelope.from} → n${envelope.to} ${formatEnvelope(envelope)}`);
      this.#waiting.push(envelope);
    }
  }

  #say(line: string): void {
    this.#lines.push(line);
  }

  #server(id: NodeId): Server {
    const server = this.#servers.get(id);
    if (server === undefined) throw new RangeError(`Cannot use n${id}: no such server`);
    return server;
  }

  #raft(id: NodeId): Raft {
    const { raft } = this.#server(id);
    if (raft === null) throw new RangeError(`Cannot use n${id}: it is down`);
    return raft;
  }
}

function formatState({ id, role, term, base, last, commit, removed }: Status): string {
  const image = base.index === 0 ? "" : ` base=${formatPosition(base)}`;
  const place = removed ? " removed" : "";
  return `n${id} ${role}${place} term=${term}${image} last=${
    formatPosition(last)
  } commit=${commit}`;
}

function formatMembers({ voters, outgoing, learners }: Members): string {
  const names = (members: Members["voters"]) => members.map(({ id }) => id).join(",");
  const parts = [["voters", voters], ["outgoing", outgoing], ["learners", learners]] as const;
  return parts.filter(([, members]) => members.length > 0)
    .map(([name, members]) => `${name}=${names(members)}`).join(" ");
}

function formatEntry(entry: Entry): string {
  const { kind, data } = entry;
  const text = kind === "noop"
    ? "no-op"
    : kind === "members"
    ? formatMembers(decodeMembers(data))
    : new TextDecoder().decode(data);
  return `${formatPosition(entry)} ${text}`;
}
