/**
 * Builds one node of storage, transport, clock, driver and machine, with the sockets around them.
 * It decides nothing: the flags are its input, and how the node ended is its output.
 *
 * Invariant: without `control` nothing that disturbs the network or inspects the node is
 * constructed.
 *
 * @module
 */

import {
  type Address,
  type Answer,
  connectionLimits,
  FaultyTransport,
  type Plain,
  RpcServer,
  TcpTransport,
  type WireValue,
} from "../../net/mod.ts";
import type { Sample } from "../../net/http/mod.ts";
import {
  DenoFiles,
  type Envelope,
  FileStorage,
  Node,
  type NodeId,
  type Position,
  StorageError,
  SystemClock,
} from "../../raft/mod.ts";
import { type BornFolder, openFolder } from "./birth.ts";
import { cpuMs, LeaderChanges, LoopLag, SaveTimes } from "./figures.ts";
import { listening, METRICS_REQUEST, nodeSamples } from "../metrics/mod.ts";
import { leadershipLog, openingLog, refusedLog } from "./log/mod.ts";
import { makeMachine, type RunningMachine } from "./machines.ts";
import { COMPACT_REQUEST, formatBytes, type NodeReport, REPORT_REQUEST } from "../table/mod.ts";
import { clientAddresses, isMember, warnOfOthers } from "./addresses.ts";
import { openNodeControl } from "./control.ts";
import { handOver } from "./hand_over.ts";
import { untilVoter } from "./joining.ts";
import { FAREWELL_MS, isMembersFolder, removedError } from "./leaving.ts";
import { answerIdentity, answerMembers, heardFile, peerIdentity } from "./member_requests.ts";
import type { NodeSettings, RunningNode } from "./node_settings.ts";

/** The lab's default in ticks of 25 ms instead of 10. */
const LAB_PACE = { electionTicks: 10, heartbeatTicks: 4 };

/** Most of a compacted log that stays in memory for slow followers; half of its limit if less. */
const TRAILING_BYTES_MAX = 16 * 2 ** 20;

/** Any free port of the loopback. */
const ANYWHERE: Address = { hostname: "127.0.0.1", port: 0 };

/** Starts a node; resolves when it serves. */
export async function runNode(settings: NodeSettings): Promise<RunningNode> {
  const { machine: name, logBytesMax, history = {}, data, levels } = settings;
  const folder = settings.hasIds ? await openFolder(settings) : null;
  const made = await makeMachine({ name, logBytesMax, history, data, levels });
  const starting = new NodeProcess(settings, made, folder);
  try {
    await starting.start();
    const failed = starting.ended.then((error) => {
      if (error !== null) throw error;
    });
    await Promise.race([starting.join(), failed]);
    return starting;
  } catch (error) {
    await starting.stop();
    throw error;
  }
}

/** A node with everything that it holds open. */
class NodeProcess implements RunningNode {
  readonly #settings: NodeSettings;
  /** `null`: nodes of a test that have no ids. */
  readonly #folder: BornFolder | null;
  readonly #heardFile;
  readonly #limits;
  readonly #clock = new SystemClock();
  readonly #machine: RunningMachine;
  readonly #storage: FileStorage;
  readonly #transport: TcpTransport;
  readonly #faulty: FaultyTransport | null;
  readonly #end = Promise.withResolvers<unknown>();
  readonly #startedAt = performance.now();
  readonly #lag = new LoopLag(() => performance.now());
  readonly #saves = new SaveTimes(() => performance.now());
  readonly #leaders = new LeaderChanges(() => Date.now());
  #node: Node | null = null;
  #clients: RpcServer | null = null;
  #control: RpcServer | null = null;
  readonly #closed = new AbortController();
  #isStopped = false;
  /** The term and the last entry of the folder when it was opened; `null`: it is not yet. */
  #held: Position | null = null;
  clients: Address | null = null;
  http: string | null = null;

  constructor(settings: NodeSettings, machine: RunningMachine, folder: BornFolder | null) {
    this.#settings = settings;
    this.#limits = connectionLimits({ hasHttp: settings.hasHttp ?? false });
    this.#machine = machine;
    this.#folder = folder;
    const { id, cluster, peers, log } = settings;
    const identity = folder?.identity ?? { cluster, node: id };
    this.#heardFile = heardFile(folder, settings.data, (error) => this.#fail(error));
    this.#storage = new FileStorage({
      files: new DenoFiles(settings.data),
      identity,
      loaded: (held) => this.#held = held,
      full: (error) => {
        if (error === null) log.info("the disk has room again");
        else log.warn(`the disk is full, and puts may be refused: ${error.problem}`);
      },
      ...openingLog(log, () => this.#clock.now()),
    });
    const address = settings.listen ?? ANYWHERE;
    this.#transport = listening({ address, role: "peers" }, () =>
      new TcpTransport({
        ...{ id, cluster, features: machine.features },
        peers: folder === null ? [...peers.keys()] : [],
        listen: address,
        receive: (envelope) => this.#receive(envelope),
        heard: (from) => this.#heard(from),
        heardMore: (heard) => this.#heardFile?.keep(heard),
        log: (line) => log.warn(line),
        refused: refusedLog(log, {
          olderCopy: (detail) => void this.#giveUp(new StorageError("foreign", detail)),
          replaced: () => {
            if (isMembersFolder(this.#node, folder)) void this.#giveUp(removedError(settings));
          },
        }),
        limits: this.#limits.peers,
        ...(settings.versions === undefined ? {} : { versions: settings.versions }),
        ...(folder === null ? {} : { identity: peerIdentity(folder, () => this.#held) }),
      }));
    this.#faulty = settings.control
      ? new FaultyTransport({
        transport: this.#transport,
        clock: this.#clock,
        random: Math.random,
        id,
      })
      : null;
  }

  get peers(): Address {
    return this.#transport.address;
  }

  get ended(): Promise<unknown> {
    return this.#end.promise;
  }

  async start(): Promise<void> {
    const { id, cluster, peers, tickMs, log, isTraced, logBytesMax } = this.#settings;
    const { application, profile } = this.#machine;
    const node = await Node.start({
      profile,
      ...(profile === "lab" ? LAB_PACE : {}),
      trailingBytes: profile === "lab"
        ? 0
        : Math.min(TRAILING_BYTES_MAX, Math.floor(logBytesMax / 2)),
      id,
      peers: this.#folder === null ? [...peers.keys()] : [],
      founders: this.#folder?.founders ?? null,
      incarnation: this.#folder?.identity.incarnation ?? "",
      removed: () => void this.#leave(),
      tickMs,
      storage: this.#storage,
      transport: this.#faulty ?? this.#transport,
      clock: this.#clock,
      random: Math.random,
      application,
      observer: {
        restoring: ({ last, data }) => {
          // The snapshot that a start loads from the folder is not logged.
          if (this.#node === null) return;
          const bytes = this.#machine.tables()?.bytes ?? data.length;
          log.info(`takes over a snapshot up to entry ${last.index}, ${formatBytes(bytes)}`);
        },
        changed: this.#leaders.before(leadershipLog((line) => log.info(line))),
        saved: (ms) => this.#saves.add(ms),
        ...(isTraced ? { traced: (event) => log.debug(event) } : {}),
      },
      failed: (error) => this.#fail(error),
    });
    this.#node = node;
    this.#machine.attach({ id, node, features: (peer) => this.#transport.features(peer) });
    this.#lag.start();
    if (this.#folder !== null) warnOfOthers(node, this.#settings);
    for (const [peer, address] of peers) {
      const isPeer = peer !== id && (this.#folder === null || isMember(node, peer));
      if (isPeer && address !== null) this.#transport.setPeer(peer, address);
    }
    if (this.#settings.clients !== null) {
      const address = this.#settings.clients;
      const listener = listening(
        { address, role: "clients" },
        () => Deno.listen({ ...address, transport: "tcp" }),
      );
      const { hostname, port } = listener.addr as Deno.NetAddr;
      this.clients = { hostname, port };
      this.#clients = new RpcServer({
        ...{ listener, cluster, clusterId: this.#folder?.identity.clusterId ?? "", id },
        handle: (...request) => this.#serve(...request),
        open: this.#machine.open,
        log: (line) => log.warn(line),
        limits: this.#limits.clients,
      });
    }
    if (this.#faulty !== null) {
      this.#control = await openNodeControl(this.#settings, {
        node,
        faulty: this.#faulty,
        transport: this.#transport,
        machine: this.#machine,
        report: () => this.report(),
        clientRefusals: () => this.#clients?.refusals() ?? {},
        stop: () => void this.stop(),
      });
    }
  }

  /** A node that asked to be added is ready when it has caught up and votes. */
  async join(): Promise<void> {
    if (this.#folder === null) return;
    const { stopping = this.#closed.signal } = this.#settings;
    const either = AbortSignal.any([stopping, this.#closed.signal]);
    await untilVoter(this.#node!, this.#folder, { ...this.#settings, stopping: either });
  }

  report(): NodeReport {
    const { id, cluster } = this.#settings;
    const { segmentBytes, snapshotBytes } = this.#storage.sizes();
    const tables = this.#machine.tables();
    const status = this.#node!.status();
    return {
      ...{ id, cluster, status, http: this.http },
      diskBytes: segmentBytes + snapshotBytes + (tables?.bytes ?? 0),
      memoryBytes: Deno.memoryUsage().rss,
      cpuMs: cpuMs(),
      uptimeMs: performance.now() - this.#startedAt,
      loopLagMs: this.#lag.longestMs,
      saves: this.#saves.figures(),
      tables,
      level: this.#machine.level(),
      faults: this.#faulty?.faults ?? null,
      clients: clientAddresses(status, this.#settings),
    };
  }

  samples(): readonly Sample[] {
    return nodeSamples(this.report(), {
      load: this.#clients?.load() ?? null,
      peerRefusals: this.#transport.refusals(),
      clientRefusals: this.#clients?.refusals() ?? {},
      traffic: this.#transport.traffic(),
      saves: this.#saves.buckets,
      requests: this.#machine.times,
      leaderChanges: this.#leaders.count,
      leases: this.#machine.leases(),
    });
  }

  /** Stops the node soon in any case: messages that have not left by now are dropped. */
  async stop(): Promise<void> {
    if (!this.#isStopped && this.#node !== null) await handOver(this.#node);
    await this.#giveUp(null);
  }

  #close(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#closed.abort();
    this.#clients?.close();
    this.#machine.stop();
    this.#lag.stop();
    this.#transport.close();
    this.#control?.close();
  }

  /** It was stopped, or a peer knows that it must promise nothing any more (D8, M7). */
  async #giveUp(reason: Error | null): Promise<void> {
    this.#close();
    await Promise.all([this.#node?.stop(), this.#heardFile?.close()]);
    this.#end.resolve(reason);
  }

  /** It was removed: its last messages and answers leave, and then it ends (M7). */
  async #leave(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
    // It may have been added again meanwhile.
    if (!this.#isStopped && this.#node?.status().removed) {
      await this.#giveUp(removedError(this.#settings));
    }
  }

  #fail(error: unknown): void {
    this.#close();
    void this.#heardFile?.close();
    this.#end.resolve(error);
  }

  #receive(envelope: Envelope): string | null {
    if (this.#faulty !== null && !this.#faulty.admits(envelope)) return null;
    return this.#node?.receive(envelope) ?? null;
  }

  /** A part of a long message arrived. A blocked peer counts as silent. */
  #heard(from: NodeId): void {
    if (this.#faulty === null || this.#faulty.admitsFrom(from)) this.#node?.heard(from);
  }

  /** Returns false for a request that a node does not know. */
  #serve(request: WireValue, reply: Answer, withinMs: number): boolean {
    if (request instanceof Uint8Array) this.#machine.handle(request, reply, withinMs);
    else if (request === METRICS_REQUEST) reply(this.samples() as Plain<Sample[]>);
    else if (this.#leaders.answer(request, reply)) return true;
    else if (request === COMPACT_REQUEST) reply(this.#machine.compact());
    else if (request === REPORT_REQUEST) {
      const report: Plain<NodeReport> = this.report();
      reply(report);
    } else if (Array.isArray(request)) {
      return answerMembers(request, { reply, node: this.#node, hasIds: this.#folder !== null });
    } else return this.#folder !== null && answerIdentity(request, { reply, folder: this.#folder });
    return true;
  }
}
