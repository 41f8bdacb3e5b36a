/** The style sheet of a report: one column on a phone, light or dark as the reader's system is. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1c2430; --soft: #5b6675; --back: #f6f7f9; --card: #fff; --line: #dde2e8;
  --accent: #2a6fdb; --accent-soft: #bcd3f7; --bad: #b3261e; --tile: #dbe7fb; --tile-line: #fff }
@media (prefers-color-scheme: dark) { :root { --text: #e6eaf0; --soft: #9aa6b5; --back: #12161c; --card: #1b212a;
  --line: #303945; --accent: #6ea8fe; --accent-soft: #2c4266; --bad: #ff8a80; --tile: #24364f; --tile-line: #12161c } }
* { box-sizing: border-box }
body { margin: 0; padding: 1.5rem 1rem 3rem; background: var(--back); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { max-width: 60rem; margin: auto }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 0 0 .2rem }
p { color: var(--soft); margin: 0 0 .9rem }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; margin-top: 1rem }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 1rem; margin-top: 1rem }
.cards div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem }
.cards b { display: block; font-size: 1.4rem } .cards span { color: var(--soft) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; white-space: nowrap }
th { text-align: left; color: var(--soft); font-weight: 500 }
th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line) }
.number { text-align: right } .bad { color: var(--bad) }
.bars { display: grid; grid-template-columns: max-content minmax(4rem, 1fr) max-content; gap: .35rem .8rem }
.row { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center }
.bar { position: relative; height: 1.1rem; border-radius: .25rem; background: var(--back) }
.bar i, .bar b { position: absolute; inset: 0 auto 0 0; border-radius: .25rem; min-width: 1px }
.bar i { background: var(--accent-soft) } .bar b { background: var(--accent) }
.name, .text { font-variant-numeric: tabular-nums; white-space: nowrap }
.text { text-align: right; color: var(--soft) }
.treemap { position: relative; aspect-ratio: 160 / 90 }
.tile { position: absolute; background: var(--tile); border-radius: .2rem; overflow: hidden; padding: .15rem .35rem; line-height: 1.2 }
.tile span, .tile small { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.tile small { color: var(--soft) }
@media (max-width: 40rem) { .bars { display: block } .name, .text { font-size: .85rem }
  .name, .text { white-space: normal; overflow-wrap: anywhere }
  .row { grid-template: "name text" auto "bar bar" auto / fit-content(65%) 1fr; gap: .1rem .8rem; margin-bottom: .5rem }
  .name { grid-area: name } .text { grid-area: text } .bar { grid-area: bar; height: .8rem }
  .treemap { aspect-ratio: 4 / 5 } }
`
