/**
 * Types, the log, saves, options, and the ports of the core.
 *
 * @module
 */

export type { Arrival, ImageChunk, ImagePiece, ImagePlace, Images, ImagesHost } from "./images.ts";
export { invariant, InvariantError } from "./invariant.ts";
export { entryBytes, Log } from "./log.ts";
export { type Clocks, FIRST_TIMES, goesBack, LeaderTime } from "./times.ts";
export {
  fillRaftOptions,
  type FullRaftOptions,
  NODE_ID_MAX,
  type Profile,
  type RaftEnvironment,
  type RaftOptions,
} from "./options.ts";
export type {
  AppendFile,
  Application,
  ByteRange,
  Clock,
  Files,
  Image,
  Random,
  ReadFile,
  Stamp,
  StateMachine,
  Steps,
  Storage,
  Timer,
  Transport,
  WritableFile,
} from "./ports.ts";
export {
  applySave,
  baseOf,
  BEGIN,
  checkSave,
  EMPTY,
  firstGap,
  isSame,
  lastOf,
  ORIGIN,
  positionAt,
} from "./save.ts";
export type { PeerStatus, RoleName, Status } from "./status.ts";
export type {
  AppendAccepted,
  AppendEntries,
  AppendRejected,
  Conflict,
  Effects,
  Entry,
  EntryKind,
  Envelope,
  Index,
  InstallSnapshot,
  InstallSnapshotReply,
  Message,
  Moment,
  NodeId,
  Persistent,
  Position,
  Read,
  ReadAnswer,
  ReadQuestion,
  Removed,
  RequestVote,
  RequestVoteReply,
  Save,
  Snapshot,
  Tail,
  Term,
  TimeoutNow,
  Times,
  Vote,
} from "./types.ts";
export type { Unit } from "./unit.ts";
