/**
 * A history as one page to look at: clients as lanes, operations as bars, faults as a band above,
 * and what cannot be explained marked. The page needs nothing but itself.
 *
 * What happens in the browser is in `script/`. All times on the page are those of the history, as in
 * its file and in the words of `kontiki check`.
 *
 * Invariant: nothing of a history reaches the page but as text or as JSON in which `<` is escaped.
 *
 * @module
 */

import type { Annotation } from "../checker/mod.ts";
import type { CheckResult, Model, Operation, PartitionResult } from "../checker/search/mod.ts";
import type { Bar, Kind, PageData } from "./page_data.ts";
import { pageScript } from "./page_script.ts";
import { timelineStyle } from "./timeline_style.ts";

/** What the page shows besides the verdict. */
export interface Timeline<State, Input, Output> {
  readonly title: string;
  readonly model: Model<State, Input, Output>;
  readonly operations: readonly Operation<Input, Output>[];
  readonly annotations: readonly Annotation[];
}

/** The modules in `script/`, in the order of their imports. */
const SCRIPT = ["view", "drawing", "moving", "timeline"];

/** The number of operations that are listed above the picture, which has them all. */
const LISTED_MAX = 8;

const VERDICTS = {
  ok: "Linearizable",
  illegal: "Not linearizable",
  unknown: "Unknown",
} as const;

/** One self-contained HTML file. */
export function timelinePage<State, Input, Output>(
  timeline: Timeline<State, Input, Output>,
  result: CheckResult,
): string {
  const title = timeline.title === "" ? "History" : timeline.title;
  const data = JSON.stringify(pageData(timeline, result)).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`${VERDICTS[result.verdict]}: ${title}`)}</title>
<style>${timelineStyle}</style>
</head>
<body>
<header>
<div class="heading">
<h1>${escapeHtml(title)}</h1>
<span class="verdict ${result.verdict}">${VERDICTS[result.verdict]}</span>
</div>
${factsHtml(timeline, result)}
${failureHtml(timeline, result)}
</header>
<nav>
<div class="buttons" role="group" aria-label="View">
<button id="fit" title="Show everything (0)">All</button>
<button id="focus" title="Show the failing part (F)"${
    result.failure ? "" : " hidden"
  }>Failure</button>
<button id="out" title="Zoom out (−)" aria-label="Zoom out">−</button>
<button id="in" title="Zoom in (+)" aria-label="Zoom in">+</button>
</div>
<label>Key <select id="key"></select></label>
<ul class="legend">
<li><i class="read"></i>read</li><li><i class="write"></i>write</li>
<li><i class="refused"></i>no effect</li><li><i class="unknown"></i>unknown outcome</li>
${
    result.failure
      ? '<li><i class="failing"></i>failing part</li>'
      : ""
  }<li><i class="point"></i>took effect, in the order found</li>
</ul>
<button id="theme" title="Dark or light" aria-label="Dark or light">◐</button>
</nav>
<main>
<canvas id="top" aria-hidden="true"></canvas>
<div id="stage" tabindex="0" role="img" aria-label="Operations of all clients over time">
<div id="space"></div><canvas id="lanes"></canvas>
</div>
<canvas id="map" aria-hidden="true"></canvas>
</main>
<footer>Scroll with Ctrl to zoom, drag to move, double click to zoom in. A bar reaches from call to return. Times are those of the history.</footer>
<div id="tip" role="tooltip" hidden></div>
<noscript>The picture needs JavaScript; the verdict and the failing part above do not.</noscript>
<script type="application/json" id="data">${data}</script>
<script type="module">${pageScript(SCRIPT)}</script>
</body>
</html>
`;
}

function factsHtml<State, Input, Output>(
  { model, operations, annotations }: Timeline<State, Input, Output>,
  { partitions }: CheckResult,
): string {
  const clients = new Set(operations.map(({ client }) => client)).size;
  const unknown = partitions.filter(({ verdict }) => verdict === "unknown").length;
  const facts = [
    plural(operations.length, "operation"),
    plural(clients, "client"),
    plural(partitions.length, "key"),
    ...(unknown === 0 ? [] : [`${plural(unknown, "key")} undecided`]),
    ...(annotations.length === 0
      ? []
      : [plural(annotations.length, "fault or note", "faults and notes")]),
    `model ${model.name}`,
  ];
  return `<p class="facts">${facts.map((fact) => `<span>${escapeHtml(fact)}</span>`).join("")}</p>`;
}

function failureHtml<State, Input, Output>(
  { model, operations }: Timeline<State, Input, Output>,
  { failure }: CheckResult,
): string {
  if (failure === null) return "";
  const item = (place: number): string => {
    const { client, call, return: end, input, output } = operations[place]!;
    const mark = place === failure.culprit ? ' class="culprit"' : "";
    const exact = (time: number): string => String(Number(time.toFixed(3)));
    const times = `client ${client}, from ${exact(call)} to ${end === null ? "?" : exact(end)} ms`;
    return `<li${mark}><code>${escapeHtml(model.describe(input, output))}</code> <small>${
      escapeHtml(times)
    }</small></li>`;
  };
  const start = failure.start.map((state) => `<code>${escapeHtml(state)}</code>`).join(" or ");
  const subject = failure.operations.length === 1
    ? "This operation fits"
    : `These ${failure.operations.length} operations fit`;
  const list = (places: readonly number[]): string =>
    `<ul>${places.slice(0, LISTED_MAX).map(item).join("")}${
      places.length > LISTED_MAX ? `<li>and ${places.length - LISTED_MAX} more</li>` : ""
    }</ul>`;
  const optional = failure.optional.length === 0
    ? ""
    : `<p>It does not help that ${
      failure.optional.length === 1 ? "this one" : "these"
    } may have taken effect or not:</p>${list(failure.optional)}`;
  return `<section class="failure">
<p>${subject} in no order on key <code>${
    escapeHtml(failure.key)
  }</code>. Before, it could only be ${start}.</p>
${list(failure.operations)}
${optional}
</section>`;
}

function pageData<State, Input, Output>(
  timeline: Timeline<State, Input, Output>,
  result: CheckResult,
): PageData {
  const { model, operations, annotations } = timeline;
  const { from, to } = extentOf(timeline);
  const ends = barEnds(operations, to);
  const { rows, rowOf } = packRows(operations, ends);
  const bars = operations.map((operation, place): Bar => ({
    r: rowOf[place]!,
    s: operation.call,
    e: ends[place]!,
    k: kindOf(model, operation),
    l: model.describe(operation.input, operation.output),
    q: 0,
    f: 0,
    o: null,
    p: null,
  }));
  return {
    bars: markBars(bars, { operations, timeline, result }),
    rows,
    keys: result.partitions.map(({ key, verdict }) => ({ key, verdict })),
    bands: annotations.map((annotation) => ({ ...annotation, end: annotation.end ?? to })),
    from,
    to,
  };
}

/** The first and the last moment, of which the second is always later. */
function extentOf<State, Input, Output>(
  { operations, annotations }: Timeline<State, Input, Output>,
): Pick<PageData, "from" | "to"> {
  let [from, to] = [Infinity, -Infinity];
  const include = (start: number, end: number | null): void => {
    from = Math.min(from, start);
    to = Math.max(to, end ?? start);
  };
  for (const { call, return: returned } of operations) include(call, returned);
  for (const { start, end } of annotations) include(start, end);
  return from > to ? { from: 0, to: 1 } : { from, to: Math.max(to, from + 0.001) };
}

function markBars<State, Input, Output>(
  bars: readonly Bar[],
  options: {
    readonly operations: readonly Operation<Input, Output>[];
    readonly timeline: Timeline<State, Input, Output>;
    readonly result: CheckResult;
  },
): Bar[] {
  const { operations, timeline, result } = options;
  const numbers = new Map(result.partitions.map(({ key }, number) => [key, number]));
  const marked = bars.map((bar, place): Bar => ({
    ...bar,
    q: numbers.get(timeline.model.partition(operations[place]!.input)) ?? 0,
  }));
  for (const partition of result.partitions) {
    for (const [place, effect] of effectTimes(partition, operations)) {
      marked[place] = { ...marked[place]!, o: effect.order, p: effect.time };
    }
  }
  const { failure } = result;
  for (const place of failure?.optional ?? []) marked[place] = { ...marked[place]!, f: 0.5 };
  for (const place of failure?.operations ?? []) marked[place] = { ...marked[place]!, f: 1 };
  if (failure) marked[failure.culprit] = { ...marked[failure.culprit]!, f: 2 };
  return marked;
}

/** The earliest moments at which the operations can take effect in the order that was found. */
function effectTimes<Input, Output>(
  { longest }: PartitionResult,
  operations: readonly Operation<Input, Output>[],
): Map<number, { readonly order: number; readonly time: number }> {
  const times = new Map<number, { readonly order: number; readonly time: number }>();
  let time = -Infinity;
  for (const [order, place] of longest.entries()) {
    time = Math.max(time, operations[place]!.call);
    times.set(place, { order: order + 1, time });
  }
  return times;
}

/** A lost operation is drawn until its client went on, or to the end. */
function barEnds<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  end: number,
): number[] {
  const ends: number[] = [];
  const nextCall = new Map<number, number>();
  const byCall = [...operations.keys()].sort((a, b) => operations[b]!.call - operations[a]!.call);
  for (const place of byCall) {
    const { client, call, return: returned } = operations[place]!;
    ends[place] = returned ?? nextCall.get(client) ?? end;
    nextCall.set(client, call);
  }
  return ends;
}

/** Clients from top to bottom; one that does several things at once gets several rows. */
function packRows<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  ends: readonly number[],
): { readonly rows: string[]; readonly rowOf: number[] } {
  const rows: string[] = [];
  const rowOf: number[] = [];
  const byClient = Map.groupBy(operations.keys(), (place) => operations[place]!.client);
  for (const client of [...byClient.keys()].sort((a, b) => a - b)) {
    const free: number[] = [];
    const first = rows.length;
    const places = byClient.get(client)!.sort((a, b) => operations[a]!.call - operations[b]!.call);
    for (const place of places) {
      let row = free.findIndex((time) => time <= operations[place]!.call);
      if (row === -1) {
        row = free.length;
        rows.push(row === 0 ? `client ${client}` : "");
      }
      free[row] = ends[place]!;
      rowOf[place] = first + row;
    }
  }
  return { rows, rowOf };
}

function kindOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  { input, output }: Operation<Input, Output>,
): Kind {
  if (output === null) return "unknown";
  if (model.isReadOnly(input, null)) return "read";
  return model.isReadOnly(input, output) ? "refused" : "write";
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
