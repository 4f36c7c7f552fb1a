/**
 * A copy of the tree in which source may be changed and tests be run, while somebody works on the
 * tree itself.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);
const NOT_COPIED = new Set([".git", ".std", "node_modules"]);
const SETUP_MS = 60_000;

/** How a process ended. */
export interface Run {
  readonly code: number;
  /** Both streams, one behind the other. */
  readonly output: string;
  /** The time was up, or the caller's signal was raised. */
  readonly isCut: boolean;
}

/** One copy in a temporary folder. */
export class TreeCopy {
  readonly #folder: string;
  readonly #signal: AbortSignal;

  private constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
  }

  /** Copies the tree as it is now. The signal ends every process in the copy. */
  static async make(signal: AbortSignal): Promise<TreeCopy> {
    const copy = new TreeCopy(await Deno.makeTempDir({ prefix: "kontiki-tree-" }), signal);
    copyFolder(ROOT, copy.#url(""));
    await copy.run(["run", "-A", "--no-config", "tools/setup.ts"], SETUP_MS);
    return copy;
  }

  /** Runs Deno in the copy. */
  async run(args: readonly string[], timeoutMs: number): Promise<Run> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs)]);
    if (signal.aborted) return { code: 1, output: "", isCut: true };
    const child = new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: this.#folder,
      // Tests wait more than they compute: more of them at once than there are cores.
      env: { NO_COLOR: "1", DENO_JOBS: "4" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    // The signal of Deno.Command would ask politely; a loop without end does not hear that.
    const kill = (): void => child.kill("SIGKILL");
    signal.addEventListener("abort", kill);
    void child.status.then(() => signal.removeEventListener("abort", kill));
    const { code, stdout, stderr } = await child.output();
    const text = new TextDecoder();
    return { code, output: text.decode(stdout) + text.decode(stderr), isCut: signal.aborted };
  }

  /** Reads a file of the copy. */
  read(path: string): string {
    return Deno.readTextFileSync(this.#url(path));
  }

  /** Writes a file of the copy. */
  write(path: string, text: string): void {
    Deno.writeTextFileSync(this.#url(path), text);
  }

  /** Deletes the copy. */
  async remove(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }

  #url(path: string): URL {
    return new URL(path, `file://${this.#folder}/`);
  }
}

function copyFolder(from: URL, to: URL): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory, isFile } of Deno.readDirSync(from)) {
    if (NOT_COPIED.has(name)) continue;
    if (isDirectory) copyFolder(new URL(`${name}/`, from), new URL(`${name}/`, to));
    else if (isFile) Deno.copyFileSync(new URL(name, from), new URL(name, to));
  }
}
