/**
 * Rows of the commands on a cluster: its keys, its state, a shell.
 *
 * @module
 */

import type { CommandRow } from "../table/mod.ts";
import {
  argument,
  clusterFlags,
  duration,
  integer,
  keyHex,
  onlyNode,
  optional,
  revision,
  stale,
  text,
  toggle,
} from "./flags.ts";

/** `kontiki get`. */
export const get = {
  name: "get",
  inShell: true,
  summary: "Print the value of a key.",
  description: [
    "The read is linearizable: it sees every write that was acknowledged before it began. On a " +
    "terminal the version is shown too; in a pipe only the bytes of the value are written.",
    "With --stale any node may answer from what it has applied, if that is known to be new enough; " +
    "otherwise it reads the newest. The answer says how old it is at most.",
  ],
  arguments: [argument("KEY", "the key to read", { completes: "key" })],
  flags: [revision, stale, keyHex, onlyNode, ...clusterFlags],
  examples: [
    { line: "kontiki get colour", help: "from the local cluster" },
    { line: "kontiki get colour --revision 17", help: "what it held then" },
    { line: "kontiki get colour --stale 5s", help: "what any node has, at most 5 seconds old" },
    { line: "kontiki get colour --endpoints 10.0.0.1:7401,10.0.0.2:7401", help: "from elsewhere" },
  ],
} as const satisfies CommandRow;

/** `kontiki put`. */
export const put = {
  name: "put",
  inShell: true,
  summary: "Set the value of a key.",
  description: [
    "Without --version the value is written whatever the key holds. With --version the write happens " +
    "only if the key has exactly that version; 0 means that the key was never written. When the " +
    "outcome is unknown, put says so and does not try again. Keys are text of 1 to 4096 bytes, values " +
    "any bytes up to 1 MiB.",
  ],
  arguments: [
    argument("KEY", "the key to write", { completes: "key" }),
    argument("VALUE", "the new value; `-` reads it from standard input"),
  ],
  flags: [
    integer("version", "the version that the key must have", { min: 0 }),
    keyHex,
    toggle("value-hex", "VALUE is hexadecimal, two digits for each byte"),
    duration("expires-in", "the key goes after this time, by the clock of the cluster", { min: 1 }),
    integer("lease", "the key goes with this lease", { min: 1 }),
    onlyNode,
    ...clusterFlags,
  ],
  examples: [
    { line: "kontiki put colour blue", help: "whatever the key holds now" },
    { line: "kontiki put colour red --version 1", help: "only over version 1" },
    { line: "kontiki put picture - < picture.png", help: "the bytes of a file" },
    { line: "kontiki put magic 89504e47 --value-hex", help: "these four bytes" },
    { line: "kontiki put -- -n -1", help: "a key and a value that begin with a hyphen" },
  ],
} as const satisfies CommandRow;

/** How long a lease lives. */
const leaseTtl = duration("ttl", "how long the lease lives without being renewed", {
  default: "10s",
  min: 100,
  max: 86_400_000,
});

/** `kontiki lock`. */
export const lock = {
  name: "lock",
  inShell: true,
  summary: "Hold a lock while a program runs.",
  description: [
    "Waits in the queue of the lock NAME until it is free, takes it, runs the program after `--`, " +
    "gives the lock back and exits with the program's exit code. Without a program it holds the lock " +
    "until Ctrl-C. The queue is keys: `kontiki list lock/NAME/` shows holder and waiting clients. A " +
    "client that dies leaves it after --ttl; --release takes the lock from its holder at once.",
    "A holder looks twice a second whether the lock is still its own. When it was taken away, or no " +
    "server has answered for --ttl, the program gets SIGTERM, and SIGKILL three seconds later, and " +
    "the exit code is 8. The program finds its token in KONTIKI_LOCK_TOKEN: a batch with the check " +
    '`{"lock": "NAME", "revision": TOKEN}` changes nothing once the lock is lost.',
  ],
  arguments: [argument("NAME", "the lock")],
  flags: [
    toggle("release", "free the lock, whichever client holds it, and exit"),
    duration(
      "wait",
      "how long to wait for the lock; left out: as long as the cluster answers within --timeout",
    ),
    leaseTtl,
    ...clusterFlags,
  ],
  rest: "COMMAND…",
  examples: [{
    line: "kontiki lock backup -- tar cf backup.tar files",
    help: "one backup at a time",
  }],
} as const satisfies CommandRow;

/** `kontiki elect`. */
export const elect = {
  name: "elect",
  inShell: true,
  summary: "Run a program while this client leads.",
  description: [
    "Stands for the election NAME, in the order in which clients came, and runs the program after " +
    "`--` when it leads. When it is deposed, the program gets SIGTERM, and SIGKILL three seconds " +
    "later, and the client stands again. It ends with its program, with the same exit code.",
    "An election is a lock: `kontiki list lock/NAME/ --limit 1` shows the leader and what it " +
    "announces, `kontiki lock NAME --release` deposes it, and KONTIKI_LOCK_TOKEN is its token.",
  ],
  arguments: [argument("NAME", "the election")],
  flags: [
    text("value", "what the leader announces; left out: its host and process", { value: "TEXT" }),
    duration(
      "wait",
      "how long to wait for the lead; left out: as long as the cluster answers within --timeout",
    ),
    leaseTtl,
    ...clusterFlags,
  ],
  rest: "COMMAND…",
  examples: [{
    line: "kontiki elect scheduler --value 10.0.0.1:80 -- ./scheduler",
    help: "one scheduler at a time, and others take over",
  }],
} as const satisfies CommandRow;

/** `kontiki lease`. */
export const lease = {
  name: "lease",
  inShell: true,
  summary: "Begin, renew, list or end leases, with which keys end.",
  description: [
    "ACTION is `list`, `grant`, `renew` or `revoke`. `grant` begins a lease that lives for --ttl and " +
    "prints its number; `renew` gives it its whole time again; `revoke` ends it and removes its keys. " +
    "`kontiki put KEY VALUE --lease N` binds a key to a lease: it goes when the lease ends.",
    "The time of a lease runs only while the cluster has a leader.",
  ],
  arguments: [
    argument("ACTION", "list, grant, renew or revoke"),
    optional("LEASE", "the number of the lease, for renew and revoke"),
  ],
  flags: [leaseTtl, ...clusterFlags],
  examples: [
    { line: "kontiki lease grant --ttl 1m", help: "a lease that lives for a minute" },
    { line: "kontiki lease list", help: "all leases, with what is left of each" },
  ],
} as const satisfies CommandRow;

/** `kontiki shell`. */
export const shell = {
  name: "shell",
  summary: "Run commands on a cluster, line by line.",
  description: [
    "On a terminal: history, completion with Tab, `help`. From a pipe: one command a line, `#` " +
    "starts a comment. The exit code is that of the first command that failed.",
  ],
  arguments: [],
  flags: [
    text("exec", "run these commands, separated by `;`, and exit", { value: "COMMANDS" }),
    ...clusterFlags,
  ],
  examples: [
    { line: "kontiki shell", help: "on the local cluster" },
    { line: 'kontiki shell --exec "put colour blue; get colour"', help: "without a terminal" },
  ],
} as const satisfies CommandRow;

/** `kontiki status`. */
export const status = {
  name: "status",
  inShell: true,
  summary: "Show every node: role, term, log, size, lag, faults.",
  description: [
    "Lag is how many committed entries a node has not applied. Save is how long the slowest hundredth " +
    "of its saves took at least, pause the longest stop of its event loop in the last minutes; a " +
    "leader that pauses for longer than 450 ms may lose its leadership.",
    "A snapshot on its way to a follower is a line below the table, with the time that is left.",
  ],
  arguments: [],
  flags: [
    toggle("watch", "draw again and again until Ctrl-C", { short: "w" }),
    duration("interval", "the pause between two drawings with --watch", {
      default: "1s",
      min: 50,
    }),
    ...clusterFlags,
  ],
  examples: [{ line: "kontiki status --watch", help: "keep an eye on the local cluster" }],
} as const satisfies CommandRow;

/** `kontiki member`. */
export const member = {
  name: "member",
  inShell: true,
  summary: "Show, add, remove, promote or move members of a cluster.",
  description: [
    "ACTION is `list`, `add`, `remove`, `replace`, `promote` or `update`. `add` begins to send the " +
    "log to the node that waits at --with and makes it a voter when it has caught up, or leaves it a " +
    "learner with --learner; `replace` lets that node take the place of NODE, also under the same " +
    "number, after its folder was lost; `promote` makes a learner a voter; `update` gives a member " +
    "another address. A change is done when it is committed, and one that was interrupted goes on " +
    "when it is asked for again.",
    "A change after which no majority of the voters would answer is refused without --force: a " +
    "cluster without a majority can write nothing, not even its next members.",
  ],
  arguments: [
    argument("ACTION", "list, add, remove, replace, promote or update", { completes: "action" }),
    optional("NODE", "which node, such as n4; for all but list", { completes: "node" }),
  ],
  flags: [
    text(
      "with",
      "where the new node listens for clients, for add and replace; left out of replace: where NODE " +
        "does, to replace it by itself",
      { value: "HOST:PORT" },
    ),
    text("peer", "where the other nodes reach it, for update", { value: "HOST:PORT" }),
    text("client", "where clients reach it, for update", { value: "HOST:PORT" }),
    toggle("learner", "leave it a learner, which holds the log and does not vote"),
    toggle("dry-run", "say what the members would be, and change nothing"),
    toggle("force", "also if no majority of the voters would answer"),
    ...clusterFlags,
  ],
  examples: [
    { line: "kontiki member list", help: "voters, learners, and how far behind they are" },
    { line: "kontiki member add n4 --with 10.0.0.4:7401", help: "a learner first, then a voter" },
    {
      line: "kontiki member replace n2 --with 10.0.0.2:7401",
      help: "a node that came back with an empty folder",
    },
    { line: "kontiki member remove n2", help: "a node that is lost for good" },
  ],
} as const satisfies CommandRow;

/** `kontiki compact`. */
export const compact = {
  name: "compact",
  inShell: true,
  summary: "Merge all tables of every node now.",
  description: [
    "Nodes merge their tables by themselves, a little at a time, and drop what was overwritten or " +
    "deleted when it is in their way. This drops it at once, wherever no reader needs it. Reads and " +
    "writes go on meanwhile. It takes as much free room on the disk as the tables have.",
  ],
  arguments: [],
  flags: [...clusterFlags],
  examples: [{ line: "kontiki compact", help: "after many keys were deleted, for example" }],
} as const satisfies CommandRow;

/** `kontiki transfer`. */
export const transfer = {
  name: "transfer",
  inShell: true,
  summary: "Let another node lead.",
  description: [
    "The leader stops taking writes, brings its successor up to date and asks it to stand for " +
    "election; that takes a few milliseconds. Without NODE the node that can take over soonest leads.",
  ],
  arguments: [optional("NODE", "which node is to lead", { completes: "node" })],
  flags: [...clusterFlags],
  examples: [{ line: "kontiki transfer n2", help: "before n1 is taken down, for example" }],
} as const satisfies CommandRow;
