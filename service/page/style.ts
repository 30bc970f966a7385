/**
 * The one style sheet, sent inside the page. Positive is teal with a straight underline and ▲, negative is orange with a
 * wavy underline and ▼: two hues that differ for every kind of colour vision, and never colour alone.
 */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #f7f6f3; --card: #ffffff; --ink: #1f2429; --soft: #565d66; --line: #dcd9d2; --field: #8a8f96;
  --accent: #1f5f8b; --on-accent: #ffffff;
  --pos: #0a6a6a; --neg: #a2400c; --pos-1: #e6f4f2; --pos-2: #cdeae6; --pos-3: #aadcd6;
  --neg-1: #fcefe6; --neg-2: #f9dfcd; --neg-3: #f4c8a9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1c2125; --ink: #e7e9ea; --soft: #a7afb6; --line: #343b41; --field: #7c858d;
    --accent: #8cc4ec; --on-accent: #0d1c27;
    --pos: #6fd3cb; --neg: #f5ab78; --pos-1: #1c3836; --pos-2: #1d4b48; --pos-3: #1c605c;
    --neg-1: #3c2b20; --neg-2: #533520; --neg-3: #6d401f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Cantarell, sans-serif;
}
.wide { max-width: 60rem !important; }
.page { max-width: 45rem; margin: 0 auto; padding: 3rem 1.25rem 2rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.25; letter-spacing: -0.015em; font-weight: 650; }
h1 a { color: inherit; text-decoration: none; }
h2, h3 { margin: 0; line-height: 1.3; font-weight: 650; }
h3 { font-size: 1.0625rem; }
p { margin: 0; }
a { color: var(--accent); text-underline-offset: 0.15em; }
.lead { margin-top: 0.4rem; color: var(--soft); }
.card { margin-top: 1.5rem; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.9rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
label, .examples h2, .feedback h2, .file h2 { display: block; font-size: 1rem; font-weight: 600; }
textarea {
  display: block; width: 100%; min-height: 7.5rem; margin: 0.5rem 0 1rem; padding: 0.75rem 0.9rem; resize: vertical;
  font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--field); border-radius: 0.6rem;
}
textarea[aria-invalid] { border-color: var(--neg); border-width: 2px; }
button { font: inherit; color: inherit; cursor: pointer; }
.go {
  padding: 0.6rem 1.5rem; font-weight: 600; color: var(--on-accent); background: var(--accent);
  border: 1px solid transparent; border-radius: 0.6rem;
}
.go:hover { filter: brightness(1.1); }
.go:active { filter: brightness(0.95); }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.6rem 1.25rem; margin-top: 0.6rem; }
.row > * { min-width: 0; max-width: 100%; }
input[type="file"] { font: inherit; }
.row[hidden] { display: none; }
.check { display: inline-flex; align-items: center; gap: 0.5rem; }
.check label, .row label { font-weight: 400; }
input[type="checkbox"] { width: 1.15rem; height: 1.15rem; accent-color: var(--accent); }
select, .row > button:not(.go), .share button { padding: 0.4rem 0.9rem; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--field); border-radius: 0.6rem; }
progress { flex: 1; min-width: 8rem; height: 0.8rem; accent-color: var(--accent); }
.file h2, .model h2 { font-size: 1.1rem; }
.file.over { border-color: var(--accent); border-style: dashed; }
.share { margin-top: 1.25rem; }
.share p { margin-top: 0.6rem; }
summary { cursor: pointer; color: var(--accent); }
pre { margin: 0.6rem 0 0; padding: 0.75rem 0.9rem; background: var(--paper); border: 1px solid var(--line); border-radius: 0.6rem; white-space: pre-wrap; overflow-wrap: anywhere; font: 0.875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.alert { margin: 0 0 1rem; padding: 0.7rem 0.9rem; border: 1px solid var(--neg); border-left-width: 0.35rem; border-radius: 0.5rem; }
.alert p + p { color: var(--soft); }
.examples { margin-top: 1.5rem; }
.examples ul { display: grid; gap: 0.5rem; margin: 0.6rem 0 0; padding: 0; list-style: none; }
.row > button[aria-pressed] { border-color: var(--accent); font-weight: 600; }
.examples button {
  width: 100%; padding: 0.55rem 0.9rem; text-align: left; line-height: 1.45;
  background: transparent; border: 1px solid var(--line); border-radius: 0.6rem;
}
.examples button:hover { border-color: var(--accent); background: var(--card); }
.feedback p:not(.note) { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-top: 0.6rem; }
.feedback button { padding: 0.55rem 0.9rem; background: transparent; border: 1px solid var(--line); border-radius: 0.6rem; }
.feedback button:hover { border-color: var(--accent); }
.result:focus { outline: none; }
.verdict { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0.25rem 1rem; }
.verdict h2 { font-size: 1.5rem; }
.verdict p { color: var(--soft); }
.verdict strong { color: var(--ink); font-variant-numeric: tabular-nums; }
.positive .verdict h2, .up { color: var(--pos); }
.negative .verdict h2, .down { color: var(--neg); }
.shares tbody tr:first-child > * { border-top: 0; }
.scale { display: block; width: 100%; height: 0.7rem; margin-top: 0.9rem; border-radius: 0.35rem; }
.scale .track { fill: var(--line); }
.positive .scale .part { fill: var(--pos); }
.negative .scale .part { fill: var(--neg); }
.scale .middle { fill: var(--ink); }
.ends { display: flex; justify-content: space-between; margin-top: 0.3rem; font-size: 0.875rem; color: var(--soft); }
.why { margin-top: 1.75rem; }
.marked { margin-top: 0.6rem; font-size: 1.125rem; line-height: 1.9; white-space: pre-wrap; overflow-wrap: anywhere; }
mark {
  padding: 0.1em 0.15em; color: var(--ink); border-radius: 0.25em;
  text-decoration: underline; text-underline-offset: 0.24em; text-decoration-skip-ink: none;
}
.p1, .p2, .p3 { text-decoration-style: solid; text-decoration-color: var(--pos); }
.n1, .n2, .n3 { text-decoration-style: wavy; text-decoration-color: var(--neg); }
.p1 { background: var(--pos-1); } .p2 { background: var(--pos-2); } .p3 { background: var(--pos-3); font-weight: 650; }
.n1 { background: var(--neg-1); } .n2 { background: var(--neg-2); } .n3 { background: var(--neg-3); font-weight: 650; }
.p1, .n1 { text-decoration-thickness: 1px; } .p2, .n2 { text-decoration-thickness: 1.5px; }
.p3, .n3 { text-decoration-thickness: 2.5px; }
.note { margin-top: 0.75rem; font-size: 0.9375rem; color: var(--soft); }
.model h3 { margin-top: 1.75rem; }
.model p, .model ul { margin-top: 0.5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; margin: 0.9rem 0 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
figure { margin: 0; }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem; margin-top: 0.75rem; }
.plot { display: block; width: 20rem; max-width: 100%; }
.plot rect, .plot path { fill: none; stroke: var(--line); }
.plot path { stroke: var(--soft); stroke-dasharray: 4 3; }
.plot circle { fill: var(--accent); fill-opacity: 0.75; }
.plot text { fill: var(--soft); font-size: 11px; }
#viewer { padding: 0.5rem; background: #ffffff; color: #1f2429; border-radius: 0.9rem; margin-top: 1.5rem; color-scheme: light; }
#viewer small pre { background: none; border: 0; }
table { width: 100%; margin-top: 1.5rem; border-collapse: collapse; }
caption { padding-bottom: 0.4rem; text-align: left; font-weight: 650; }
caption span { font-weight: 400; color: var(--soft); }
th, td { padding: 0.35rem 0.5rem 0.35rem 0; text-align: left; border-top: 1px solid var(--line); }
thead th { font-size: 0.875rem; font-weight: 500; color: var(--soft); border-top: 0; }
tbody th { font-weight: 500; overflow-wrap: anywhere; }
tfoot th, tfoot td { font-weight: 650; border-top: 2px solid var(--field); }
.rest { font-style: italic; color: var(--soft); }
.several td, .several thead th + th { white-space: nowrap; padding-left: 0.75rem; }
.model td, .model th + th { padding-left: 1rem; }
.several .positive { color: var(--pos); } .several .negative { color: var(--neg); }
td:nth-child(2) { white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; padding-right: 0; }
td.bars { width: 40%; }
.bar { display: block; width: 100%; height: 0.6rem; }
.bar .up { fill: var(--pos); } .bar .down { fill: var(--neg); } .bar .axis { fill: var(--line); }
footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 0.9375rem; color: var(--soft); }
footer p + p { margin-top: 0.35rem; }
footer ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0.5rem 0 0; padding: 0; list-style: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 34rem) {
  .page { padding-top: 1.75rem; }
  .card { padding: 1.1rem; }
  .go { width: 100%; }
  td.bars, th.bars { display: none; }
}
`;
