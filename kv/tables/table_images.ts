/**
 * Tables below the log of a node: flushes and merges in the background, the position up to which the
 * log may forget its entries, images for followers, and the images of leaders that arrive.
 *
 * Invariants:
 * - No table gets ahead of what the log has durable (T1).
 * - While an image goes into force no entries are applied, so the state never mixes two histories.
 * - A revision at which the state was made durable can be read until the next but one is.
 *
 * @module
 */

import {
  type Arrival,
  type Entry,
  type Files,
  type ImageChunk,
  type ImagePiece,
  type ImagePlace,
  type Images,
  type ImagesHost,
  type Members,
  type Position,
  type Snapshot,
  StorageError,
  storageErrorOf,
} from "../../raft/mod.ts";
import { Arriving, BEGIN } from "./arriving.ts";
import { Background } from "./background.ts";
import { ImageReader } from "./image_reader.ts";
import type { TablesOptions } from "./folder/mod.ts";
import { StateChecks, type TablesReport } from "./state_checks.ts";
import { Brake } from "./merges/mod.ts";
import type { State } from "./state/mod.ts";
import type { Moment } from "./stream.ts";
import { Tables } from "./tables.ts";

const NO_DATA = new Uint8Array(0);
/** Tables that were written from the log do not know the members. */
const NOBODY: Members = { voters: [], outgoing: [], learners: [] };

interface Held {
  readonly moment: Moment;
  readonly release: () => void;
}

/** A state in tables that a node drives. */
export class TableImages implements Images {
  readonly piecesMax = 1;
  readonly #tables: Tables;
  readonly #files: Files;
  readonly #reader: ImageReader;
  readonly #checks: StateChecks;
  #host: ImagesHost | null = null;
  /** Where the state was durable lately, the newest first. */
  #held: readonly Held[] = [];
  #arriving: Arriving | null = null;
  #isWriting = false;
  /** Progress of the image that the node has not taken yet. */
  #news: Arrival | null = null;
  readonly #background: Background;
  readonly #brake: Brake;
  #isClosed = false;
  /** What has arrived is written, as far as it could be. */
  #written: Promise<void> | null = null;

  /** Nothing is opened yet. */
  constructor(options: TablesOptions) {
    this.#tables = new Tables(options);
    this.#files = options.files;
    this.#reader = new ImageReader(this.#tables, options.clock);
    const failed = (error: unknown): void => this.#host?.failed(storageErrorOf(error));
    this.#background = new Background(options, {
      tables: this.#tables,
      mayWork: () => !this.#isClosed && this.#arriving?.isWhole !== true,
      moved: () => this.#holdDurable(),
    });
    this.#brake = new Brake(options.clock, () => this.#host?.changed());
    this.#checks = new StateChecks(this.#tables, { clock: options.clock, failed });
  }

  /**
   * Opens the tables of the folder.
   *
   * @throws {StorageError} If another process uses the tables, or they are damaged.
   */
  async open(): Promise<void> {
    try {
      if (!await this.#files.lock()) {
        throw new StorageError("locked", "another process uses the tables");
      }
      await this.#tables.load();
    } catch (error) {
      throw storageErrorOf(error);
    }
    this.#holdDurable();
  }

  /** What the store keeps its entries in. */
  get state(): State {
    return this.#tables;
  }

  /** How much there is, what it cost, and what it hashes to. */
  status(): TablesReport {
    return { ...this.#tables.status(), checks: this.#checks.results };
  }

  get durable(): Snapshot {
    const { applied: last, members } = this.#tables;
    return { last, members: members ?? NOBODY, data: NO_DATA };
  }

  get canApply(): boolean {
    return this.#arriving?.isWhole !== true && !this.#brake.isOn && this.#tables.pressure < 1;
  }

  get hasRoom(): boolean {
    return this.#background.hasRoom;
  }

  attach(host: ImagesHost): void {
    this.#host = host;
    this.#background.attach(host);
  }

  size(): number {
    return this.#tables.bytes;
  }

  canContinue({ index }: Position): boolean {
    return this.#tables.canRead(index) && index <= this.#tables.position.index;
  }

  read({ last }: Snapshot, place: ImagePlace, bytesMax: number): ImagePiece | null {
    const held = this.#held.find(({ moment }) => moment.at === last.index);
    if (held === undefined && place.cursor.length === 0) return null;
    const deletions = held?.moment.deletions ?? 0;
    return this.#reader.read({ at: last.index, deletions }, place, bytesMax);
  }

  receive(chunk: ImageChunk): Arrival {
    const { last, offset, data } = chunk;
    const now = this.#arriving;
    if (now !== null && (data.length === 0 || now.isWhole || now.isOf(last))) {
      // A question about another image: the leader may be able to continue this one.
      if (now.isOf(last)) now.add(chunk);
      this.#write();
      return now.arrival;
    }
    if (data.length === 0 || offset > 0) {
      return { last, place: BEGIN, isBusy: false, snapshot: null };
    }
    const next = new Arriving(chunk, this.#tables.import());
    next.add(chunk);
    this.#giveUp();
    this.#arriving = next;
    this.#write();
    return next.arrival;
  }

  takeArrival(): Arrival | null {
    const news = this.#news;
    this.#news = null;
    if (news !== null && news.snapshot !== null) this.#arriving = null;
    return news;
  }

  advance(entries: readonly Entry[]): void {
    const { index, term, times } = entries.at(-1)!;
    this.#tables.advance({ index, term, times });
    const bytes = entries.reduce((sum, { data }) => sum + data.length, 0);
    this.#brake.applied({ count: entries.length, bytes }, this.#tables.pressure);
    this.#checks.applied(entries);
    // Entries fill the memory; merges begin when a table was written.
    if (this.#tables.mustWrite) this.#background.begin();
  }

  flush(): void {
    this.#tables.flushSoon();
    this.#background.begin();
  }

  /** Begins to write everything and to merge it into one level, as soon as other work is done. */
  compact(): void {
    this.#tables.compactSoon();
    this.#background.begin();
  }

  async close(isClean: boolean): Promise<void> {
    this.#isClosed = true;
    this.#reader.close();
    await this.#checks.stop();
    await this.#background.idle();
    // An image that is being installed replaces the tables, and only then may they be flushed.
    await this.#written;
    const durable = this.#host?.durable() ?? 0;
    try {
      if (isClean) await this.#tables.flush(durable);
    } catch (error) {
      // The log still holds what a full disk keeps out of the tables.
      if (storageErrorOf(error).kind !== "full") throw error;
    } finally {
      this.#tables.close();
      await this.#files.close();
    }
  }

  /** Keeps the state readable at the position that the log begins behind, for followers. */
  #holdDurable(): void {
    const { applied: { index: at }, appliedDeletions: deletions } = this.#tables;
    const [newest] = this.#held;
    if (newest?.moment.at === at) return;
    const release = this.#tables.hold(at, deletions);
    const [first, ...rest] = this.#held;
    this.#held = [{ moment: { at, deletions }, release }, ...first === undefined ? [] : [first]];
    for (const held of rest) held.release();
  }

  /** Begins to write what has arrived, unless that is under way. */
  #write(): void {
    if (this.#isWriting || this.#isClosed || this.#arriving?.hasWaiting !== true) return;
    this.#isWriting = true;
    const failed = (error: unknown): void => this.#host?.failed(storageErrorOf(error));
    this.#written = this.#writeOn(this.#arriving).catch(failed);
  }

  async #writeOn(arriving: Arriving): Promise<void> {
    let isUsed = true;
    try {
      while (isUsed && this.#arriving === arriving && !this.#isClosed) {
        const written = await arriving.writeNext();
        if (written === false) break;
        isUsed = written === true;
        if (this.#arriving !== arriving) break;
        this.#tell(
          isUsed ? arriving.arrival : { ...arriving.arrival, place: BEGIN, isBusy: false },
        );
      }
      if (this.#arriving === arriving && arriving.isWhole && isUsed && !this.#isClosed) {
        isUsed = arriving.import.isComplete && await this.#install(arriving);
        if (isUsed) return;
      }
    } catch (error) {
      if (storageErrorOf(error).kind !== "full") throw error;
      isUsed = false;
    } finally {
      this.#isWriting = false;
    }
    if (!isUsed && this.#arriving === arriving) this.#arriving = null;
    // An image that is given up must not keep its files.
    if (this.#arriving !== arriving) await arriving.import.abandon();
    this.#host?.changed();
    this.#write();
    this.#background.begin();
  }

  /** Puts an image into force that has arrived whole. */
  async #install(arriving: Arriving): Promise<boolean> {
    await this.#background.idle();
    if (this.#isClosed) return false;
    await this.#tables.replace(arriving.import, arriving);
    this.#reader.close();
    this.#checks.forgetPeriod();
    this.#holdDurable();
    const { last, members } = arriving;
    const snapshot = { last, members, data: NO_DATA };
    this.#tell({ ...arriving.arrival, isBusy: false, snapshot });
    return true;
  }

  #tell(arrival: Arrival): void {
    this.#news = arrival;
    this.#host?.changed();
  }

  /** Another image replaces the arriving one. */
  #giveUp(): void {
    const before = this.#arriving;
    this.#arriving = null;
    if (before !== null && !this.#isWriting) {
      before.import.abandon().catch((error) => this.#host?.failed(storageErrorOf(error)));
    }
  }
}
