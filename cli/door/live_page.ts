/**
 * The live page as one self-contained file: its script and style are in it, and its policy names
 * their hashes, so that a browser runs nothing else and asks no other server.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Route } from "../../net/http/mod.ts";

const folder = new URL("page/", import.meta.url);

/** The modules of the script, in the order of their imports. */
export const LIVE_SCRIPT = [
  "shared",
  "connection",
  "delays",
  "ring",
  "cards",
  "plots",
  "keys",
  "live",
];

/**
 * The text of modules without what joins them: they share one scope, so that no two of them may give
 * the same name to different things.
 */
export function joinedScript(names: readonly string[]): string {
  return names.map((name) => Deno.readTextFileSync(new URL(`${name}.js`, folder))).join("\n")
    .replaceAll(/^import [^;]*;\n/gm, "")
    .replaceAll(/^export /gm, "");
}

/** What other pages take from this one: elements, colours and canvases. */
export function sharedScript(): string {
  return joinedScript(["shared"]);
}

/** How pages look. */
export function liveStyle(): string {
  return Deno.readTextFileSync(new URL("live.css", folder));
}

/** The page, and the policy that lets a browser run it. */
export function livePage(): { readonly html: string; readonly policy: string } {
  const style = liveStyle();
  const script = joinedScript(LIVE_SCRIPT);
  const starter = Deno.readTextFileSync(new URL("starter.js", folder));
  const hash = (text: string): string =>
    `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)} ${hash(starter)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { html: pageHtml({ style, starter, script }), policy };
}

/** `GET /`. It holds nothing of the cluster, so that it needs no token. */
export function pageRoute(): Route {
  const { html, policy } = livePage();
  return {
    ...{ method: "GET", path: "/", access: "open" },
    handle: () =>
      new Response(html, {
        headers: {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": policy,
        },
      }),
  };
}

const ICON = "data:image/svg+xml," + encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="13" ` +
    `fill="none" stroke="#5b8def" stroke-width="4"/><circle cx="16" cy="5" r="5" fill="#e0a100"/></svg>`,
);

/** Three nodes without names, until the first state arrives. */
const GHOST = [[320, 78], [491, 315], [149, 315]] as const;

function ghostHtml(): string {
  const line = GHOST.map((place) => place.join(" ")).join(" L");
  const nodes = GHOST.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="50"/>`).join("");
  return `<g class="ghost"><path d="M${line} Z"/>${nodes}</g>`;
}

interface PageParts {
  readonly style: string;
  readonly starter: string;
  readonly script: string;
}

function pageHtml({ style, starter, script }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kontiki</title>
<link rel="icon" href="${ICON}">
<style>${style}</style>
</head>
<body>
<header class="top">
<h1>Kontiki<small id="cluster"></small></h1>
<span id="status" class="status fair">connecting</span>
<span id="up" class="soft"></span>
<span id="revision" class="soft"></span>
<span class="gap"></span>
<div id="controls" role="group" aria-label="What happens to the cluster" hidden>
<button id="load" aria-pressed="false">Load<kbd>L</kbd></button>
<button id="noise" aria-pressed="false">Bad network<kbd>X</kbd></button>
<button id="heal">Heal<kbd>H</kbd></button>
</div>
<button id="theme" title="Dark or light (T)" aria-label="Dark or light">◐</button>
</header>
<form id="login" class="panel" hidden>
<label for="token">This port wants a token</label>
<input id="token" type="password" autocomplete="off"><button>Go on</button>
</form>
<main>
<section class="panel stage" aria-label="The nodes and the links between them">
<svg id="ring" viewBox="0 -14 640 413" role="group" aria-label="Nodes">${ghostHtml()}</svg>
<p id="hint" hidden>Click a link to cut or mend it; the button beside it delays its messages. Keys 1 to 9 choose a node.</p>
</section>
<section id="cards" aria-label="Nodes">${
    `<article class="card ghost"></article>`.repeat(3)
  }</section>
<ul class="legend" aria-label="Entries of the logs">
<li>The end of each log:</li><li><i class="applied"></i>applied</li><li><i class="saved"></i>saved</li>
<li><i class="unsaved"></i>not saved yet</li>
</ul>
<section class="panel box"><h2>What happened</h2><ol id="history" aria-live="polite"></ol></section>
</main>
<aside>
<section class="panel plot">
<h2>Throughput</h2><p class="keys"><i class="write"></i>writes <b id="writes">–</b><i class="read"></i>reads <b id="reads">–</b></p>
<canvas id="throughput" role="img" aria-label="Writes and reads a second, over two minutes"></canvas>
</section>
<section class="panel plot">
<h2>Latency at the nodes</h2><p class="keys"><i class="write"></i>writes <b id="writeMs">–</b><i class="read"></i>reads <b id="readMs">–</b></p>
<canvas id="latency" role="img" aria-label="Latency of writes and reads, over two minutes"></canvas>
</section>
<section class="panel box">
<h2>Keys <input id="prefix" type="search" placeholder="prefix" aria-label="Prefix of the keys"></h2>
<div class="scroll"><table>
<thead><tr><th>key</th><th>value</th><th class="number">version</th><th class="number">revision</th></tr></thead>
<tbody id="entries"></tbody>
</table></div>
<p id="more" hidden>and more</p>
</section>
</aside>
<footer>
<a href="/metrics">metrics</a><a href="/readyz">health</a><a href="/v1/openapi.json">API</a>
</footer>
<div id="toast" role="status" hidden></div><noscript>This page needs JavaScript.</noscript>
<script type="text/plain" id="script">${script}</script>
<script>${starter}</script>
</body>
</html>
`;
}
