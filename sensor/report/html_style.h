// The page's style sheet. Colours are variables, given once for light and once for dark.
#ifndef VEDETTE_SENSOR_REPORT_HTML_STYLE_H_
#define VEDETTE_SENSOR_REPORT_HTML_STYLE_H_

namespace vedette {

inline constexpr char kHtmlStyle[] = R"css(
:root { color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --ink: #1b2430; --soft: #5b6775; --rule: #dfe3e8;
  --main: #3b6fb6; --main-fill: #3b6fb64d; --out: #c2600a; --out-fill: #e07b1a99; --peak: #9fb4d0;
  --p0: #3b6fb6; --p1: #e0912f; --p2: #4f9d69; --p3: #8a63b8; --p4: #9aa3ad;
  --critical: #a30f3d; --high: #d03b1e; --medium: #b07900; --low: #2f7f93; --good: #2c7a45;
  --warn-back: #fff6e0; --warn-ink: #6b4a00; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1b2129; --ink: #e4e8ee; --soft: #9aa6b4; --rule: #303944;
  --main: #7aa7e6; --main-fill: #7aa7e64d; --out: #f2a65a; --out-fill: #f2a65a80; --peak: #4d6484;
  --p0: #7aa7e6; --p1: #f2a65a; --p2: #7cc796; --p3: #b796e0; --p4: #7d8894;
  --critical: #ff5c8a; --high: #ff7a5c; --medium: #e6b23c; --low: #6cc3d6; --good: #7cc796;
  --warn-back: #332a14; --warn-ink: #f0d28a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main, header, footer { max-width: 1120px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 28px; }
h1 { font-size: 1.6rem; margin: 0; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.08rem; margin: 0 0 10px; }
p { margin: 0 0 8px; }
.eyebrow { color: var(--soft); font-size: .8rem; font-weight: 600; letter-spacing: .06em;
  text-transform: uppercase; margin: 0; }
.soft { color: var(--soft); }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.figure { text-align: right; font-variant-numeric: tabular-nums; }
td.what { white-space: nowrap; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: 16px 18px; margin: 16px 0; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 16px; align-items: start; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 16px 0; }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: 10px 14px; }
.tile b { display: block; font-size: 1.3rem; font-weight: 650; line-height: 1.3;
  font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .82rem; }
th, td { padding: 5px 8px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
tr:last-child td { border-bottom: 0; }
td.name { overflow-wrap: anywhere; min-width: 8.6rem; }
.scroll { overflow-x: auto; }
svg.timeline { display: block; width: 100%; min-width: 680px; height: auto; }
svg text { fill: var(--soft); font-size: 12px; font-family: inherit; }
svg .panel-title { fill: var(--ink); font-size: 13px; font-weight: 600; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .axis { stroke: var(--soft); stroke-width: 1; }
svg .all { fill: var(--main-fill); stroke: var(--main); stroke-width: 1.2; }
svg .egress { fill: var(--out-fill); stroke: var(--out); stroke-width: 1; }
svg .peak { fill: none; stroke: var(--peak); stroke-width: 1; }
.sev-3 { fill: var(--critical); } .sev-2 { fill: var(--high); }
.sev-1 { fill: var(--medium); } .sev-0 { fill: var(--low); }
svg rect[class^="sev-"] { fill-opacity: .85; }
svg.bar { display: block; width: 100%; height: 8px; margin-top: 4px; background: var(--rule);
  border-radius: 4px; overflow: hidden; }
svg.mix { height: 18px; margin: 2px 0 12px; }
.part-0 { fill: var(--p0); } .part-1 { fill: var(--p1); } .part-2 { fill: var(--p2); }
.part-3 { fill: var(--p3); } .part-4 { fill: var(--p4); }
.key { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 6px; }
.key.main { background: var(--main); } .key.out { background: var(--out); }
.key.peaks { background: var(--peak); }
.key-0 { background: var(--p0); } .key-1 { background: var(--p1); } .key-2 { background: var(--p2); }
.key-3 { background: var(--p3); } .key-4 { background: var(--p4); }
.legend { color: var(--soft); font-size: .88rem; margin: 0 0 6px; }
.legend > span { margin-right: 18px; white-space: nowrap; }
.alert { border: 1px solid var(--rule); border-left: 5px solid; border-radius: 8px; margin: 8px 0;
  padding: 8px 12px; break-inside: avoid; }
.alert.at-3 { border-left-color: var(--critical); } .alert.at-2 { border-left-color: var(--high); }
.alert.at-1 { border-left-color: var(--medium); } .alert.at-0 { border-left-color: var(--low); }
.alert summary { cursor: pointer; overflow-wrap: anywhere; }
.badge { display: inline-block; border: 1px solid; border-radius: 5px; padding: 0 7px; font-size: .78rem;
  font-weight: 700; text-transform: uppercase; letter-spacing: .03em; margin-right: 6px; }
.badge.at-3 { color: var(--critical); } .badge.at-2 { color: var(--high); }
.badge.at-1 { color: var(--medium); } .badge.at-0 { color: var(--low); }
.alert .when { color: var(--soft); font-size: .86rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 10px 0 4px;
  font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
code { font: .88em ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
.warn { background: var(--warn-back); color: var(--warn-ink); border-radius: 8px; padding: 8px 12px;
  margin: 4px 0 6px; }
.good { color: var(--good); font-weight: 600; }
.group td { font-weight: 600; } .part td:first-child { padding-left: 16px; }
footer { color: var(--soft); font-size: .86rem; padding-bottom: 32px; }
@media (max-width: 820px) { .pair { grid-template-columns: 1fr; } }
@media (max-width: 520px) { section { padding: 12px; } dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 6px; } .wide { display: none; } }
@media print { :root { --page: #fff; } body { font-size: 11px; } section, .tile { break-inside: avoid;
  border-color: #bbb; } main { max-width: none; } }
)css";

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_HTML_STYLE_H_
