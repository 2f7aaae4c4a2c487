// The style sheet of report.html: light and dark as the reader's system is, and fit for paper.

#pragma once

namespace aether::conformance {

inline constexpr const char* kReportPageStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --text: #1c2128; --soft: #59636e; --line: #d5dae0; --code: #f1f3f5;
  --good: #1a7f37; --good-back: #dcf5e3; --bad: #b42318; --bad-back: #fde3e0;
  --warn: #8a5a00; --warn-back: #fff0cc; --known: #5b3fa8; --known-back: #ebe5fb; --none-back: #eceff2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2028; --text: #e3e8ee; --soft: #9aa6b2; --line: #323b46; --code: #12161c;
    --good: #6fdc8c; --good-back: #143621; --bad: #ff9a8f; --bad-back: #4a1d1a;
    --warn: #f2c05c; --warn-back: #423110; --known: #c3b1ff; --known-back: #2f2652; --none-back: #242c36;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .5rem; }
h3 { font-size: 1.02rem; margin: 0; font-weight: 600; }
p { margin: .35rem 0; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .2em; }
.soft { color: var(--soft); }
code, pre { font: 13px/1.55 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { margin: .4rem 0 0; padding: .7rem .9rem; overflow-x: auto; background: var(--code);
  border: 1px solid var(--line); border-radius: 6px; }
.scroll { overflow-x: auto; }
table.areas { border-collapse: separate; border-spacing: 3px; margin: 1.25rem 0 0 -3px; }
table.areas th { text-align: left; padding: .25rem .75rem; font-weight: 600; }
table.areas td { padding: .25rem .75rem; border-radius: 4px; min-width: 7rem; max-width: 18rem;
  font-variant-numeric: tabular-nums; }
table.areas tr.all th, table.areas tr.all td { font-weight: 700; }
table.areas small { font-size: .8rem; font-weight: 400; }
.good { background: var(--good-back); color: var(--good); }
.bad { background: var(--bad-back); color: var(--bad); }
.warn { background: var(--warn-back); color: var(--warn); }
.known { background: var(--known-back); color: var(--known); }
.none { background: var(--none-back); color: var(--soft); }
.headline { display: inline-block; margin: .25rem 0; padding: .4rem .9rem; border-radius: 6px; font-weight: 600; }
article, details.rules { margin: 1rem 0 0; padding: 1rem 1.2rem; background: var(--card);
  border: 1px solid var(--line); border-left: .35rem solid var(--line); border-radius: 8px; }
article.bad, article.warn, article.known { background: var(--card); color: inherit; }
article.bad { border-left-color: var(--bad); }
article.warn { border-left-color: var(--warn); }
article.known { border-left-color: var(--known); }
.badge { display: inline-block; padding: .05rem .5rem; margin-right: .5rem; border-radius: 4px;
  font-size: .8rem; font-weight: 700; vertical-align: .08em; }
dl { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: .3rem .75rem; margin: .7rem 0 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
dd pre { margin: 0; }
figure { margin: .4rem 0 0; padding: .7rem; overflow-x: auto; background: #fff; color: #1c2128;
  border: 1px solid var(--line); border-radius: 6px; }
figure svg { max-width: 100%; height: auto; }
summary { cursor: pointer; font-weight: 600; }
ul { margin: .5rem 0 0; padding-left: 1.2rem; }
@media (max-width: 40rem) { dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .5rem; } }
@media print { body { background: none; max-width: none; } article { break-inside: avoid; } }
)css";

}  // namespace aether::conformance
