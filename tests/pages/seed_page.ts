/**
 * A seed of the simulator as one page to look at: a space-time diagram with a column for each node.
 * The page needs nothing but itself. What happens in the browser is in `script/seed.js`.
 *
 * Invariant: nothing of a run reaches the page but as text or as JSON in which `<` is escaped.
 *
 * @module
 */

import { liveStyle, sharedScript } from "../../cli/door/mod.ts";
import { pageScript } from "./page_script.ts";
import type { SeedData } from "./seed_data.ts";

/** What the page says besides the diagram. */
export interface SeedPage {
  readonly title: string;
  /** The violation; empty when there is none. */
  readonly detail: string;
  readonly facts: readonly string[];
  readonly data: SeedData;
}

/** The script of the page. */
export function seedScript(): string {
  return `${sharedScript()}\n${pageScript(["seed"])}`;
}

/** One self-contained HTML file. */
export function seedPage({ title, detail, facts, data }: SeedPage): string {
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  const isGood = detail === "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${liveStyle()}${STYLE}</style>
</head>
<body class="seed">
<header class="top">
<h1>${escapeHtml(title)}</h1>
<span class="status ${isGood ? "good" : "bad"}">${isGood ? "passed" : "violated"}</span>
${facts.map((fact) => `<span class="soft">${escapeHtml(fact)}</span>`).join("\n")}
<span class="gap"></span>
<div class="tools" role="group" aria-label="View">
<button id="previous" title="Previous event (↑ or K)" aria-label="Previous event">↑</button>
<button id="next" title="Next event (↓ or J)" aria-label="Next event">↓</button>
<button id="out" title="Zoom out (−)" aria-label="Zoom out">−</button>
<button id="in" title="Zoom in (+)" aria-label="Zoom in">+</button>
<button id="fit" title="Show everything (0)">All</button>
<button id="failure" title="Where it ends (F)">${isGood ? "End" : "Violation"}</button>
<button id="theme" title="Dark or light" aria-label="Dark or light">◐</button>
</div>
</header>
${isGood ? "" : `<pre class="panel detail">${escapeHtml(detail)}</pre>`}
<main class="panel">
<canvas id="stage" tabindex="0" role="img" aria-label="Messages between nodes over time"></canvas>
<canvas id="overview" aria-label="The whole time"></canvas>
</main>
<aside>
<section class="panel box"><h2>Logs at <span id="now"></span></h2>
<canvas id="logs" role="img" aria-label="The logs of all nodes at the cursor"></canvas>
<ul class="legend"><li><i class="applied"></i>applied</li><li><i class="saved"></i>committed</li>
<li><i class="unsaved"></i>not committed</li><li><i class="base"></i>in the snapshot</li></ul></section>
<section class="panel box"><h2>Shown</h2><div id="kinds" class="filters"></div><div id="nodes" class="filters row"></div></section>
<section class="panel box"><h2>Messages at the cursor</h2><ol id="events"></ol></section>
</aside>
<footer><span>Scroll moves, with Ctrl it zooms; drag moves; a click sets the cursor. Colours are terms, a broad column with gold leads; a cross is a lost message.</span>${
    data.leftOut === 0
      ? ""
      : `<span>${data.leftOut.toLocaleString("en")} earlier messages are left out.</span>`
  }</footer>
<noscript>The diagram needs JavaScript.</noscript>
<script type="application/json" id="data">${json}</script>
<script type="module">${seedScript()}</script>
</body>
</html>
`;
}

const STYLE = `
body.seed { min-height: 100vh; grid-template-columns: minmax(0, 1fr) 340px; grid-template-rows: auto auto 1fr auto; max-width: none; }
body.seed main { grid-template-columns: minmax(0, 1fr) 74px; gap: 0; padding: 10px 6px 8px; height: calc(100vh - 150px); min-height: 420px; align-content: stretch; }
body.seed .detail { grid-column: 1 / -1; margin: 0; padding: 10px 16px; border-left: 4px solid var(--bad); white-space: pre-wrap; max-height: 22vh; overflow: auto; font-size: 12.5px; }
#stage { display: block; width: 100%; height: 100%; cursor: crosshair; touch-action: none; outline-offset: -3px; }
#overview { display: block; width: 74px; height: 100%; cursor: ns-resize; touch-action: none; }
.tools { display: flex; gap: 6px; }
#logs { display: block; width: 100%; height: 150px; margin: 10px 0 6px; }
.filters { display: grid; gap: 5px; margin-top: 10px; font-size: 13px; }
.filters.row { display: flex; flex-wrap: wrap; gap: 5px 16px; padding-top: 10px; border-top: 1px solid var(--line); }
#events .none { color: var(--soft); }
.filter { display: flex; gap: 6px; align-items: center; cursor: pointer; }
.legend .base { background: var(--line); }
.filter input { width: auto; margin: 0; padding: 0; }
.filter i { width: 14px; height: 3px; border-radius: 2px; }
#events { list-style: none; margin: 8px 0 0; padding: 0; font-size: 12px; display: grid; gap: 4px; max-height: 36vh; overflow: auto; }
#events span { color: var(--soft); overflow-wrap: anywhere; } #events .lost b { color: var(--bad); }
@media (max-width: 900px) { body.seed { grid-template-columns: minmax(0, 1fr); grid-template-rows: none; } body.seed main { height: 70vh; } }
`;

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
