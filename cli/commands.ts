/**
 * Joins the rows of the table with their code, for the executable and for its shell. The code is
 * loaded when a command runs. A row without code, or code that uses an option its row lacks, does
 * not compile.
 *
 * @module
 */

import { rows, shellRows } from "./rows/mod.ts";
import type {
  ClusterFlag,
  Command,
  CommandCode,
  CommandRow,
  LoadedCode,
  ShellCode,
} from "./table/mod.ts";

type Rows = (typeof rows)[number];
type ShellRows = (typeof shellRows)[number];

/** The function that loads the code, for every row. */
type Loaders =
  & {
    readonly [Row in Rows as Row["name"]]: () => Promise<
      Row extends { inShell: true } ? CommandCode<Row> & ShellCode<Row> : CommandCode<Row>
    >;
  }
  & { readonly [Row in ShellRows as Row["name"]]: () => Promise<ShellCode<Row>> };

const loaders: Loaders = {
  node: () => import("./node/node_command.ts"),
  up: () => import("./shell/up_command.ts"),
  get: async () => (await import("./store/kv_command.ts")).get,
  put: async () => (await import("./store/kv_command.ts")).put,
  delete: () => import("./store/delete_command.ts"),
  list: async () => (await import("./store/list_command.ts")).list,
  count: async () => (await import("./store/list_command.ts")).count,
  history: () => import("./store/history_command.ts"),
  batch: () => import("./store/batch_command.ts"),
  export: async () => (await import("./store/transfer_commands.ts")).dump,
  import: async () => (await import("./store/transfer_commands.ts")).load,
  watch: async () => (await import("./store/watch_command.ts")).watch,
  lock: async () => (await import("./cluster/lock_command.ts")).lock,
  elect: () => import("./store/elect_command.ts"),
  lease: () => import("./store/lease_command.ts"),
  shell: () => import("./shell/shell_command.ts"),
  status: async () => (await import("./cluster/status_command.ts")).status,
  member: async () => (await import("./members/member_command.ts")).member,
  transfer: async () => (await import("./members/member_command.ts")).transfer,
  compact: async () => (await import("./cluster/compact_command.ts")).compact,
  partition: async () => (await import("./cluster/faults_command.ts")).partition,
  heal: async () => (await import("./cluster/faults_command.ts")).heal,
  faults: async () => (await import("./cluster/faults_command.ts")).faults,
  test: () => import("./trials/test_command.ts"),
  sim: async () => (await import("./trials/sim_command.ts")).sim,
  fuzz: async () => (await import("./trials/sim_command.ts")).fuzz,
  check: () => import("./trials/check_command.ts"),
  bench: () => import("./trials/bench_command.ts"),
  inspect: () => import("./node/inspect_command.ts"),
  recover: () => import("./node/recover_command.ts"),
  version: () => import("./version_command.ts"),
  begin: async () => (await import("./store/open_batch_commands.ts")).begin,
  commit: async () => (await import("./store/open_batch_commands.ts")).commit,
  rollback: async () => (await import("./store/open_batch_commands.ts")).rollback,
  unlock: async () => (await import("./cluster/lock_command.ts")).unlock,
  kill: async () => (await import("./cluster/process_commands.ts")).kill,
  start: async () => (await import("./cluster/process_commands.ts")).start,
  sleep: async () => (await import("./cluster/process_commands.ts")).sleep,
};

const clusterFlags: readonly string[] = ["endpoints", "data"] satisfies ClusterFlag[];

/** Every command, in the order of `--help`. */
export const commands: readonly Command[] = rows.map(withCode);

/** Every command of the shell but `help` and `exit`. */
export const shellCommands: readonly Command[] = [
  ...rows.filter((row: CommandRow) => row.inShell === true).map(withCode).map(inShell),
  ...shellRows.map(withCode),
];

function withCode(row: Rows | ShellRows): Command {
  // The cast is safe because the parser makes exactly the options of the row.
  return { ...row, load: loaders[row.name] as () => Promise<LoadedCode> };
}

/** A command without the flags that name a cluster, and without examples that use them. */
function inShell(command: Command): Command {
  return {
    ...command,
    flags: command.flags.filter((flag) => !clusterFlags.includes(flag.name)),
    examples: command.examples
      .filter((example) => !clusterFlags.some((flag) => example.line.includes(`--${flag}`)))
      .map((example) => ({ ...example, line: example.line.replace(/^kontiki /, "") })),
  };
}
