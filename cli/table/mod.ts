/**
 * What every command is made of: rows, options, help, output, reasons to end.
 *
 * @module
 */

export type {
  AnyContext,
  ClusterFlag,
  Command,
  CommandCode,
  CommandContext,
  Ending,
  LoadedCode,
  SessionContext,
  ShellCode,
} from "./command.ts";
export { attempt, CommandError, systemMessage, UsageError } from "./errors.ts";
export { exitCodes, type ExitReason } from "./exit_codes.ts";
export { commandHelp, overviewHelp, referencePage, usageLine } from "./help.ts";
export { linesOf } from "./lines.ts";
export {
  addressText,
  type NamedNodes,
  nodeName,
  nodesFor,
  parseGroups,
  parseNodeName,
} from "./node_name.ts";
export {
  type ClientAddress,
  COMPACT_REQUEST,
  type CountingReport,
  IDENTITY_REQUEST,
  leaderOf,
  type LevelFigures,
  MEMBER_ACTIONS,
  MEMBERS_REQUEST,
  type NodeIdentity,
  type NodeReport,
  parseNodeIdentity,
  parseNodeReport,
  REPORT_REQUEST,
  type SaveFigures,
  TRANSFER_REQUEST,
} from "./node_report.ts";
export { parseCommand, parseCommandLine } from "./options.ts";
export {
  type Column,
  countText,
  cutText,
  decodeText,
  displayBytes,
  displayWidth,
  formatBytes,
  formatCount,
  formatDuration,
  formatTable,
  jsonBytes,
  Output,
  paintText,
  terminalColumns,
} from "./output.ts";
export type { ArgumentRow, CommandRow, FlagRow, FlagType } from "./row.ts";
export { HEAP_FLAG, permissions, selfCommand } from "./self_command.ts";
export type { FaultControl, ProcessControl, Session, SessionNode } from "./session.ts";
export { untilInterrupted } from "./until_interrupted.ts";
export { parseDuration, parseHex } from "./values.ts";
