/**
 * A real terminal for tests: a program runs in a pane of its own tmux server; tests send keys and
 * read the screen.
 *
 * Invariant: {@linkcode Terminal.close} ends the server and with it the program.
 *
 * @module
 */

/** Whether tmux is installed; without it, tests that need it print so and pass. */
export async function hasTmux(): Promise<boolean> {
  try {
    const { code } = await new Deno.Command("tmux", { args: ["-V"], stdout: "null" }).output();
    return code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Options of a {@linkcode Terminal}. */
export interface TerminalOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly columns: number;
  readonly rows: number;
  /** The folder of the server's socket. */
  readonly folder: string;
}

/** The number of terminals opened so far. */
let opened = 0;

/** One pane with one program. */
export class Terminal {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** Starts the program. */
  static async open(options: TerminalOptions): Promise<Terminal> {
    // A server that is ending may still answer on its socket, so each gets a socket of its own.
    const terminal = new Terminal(`${options.folder}/tmux-${++opened}`);
    const env = Object.entries(options.env).map(([name, value]) => `${name}=${quote(value)}`);
    const line = ["env", ...env, ...options.command.map(quote)].join(" ");
    const size = ["-x", `${options.columns}`, "-y", `${options.rows}`];
    // Keep the pane when the program ends, so that its last output can be read.
    const stays = [";", "set-option", "-g", "remain-on-exit", "on"];
    await terminal.#run("-f", "/dev/null", "new-session", "-d", ...size, line, ...stays);
    return terminal;
  }

  /** Types text literally. */
  async type(text: string): Promise<void> {
    await this.#run("send-keys", "-l", text);
  }

  /** Presses keys by their tmux names, such as `Enter`, `Up`, `C-c`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#run("send-keys", ...keys);
  }

  /** Pastes with bracketed paste if the program has enabled it. */
  async paste(text: string): Promise<void> {
    await this.#run("set-buffer", text);
    await this.#run("paste-buffer", "-p");
  }

  /** Changes the size of the screen. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#run("resize-window", "-x", `${columns}`, "-y", `${rows}`);
  }

  /** The lines on the screen, without blank lines at the end. */
  async screen(): Promise<string[]> {
    const text = await this.#run("capture-pane", "-p");
    return text.trimEnd().split("\n");
  }

  /** The lines that have left the screen at its top. */
  async history(): Promise<string[]> {
    const text = await this.#run("capture-pane", "-p", "-S", "-", "-E", "-1");
    return text.trimEnd() === "" ? [] : text.trimEnd().split("\n");
  }

  /** Waits until the screen fulfils a condition; the error shows the screen. */
  async until(
    wanted: string,
    isThere: (lines: readonly string[]) => boolean,
    waitMs = 30_000,
  ): Promise<void> {
    const deadline = Date.now() + waitMs;
    while (true) {
      const lines = await this.screen();
      if (isThere(lines)) return;
      if (Date.now() > deadline) {
        throw new Error(`wanted ${wanted}, got this screen:\n${lines.join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits for a text anywhere on the screen. */
  async see(text: string, waitMs?: number): Promise<void> {
    await this.until(JSON.stringify(text), (lines) => lines.join("\n").includes(text), waitMs);
  }

  /** Waits until the last line is a prompt followed by the text. */
  async seeLine(text: string): Promise<void> {
    await this.until(
      `a last line "…> ${text}"`,
      (lines) => lines.at(-1)!.endsWith(`> ${text}`.trimEnd()),
    );
  }

  /** Ends the program and its terminal; a second call has no effect. */
  async close(): Promise<void> {
    const ended = await this.#run("kill-server").catch((error: Error) => error.message);
    if (!/^$|no server running/.test(ended)) throw new Error(ended);
  }

  async #run(...args: readonly string[]): Promise<string> {
    const command = new Deno.Command("tmux", {
      args: ["-S", this.#socket, ...args],
      stdout: "piped",
      stderr: "piped",
      env: { TERM: "xterm-256color", LC_ALL: "C.UTF-8" },
    });
    const { code, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    if (code !== 0) throw new Error(`tmux ${args[0]}: ${decoder.decode(stderr)}`);
    return decoder.decode(stdout);
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
