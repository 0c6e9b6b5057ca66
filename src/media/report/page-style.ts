/** How a report looks: in light and dark, on screens and on paper. */
export const pageStyle = `
:root { color-scheme: light dark; --paper: #fafafa; --ink: #1d1d1f; --faint: #5f6166; --rule: #dcdde0; --mark: #0a58ca;
  --s0: #0a58ca; --s1: #b3261e; --s2: #177245; --s3: #8a4fbf; --s4: #9a6200; --s5: #1d1d1f }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16171a; --ink: #ececee; --faint: #a5a8ae; --rule: #36383d; --mark: #7fb2ff;
    --s0: #7fb2ff; --s1: #ff8f85; --s2: #6fd3a0; --s3: #cfa3ff; --s4: #f0b95a; --s5: #ececee } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem } h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem }
p { margin: .25rem 0 } .faint, figcaption, .strip span { color: var(--faint) }
figure { margin: 0 } figcaption { font-size: .875rem; margin-top: .35rem }
img { display: block; image-rendering: pixelated; background: var(--rule) }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); gap: 1rem }
.samples img { width: 100% }
.stage { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1.25rem; max-width: 44rem }
.stage img { width: 100%; max-height: 70vh; object-fit: contain }
.controls { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; margin: 1rem 0 }
.controls input { flex: 1 1 14rem; accent-color: var(--mark) } .controls output { min-width: 15rem; font-variant-numeric: tabular-nums }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--rule); border-radius: .35rem; cursor: pointer }
.controls button { padding: .25rem .9rem }
button:focus-visible, input:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px }
.strip { display: flex; gap: .4rem; overflow-x: auto; padding: .4rem; margin: 0; list-style: none }
.strip button { display: grid; gap: .25rem; padding: .25rem; font-size: .75rem; line-height: 1.2 }
.strip button[aria-current] { border-color: var(--mark); box-shadow: 0 0 0 1px var(--mark) } .strip img { width: 4.5rem }
.chart { margin: 1rem 0 } .chart > svg { width: 100%; height: auto; max-width: 48rem; font-size: 12px }
.chart text { fill: var(--faint) } .rule { stroke: var(--rule) } .cursor { stroke: var(--ink); stroke-dasharray: 2 3 }
.line { fill: none; stroke-width: 2; stroke-linecap: round } .dot { fill: none; stroke-width: 2; stroke-dasharray: none !important }
.s0 { stroke: var(--s0) } .s1 { stroke: var(--s1); stroke-dasharray: 7 4 } .s2 { stroke: var(--s2); stroke-dasharray: 1 4 }
.s3 { stroke: var(--s3); stroke-dasharray: 10 4 2 4 } .s4 { stroke: var(--s4); stroke-dasharray: 4 4 } .s5 { stroke: var(--s5) }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: .25rem 0 }
.key { width: 28px; height: 8px; margin-right: .4rem; vertical-align: middle }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 0 } dt { color: var(--faint) } dd { margin: 0; overflow-wrap: anywhere }
pre { padding: .75rem; border: 1px solid var(--rule); border-radius: .35rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .875rem }
.scroll { overflow-x: auto } summary { cursor: pointer }
table { border-collapse: collapse; font-size: .8125rem; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid var(--rule) } th { color: var(--faint); font-weight: 600 }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --faint: #444; --rule: #bbb; --mark: #000;
    --s0: #0a58ca; --s1: #b3261e; --s2: #177245; --s3: #8a4fbf; --s4: #9a6200; --s5: #000 }
  body { padding: 0; max-width: none; font-size: 10pt } .controls { display: none }
  .strip { flex-wrap: wrap; overflow: visible } .strip li.between { display: none } .strip button { border: 0; box-shadow: none !important }
  .samples { grid-template-columns: repeat(8, 1fr) } .chart > svg { max-width: 15cm } .scroll { overflow: visible }
  figure, li, tr, dl { break-inside: avoid } h2 { break-after: avoid } img { print-color-adjust: exact }
}`
