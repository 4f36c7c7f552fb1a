/**
 * How a folder comes to belong to a cluster. A node with an empty folder either begins a cluster
 * together with others (`--bootstrap`), of which the one with the lowest number draws the cluster's
 * id, or waits until the members of a cluster know it by its folder.
 *
 * Invariant: before that the node votes for nobody and acknowledges nothing, so a node that lost its
 * folder takes part in nothing until it is added anew (I2, D8).
 *
 * @module
 */

import { type PeerClaim, RpcServer, TcpTransport } from "../../net/mod.ts";
import {
  decodeMembers,
  DenoFiles,
  drawId,
  FileStorage,
  type Folder,
  type Members,
  NO_STARTS,
  type NodeId,
  readFolder,
  type Starts,
  StorageError,
  writeFolder,
} from "../../raft/mod.ts";
import { addressText, attempt, CommandError, nodeName } from "../table/mod.ts";
import type { NodeSettings } from "./node_settings.ts";
import { answerIdentity, clientOf } from "./member_requests.ts";
import { askToJoin } from "./joining.ts";
import { listening } from "../metrics/mod.ts";
import { refusedLog } from "./log/mod.ts";
import { isCutOff, realDisk } from "./recovery/mod.ts";

/** A folder that belongs to a cluster. */
export interface BornFolder extends Folder {
  readonly founders: Members;
}

/** The node was stopped before it belonged to a cluster. */
export class StoppedUnborn extends Error {
  /** The name of this class of errors. */
  override readonly name = "StoppedUnborn";
}

/** Opens the folder, and waits until it belongs to a cluster. */
export async function openFolder(settings: NodeSettings): Promise<BornFolder> {
  const { data } = settings;
  if (isCutOff(data, realDisk)) {
    const recover = `kontiki recover --data ${data}`;
    const problem = `a recovery of ${data} was cut off. Run "${recover}" again`;
    throw new CommandError("failure", `Cannot start: ${problem}`);
  }
  const found = await locked(data, (files) => bornFolder(files, settings));
  if (!found.hasBegun) {
    // Nothing has been promised yet. From here on the files have to be there.
    const storage = new FileStorage({ files: new DenoFiles(data), identity: found.identity });
    await storage.load();
    await storage.close();
  }
  const starts = oneMore(found.starts);
  const folder = { ...found, ...ownAddresses(settings), hasBegun: true, starts };
  await locked(data, (files) => writeFolder(files, folder));
  return folder;
}

/**
 * Counts this start (D8). Earlier releases drop the count, so the first number is the time: it is
 * higher than all that were counted up from an earlier time.
 */
function oneMore({ latest, drawn }: Starts): Starts {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return {
    latest: latest === 0 ? Math.floor(Date.now() / 1_000) : latest + 1,
    drawn: [...drawn, number].slice(-STARTS_MAX),
  };
}

async function locked<Result>(
  data: string,
  work: (files: DenoFiles) => Promise<Result>,
): Promise<Result> {
  const files = new DenoFiles(data);
  const isLocked = await attempt(`open the folder ${data}`, () => files.lock());
  if (!isLocked) throw new StorageError("locked", "another process uses the folder");
  try {
    return await work(files);
  } finally {
    await files.close();
  }
}

async function bornFolder(files: DenoFiles, settings: NodeSettings): Promise<BornFolder> {
  const folder = await readOrMake(files, settings);
  if (folder.founders !== null) return { ...folder, founders: folder.founders };
  const born = await new Waiting(folder, settings).wait();
  await writeFolder(files, born);
  const { cluster, id, log } = settings;
  log.info(`${nodeName(id)} belongs to cluster ${cluster} with the id ${born.identity.clusterId}`);
  return born;
}

async function readOrMake(files: DenoFiles, settings: NodeSettings): Promise<Folder> {
  const { cluster, id } = settings;
  const found = await readFolder(files, { cluster, node: id });
  if (found !== null) return found;
  if ((await files.list()).includes("vote")) {
    throw new StorageError("damaged", "the file is missing", { file: "members" });
  }
  const identity = { cluster, node: id, clusterId: "", incarnation: drawId() };
  const empty = { identity, founders: null, hasBegun: false, starts: NO_STARTS, heard: [] };
  const folder = { ...empty, ...ownAddresses(settings) };
  await writeFolder(files, folder);
  return folder;
}

function ownAddresses({ listen, clients }: NodeSettings): Pick<Folder, "peer" | "client"> {
  return { peer: addressText(listen), client: addressText(clients) };
}

/** A node with an empty folder. */
class Waiting {
  readonly #folder: Folder;
  readonly #settings: NodeSettings;
  readonly #born = Promise.withResolvers<BornFolder>();
  readonly #ended = new AbortController();
  /** What the nodes said that are to begin the cluster with this one. */
  readonly #founding = new Map<NodeId, PeerClaim>();
  readonly #ids: string;

  constructor(folder: Folder, settings: NodeSettings) {
    this.#folder = folder;
    this.#settings = settings;
    this.#ids = [...settings.peers.keys()].sort((a, b) => a - b).join();
  }

  async wait(): Promise<BornFolder> {
    const { id, listen, entry, stopping } = this.#settings;
    const { clusterId, incarnation } = this.#folder.identity;
    if (entry.kind === "bootstrap") {
      const own = { clusterId, incarnation, certificate: null, wanted: "", members: this.#ids };
      this.#met(id, { ...own, client: clientOf(this.#folder) });
      if (this.#settings.peers.size === 1) return await this.#born.promise;
    }
    const transport = this.#listen();
    const clients = this.#openClients();
    const stop = (): void => this.#born.reject(new StoppedUnborn("stopped before the birth"));
    stopping?.addEventListener("abort", stop);
    if (stopping?.aborted) stop();
    try {
      this.#announce();
      if (entry.kind === "bootstrap") {
        for (const [peer, place] of this.#settings.peers) {
          if (peer !== id) transport.setPeer(peer, place ?? listen!);
        }
      }
      const asking = this.#ask().catch((error) => this.#born.reject(error));
      try {
        return await this.#born.promise;
      } finally {
        this.#ended.abort();
        await asking;
      }
    } finally {
      stopping?.removeEventListener("abort", stop);
      transport.close();
      clients?.close();
    }
  }

  #listen(): TcpTransport {
    const { id, cluster, peers, listen, entry, log } = this.#settings;
    const isFounding = entry.kind === "bootstrap";
    const { clusterId, incarnation } = this.#folder.identity;
    const client = clientOf(this.#folder);
    const logged = refusedLog(log);
    return listening({ address: listen!, role: "peers" }, () =>
      new TcpTransport({
        ...{ id, cluster, peers: isFounding ? [...peers.keys()] : [], listen: listen! },
        identity: {
          clusterId,
          incarnation,
          founders: null,
          certificate: null,
          client,
          held: () => NOTHING,
          ...{ starts: NO_STARTS, heard: [] },
        },
        met: (peer, claim) => this.#met(peer, claim),
        receive: () => {},
        log: () => {},
        refused: (peer, refusal) => {
          logged(peer, refusal);
          if (isFounding && OF_A_CLUSTER.includes(refusal.reason)) this.#isTooLate(peer);
        },
      }));
  }

  /** Answers to nothing but the question which node waits here. */
  #openClients(): RpcServer | null {
    const { id, cluster, clients, log } = this.#settings;
    if (clients === null) return null;
    const listener = listening(
      { address: clients, role: "clients" },
      () => Deno.listen({ ...clients, transport: "tcp" }),
    );
    return new RpcServer({
      ...{ listener, cluster, id, log: (line) => log.warn(line) },
      handle: (request, reply) => answerIdentity(request, { reply, folder: this.#folder }),
    });
  }

  #announce(): void {
    const { id, cluster, entry, log } = this.#settings;
    const name = nodeName(id);
    if (entry.kind === "bootstrap") {
      return log.info(`${name} has an empty folder: it waits for all nodes of ${cluster}`);
    }
    const client = clientOf(this.#folder);
    const begin = entry.kind === "join" ? "" : `; to begin a new cluster, use --bootstrap`;
    log.info(
      `${name} has an empty folder: it waits until its cluster adds it: "kontiki member add ${name} ` +
        `--with ${client}", or, if ${name} was a member and its folder is lost, "kontiki member ` +
        `replace ${name} --with ${client}"${begin}`,
    );
  }

  async #ask(): Promise<void> {
    const { entry, log } = this.#settings;
    if (entry.kind !== "join") return;
    const { identity: { cluster, incarnation, node: id }, peer } = this.#folder;
    const member = { id, incarnation, peer, client: clientOf(this.#folder) };
    const options = { cluster, endpoints: entry.endpoints, member, isLearner: true };
    await askToJoin({ ...options, log, signal: this.#ended.signal });
  }

  #met(peer: NodeId, claim: PeerClaim): void {
    const { clusterId, certificate, wanted, members } = claim;
    if (clusterId === "") {
      if (members !== this.#ids) return;
      this.#founding.set(peer, claim);
      return this.#found();
    }
    // A member that means this very folder shows that the cluster knows it.
    if (wanted !== this.#folder.identity.incarnation || certificate === null) return;
    const founders = membersOf(certificate);
    if (founders === null) return;
    const identity = { ...this.#folder.identity, clusterId };
    this.#born.resolve({ ...this.#folder, identity, founders });
  }

  /** The node with the lowest number founds the cluster when all have met it with empty folders. */
  #found(): void {
    const { id, peers, entry, clientsOfAll } = this.#settings;
    if (entry.kind !== "bootstrap" || id !== Math.min(...peers.keys())) return;
    if ([...peers.keys()].some((peer) => !this.#founding.has(peer))) return;
    const voters = [...peers].map(([peer, place]) => {
      const { incarnation, client } = this.#founding.get(peer)!;
      const own = peer === id ? this.#folder.peer : addressText(place);
      return { id: peer, incarnation, peer: own, client: clientsOfAll?.get(peer) ?? client };
    });
    const identity = { ...this.#folder.identity, clusterId: drawId() };
    const founders = { voters, outgoing: [], learners: [] };
    this.#born.resolve({ ...this.#folder, identity, founders });
  }

  #isTooLate(peer: NodeId): void {
    const name = nodeName(this.#settings.id);
    const client = clientOf(this.#folder);
    this.#born.reject(
      new CommandError(
        "failure",
        `Cannot begin a cluster: ${nodeName(peer)} belongs to one already. Start ${name} without ` +
          `--bootstrap; then "kontiki member add ${name} --with ${client}" adds it, or "kontiki ` +
          `member replace ${name} --with ${client}" if its folder was lost`,
      ),
    );
  }
}

/** So many of the latest starts are told apart. */
const STARTS_MAX = 64;

/** What an empty folder holds. */
const NOTHING = { index: 0, term: 0 };

/** The reasons with which a member of a cluster refuses a node that belongs to none. */
const OF_A_CLUSTER: readonly string[] = ["otherFolder", "notAMember"];

function membersOf(certificate: Uint8Array): Members | null {
  try {
    return decodeMembers(certificate);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
