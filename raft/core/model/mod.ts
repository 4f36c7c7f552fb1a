/**
 * What the core is made of and speaks in: types, the log, saves, options, and the ports around it.
 *
 * @module
 */

export { invariant, InvariantError } from "./invariant.ts";
export { entryBytes, Log } from "./log.ts";
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
  checkSave,
  EMPTY,
  firstGap,
  isSame,
  lastOf,
  ORIGIN,
  positionAt,
} from "./save.ts";
export type {
  AppendAccepted,
  AppendEntries,
  AppendRejected,
  Conflict,
  Effects,
  Entry,
  Envelope,
  Index,
  InstallSnapshot,
  InstallSnapshotReply,
  Message,
  NodeId,
  PeerStatus,
  Persistent,
  Position,
  Read,
  RequestVote,
  RequestVoteReply,
  RoleName,
  Save,
  Snapshot,
  Status,
  Tail,
  Term,
  Vote,
} from "./types.ts";
export type { Unit } from "./unit.ts";
