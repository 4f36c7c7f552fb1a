/**
 * A headless Chromium for tests of our pages, spoken to over its DevTools socket. Adapter: starts a
 * process, and ends it.
 *
 * Invariant: after `close`, process and profile are gone.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { removeFolder } from "../helpers/mod.ts";

/** One page in a browser of its own. */
export interface Browser {
  /** Everything that went wrong on the page: exceptions, error logs, requests to anywhere. */
  readonly complaints: readonly string[];
  /** The value of an expression on the page. */
  evaluate(expression: string): Promise<unknown>;
  /** Moves the mouse there. */
  hover(x: number, y: number): Promise<void>;
  /** Presses and releases the left button of the mouse there. */
  click(x: number, y: number): Promise<void>;
  /** Presses a key that writes a character. */
  press(key: string): Promise<void>;
  /** The bytes of a PNG. */
  screenshot(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Where to look and how. */
export interface BrowserOptions {
  readonly width: number;
  readonly height: number;
  readonly theme: "light" | "dark";
}

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
];

/** The browser to use, or `null` where there is none. */
export function findBrowser(): string | null {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    for (const name of NAMES) {
      try {
        if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) continue;
        if (error instanceof Deno.errors.NotADirectory) continue;
        throw error;
      }
    }
  }
  return null;
}

const WINDOW: BrowserOptions = { width: 1200, height: 800, theme: "light" };

/** Shows the text of a page to a test; afterwards nothing on the page may have gone wrong. */
export async function withPage(
  html: string,
  use: (page: Browser) => Promise<void>,
  options: Partial<BrowserOptions> = {},
): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".html" });
  try {
    await Deno.writeTextFile(path, html);
    await withUrl(`file://${path}`, use, options);
  } finally {
    await Deno.remove(path);
  }
}

/** Shows a page that a server has to a test; it may ask that server alone. */
export async function withUrl(
  url: string,
  use: (page: Browser) => Promise<void>,
  options: Partial<BrowserOptions> = {},
): Promise<void> {
  const browserPath = findBrowser();
  if (browserPath === null) throw new Error("Cannot show a page: wanted Chromium, found none");
  const page = await openPage(browserPath, url, { ...WINDOW, ...options });
  try {
    await use(page);
    assertEquals(page.complaints, []);
  } finally {
    await page.close();
  }
}

/** Opens a page and waits until it has loaded. */
async function openPage(
  browserPath: string,
  url: string,
  options: BrowserOptions,
): Promise<Browser> {
  const profile = await Deno.makeTempDir({ prefix: "kontiki-browser-" });
  const process = new Deno.Command(browserPath, {
    args: [...FLAGS, `--user-data-dir=${profile}`, "about:blank"],
    // What it leaves in the temporary folder goes with its profile.
    env: { TMPDIR: profile },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const close = async (): Promise<void> => {
    process.kill("SIGKILL");
    await process.status;
    // The browser's helpers end a moment after it, and write until then.
    await removeFolder(profile);
  };
  try {
    const port = await readPort(process.stderr);
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const page = targets.find((target: { type: string }) => target.type === "page");
    const session = await Session.open(page.webSocketDebuggerUrl);
    await session.load(url, options);
    return {
      complaints: session.complaints,
      evaluate: (expression) => session.evaluate(expression),
      hover: async (x, y) => {
        await session.call("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
      },
      click: async (x, y) => {
        const at = { x, y, button: "left", clickCount: 1 };
        await session.call("Input.dispatchMouseEvent", { type: "mousePressed", ...at });
        await session.call("Input.dispatchMouseEvent", { type: "mouseReleased", ...at });
      },
      press: async (key) => {
        await session.call("Input.dispatchKeyEvent", { type: "keyDown", key, text: key });
        await session.call("Input.dispatchKeyEvent", { type: "keyUp", key });
      },
      screenshot: async () => {
        const { data } = await session.call("Page.captureScreenshot", { format: "png" });
        return Uint8Array.from(atob(String(data)), (character) => character.charCodeAt(0));
      },
      close: async () => {
        await session.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The browser chooses its own port and says so in its first lines. */
async function readPort(stderr: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const reader = stderr.pipeThrough(new TextDecoderStream() as never).getReader();
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`Cannot start the browser: wanted its port, got ${text}`);
      text += value;
      const found = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(text);
      if (found !== null) return found[1]!;
    }
  } finally {
    await reader.cancel();
  }
}

type Json = Record<string, unknown>;

/** Requests and events on one DevTools socket. */
class Session {
  readonly complaints: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Json>>();
  readonly #loaded = Promise.withResolvers<void>();
  #url = "";
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }): void => this.#receive(JSON.parse(data));
  }

  static async open(url: string): Promise<Session> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new Session(socket);
  }

  call(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.#last;
    const waiting = Promise.withResolvers<Json>();
    this.#waiting.set(id, waiting);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return waiting.promise;
  }

  async load(url: string, { width, height, theme }: BrowserOptions): Promise<void> {
    this.#url = url;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await this.call(`${domain}.enable`);
    const size = { width, height, deviceScaleFactor: 1, mobile: false };
    await this.call("Emulation.setDeviceMetricsOverride", size);
    const features = [{ name: "prefers-color-scheme", value: theme }];
    await this.call("Emulation.setEmulatedMedia", { features });
    await this.call("Page.navigate", { url });
    await this.#loaded.promise;
  }

  async evaluate(expression: string): Promise<unknown> {
    const reply = await this.call("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (reply["exceptionDetails"] !== undefined) throw new Error(describe(reply));
    return (reply["result"] as Json)["value"];
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.close();
    await closed;
  }

  #receive(message: Json): void {
    const waiting = this.#waiting.get(message["id"] as number);
    if (waiting !== undefined) {
      this.#waiting.delete(message["id"] as number);
      if (message["error"] === undefined) waiting.resolve(message["result"] as Json);
      else waiting.reject(new Error(describe(message["error"])));
      return;
    }
    const params = message["params"] as Json;
    switch (message["method"]) {
      case "Page.loadEventFired":
        return this.#loaded.resolve();
      case "Runtime.exceptionThrown":
        this.complaints.push(describe(params));
        return;
      case "Log.entryAdded":
        this.complaints.push(describe(params["entry"]));
        return;
      case "Network.requestWillBeSent": {
        const { url } = params["request"] as { readonly url: string };
        if (!this.#isOwn(url)) this.complaints.push(`request to ${url}`);
      }
    }
  }

  /** A file has nothing but itself; a server's page may ask its server. */
  #isOwn(url: string): boolean {
    if (url === this.#url || url.startsWith("data:")) return true;
    return this.#url.startsWith("http:") && new URL(url).origin === new URL(this.#url).origin;
  }
}

function describe(value: unknown): string {
  return JSON.stringify(value).slice(0, 600);
}
