/**
 * How the timeline page looks: colours for light and dark, type, and the frame around the picture.
 * The script takes the colours of what it draws from here.
 *
 * @module
 */

/** The content of the page's style element. */
export const timelineStyle = `
:root {
  color-scheme: light;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2330; --soft: #667085; --faint: #e4e7ec;
  --stripe: #fafbfc; --read: #8ec5ff; --write: #5b6ee1; --refused: #c3cad5; --unknown: #e7b35a;
  --fail: #d92d3a; --failsoft: #fde8e9; --ok: #16805a; --oksoft: #dff5ea; --warn: #96690a; --warnsoft: #fdf1d6;
  --onread: #0d2c4d; --onwrite: #ffffff; --onrefused: #364152; --onunknown: #4b3405; --onfail: #ffffff;
  --partition: #8b5cf6; --crash: #e0475b; --pause: #e08a1e; --network: #1197a8; --info: #7b8794;
  --point: #1b2330;
}
:root[data-theme="dark"] {
  color-scheme: dark;
  --page: #0f131a; --card: #171c25; --ink: #e6eaf0; --soft: #93a0b4; --faint: #2a3240;
  --stripe: #1a202a; --read: #2f6ea8; --write: #6b7cf0; --refused: #3d4757; --unknown: #b98324;
  --fail: #ff5a67; --failsoft: #3a1c22; --ok: #4ccf98; --oksoft: #16352a; --warn: #f0bd5a; --warnsoft: #372b12;
  --onread: #eaf4ff; --onwrite: #ffffff; --onrefused: #ccd5e2; --onunknown: #fff5df; --onfail: #23060a;
  --partition: #a283ff; --crash: #ff7183; --pause: #f5a746; --network: #38bccb; --info: #8794a6;
  --point: #ffffff;
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body {
  display: flex; flex-direction: column; gap: 12px; padding: 20px 24px 12px;
  background: var(--page); color: var(--ink);
  font: 14px/1.45 Inter, "Segoe UI", "SF Pro Text", system-ui, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums;
}
.heading { display: flex; align-items: center; gap: 12px; flex-wrap: wrap; }
h1 { margin: 0; font-size: 20px; font-weight: 650; letter-spacing: -0.01em; }
.verdict { padding: 2px 10px; border-radius: 999px; font-size: 13px; font-weight: 600; }
.verdict.ok { color: var(--ok); background: var(--oksoft); }
.verdict.illegal { color: var(--fail); background: var(--failsoft); }
.verdict.unknown { color: var(--warn); background: var(--warnsoft); }
.facts { margin: 4px 0 0; color: var(--soft); }
.facts span + span::before { content: "·"; margin: 0 8px; color: var(--soft); opacity: .6; }
.failure {
  margin-top: 12px; padding: 10px 14px; background: var(--card); border-radius: 8px;
  border: 1px solid var(--faint); border-left: 4px solid var(--fail); max-height: 26vh; overflow: auto;
}
.failure p { margin: 0; }
.failure ul { margin: 6px 0 0; padding: 0; list-style: none; display: grid; gap: 2px; }
.failure li::before { content: ""; display: inline-block; width: 18px; }
.failure li.culprit::before { content: "✕"; color: var(--fail); font-weight: 700; }
.failure small { color: var(--soft); font-size: 12px; margin-left: 6px; }
.failure ul + p { margin-top: 6px; color: var(--soft); }
.failure p + ul li { color: var(--soft); }
.failure p:first-child + ul li { color: inherit; }
code { font: 12.5px/1.4 "JetBrains Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
nav { display: flex; align-items: center; gap: 16px; flex-wrap: wrap; font-size: 13px; }
.buttons { display: flex; }
button, select {
  font: inherit; color: inherit; background: var(--card); border: 1px solid var(--faint);
  padding: 4px 11px; border-radius: 7px; cursor: pointer;
}
.buttons button { border-radius: 0; margin-left: -1px; }
.buttons button:first-child { border-radius: 7px 0 0 7px; margin-left: 0; }
.buttons button:last-child { border-radius: 0 7px 7px 0; }
button:hover, select:hover { border-color: var(--soft); position: relative; }
:focus-visible { outline: 2px solid var(--write); outline-offset: 1px; }
nav label { color: var(--soft); } nav select { color: var(--ink); max-width: 16em; }
#theme { margin-left: auto; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 0; padding: 0; list-style: none; color: var(--soft); }
.legend li { display: flex; align-items: center; gap: 6px; }
.legend i { width: 18px; height: 10px; border-radius: 3px; }
.legend .read { background: var(--read); } .legend .write { background: var(--write); }
.legend .refused { background: var(--refused); }
.legend .unknown { background: linear-gradient(90deg, var(--unknown), transparent); }
.legend .failing { background: var(--fail); }
.legend .point { width: 7px; height: 7px; border-radius: 0; transform: rotate(45deg); background: var(--point); }
main {
  flex: 1 1 0; min-height: 220px; display: flex; flex-direction: column; overflow: hidden;
  background: var(--card); border: 1px solid var(--faint); border-radius: 10px;
}
canvas { display: block; width: 100%; }
#top { border-bottom: 1px solid var(--faint); cursor: ew-resize; }
#stage { position: relative; flex: 1 1 0; min-height: 0; overflow: hidden auto; cursor: grab; outline-offset: -2px; }
#stage.dragging { cursor: grabbing; }
#lanes { position: sticky; top: 0; }
#space { position: absolute; top: 0; left: 0; width: 1px; }
#map { border-top: 1px solid var(--faint); cursor: ew-resize; }
footer { color: var(--soft); font-size: 12px; }
#tip {
  position: fixed; z-index: 2; pointer-events: none; max-width: 420px; padding: 8px 11px;
  background: var(--card); border: 1px solid var(--faint); border-radius: 8px;
  box-shadow: 0 6px 24px rgb(0 0 0 / .18); font-size: 13px; overflow-wrap: anywhere;
}
#tip b { display: block; font: 600 13px/1.4 "JetBrains Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
#tip span { display: block; color: var(--soft); }
#tip span.bad { color: var(--fail); font-weight: 600; }
`;
