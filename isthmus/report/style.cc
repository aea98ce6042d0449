// SPDX-License-Identifier: Apache-2.0
// The look of the page: paper and ink, one accent, figures in columns; the same in the dark. No
// font, script or picture is fetched.
#include "isthmus/report/sections.h"

namespace isthmus {

std::string_view report_style() {
  return R"(
:root{color-scheme:light dark;--paper:#fbfaf6;--ink:#1c1b19;--soft:#6d6a63;--rule:#e2ded3;--card:#fff;
--accent:#b3402a;--cool:#5f7d95;--floor:#cfc8b8;
--serif:"Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L",P052,Georgia,"DejaVu Serif",serif;
--sans:system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media(prefers-color-scheme:dark){:root{--paper:#15161a;--ink:#e9e5dc;--soft:#9c988e;--rule:#2e3037;
--card:#1b1d22;--accent:#ef8a6c;--cool:#8fb0ca;--floor:#4a4c53}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 var(--serif);
-webkit-text-size-adjust:100%}
main{max-width:60rem;margin:0 auto;padding:3.5rem 1.5rem 5rem}
.over{font:600 .72rem/1.4 var(--sans);letter-spacing:.14em;text-transform:uppercase;color:var(--soft);
margin:0}
h1{font-size:clamp(2.2rem,6vw,3.4rem);line-height:1.08;font-weight:500;letter-spacing:-.015em;
margin:.35rem 0 .6rem;overflow-wrap:anywhere}
.lead{font-size:1.15rem;color:var(--soft);max-width:44rem;margin:0}
.lead b{color:var(--ink);font-weight:500}
h2{font-size:1.5rem;font-weight:500;margin:3.6rem 0 1rem;padding-top:1.1rem;border-top:1px solid var(--rule)}
h3{font:600 .8rem/1.4 var(--sans);margin:0 0 .4rem}
p{max-width:44rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:0;margin:2.4rem 0 0;
border-top:1px solid var(--ink);border-bottom:1px solid var(--rule);padding:0;list-style:none}
.figures li{padding:.9rem 1rem 1rem 0}
.figures b{display:block;font-weight:500;font-size:1.75rem;line-height:1.25;font-variant-numeric:lining-nums tabular-nums}
.figures em{font-style:normal;white-space:nowrap}
.figures span{font:.78rem/1.35 var(--sans);color:var(--soft);display:block}
.score{border-left:3px solid var(--accent);padding:.1rem 0 .1rem 1rem;margin:1.6rem 0 0;color:var(--soft);font-size:.95rem}
.score b{color:var(--accent);font-weight:600}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1.6rem}
figure{margin:0}.pictures figure{max-width:30rem}
figure img{display:block;width:100%;height:auto;image-rendering:pixelated;border-radius:2px}
figcaption{font:.82rem/1.45 var(--sans);color:var(--soft);margin-top:.55rem}
figcaption b{color:var(--ink);font-weight:600}
.wide{margin-top:1.6rem;max-width:44rem}
.strip{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.9rem;margin-top:1.8rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:1.6rem 2rem}
svg{display:block;width:100%;height:auto;overflow:visible}svg svg{overflow:hidden}
svg text{font:11px var(--sans);fill:var(--soft)}
svg .start{text-anchor:start}svg .end{text-anchor:end}svg .mid{text-anchor:middle}
.grid{stroke:var(--rule);fill:none}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.line.t,.dot.t{stroke:var(--cool)}.line.v,.dot.v{stroke:var(--accent)}
.dot.t{fill:var(--cool)}.dot.v{fill:var(--accent)}
.level{stroke:var(--soft);stroke-dasharray:2 4;fill:none}
.mark{stroke:var(--accent);stroke-dasharray:1 4;fill:none;opacity:.7}
.bar{fill:var(--cool)}.bars{max-width:44rem}
.parts{display:flex;height:1.5rem;border-radius:2px;overflow:hidden;gap:1px;margin:1rem 0 .7rem}
.parts .f,.legend .f{background:var(--floor)}.parts .t,.legend .t{background:var(--cool)}
.parts .v,.legend .v{background:var(--accent)}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;list-style:none;padding:0;margin:.2rem 0 1.2rem;
font:.82rem/1.5 var(--sans);color:var(--soft)}
.legend i{display:inline-block;width:.75rem;height:.75rem;border-radius:2px;margin-right:.45rem;vertical-align:-.08rem}
.legend b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font:.86rem/1.5 var(--sans)}
th{text-align:left;font-weight:600;color:var(--soft);border-bottom:1px solid var(--ink);padding:.35rem 1rem .35rem 0}
td{border-bottom:1px solid var(--rule);padding:.38rem 1rem .38rem 0;vertical-align:top;overflow-wrap:anywhere}
td.n{text-align:right;font-variant-numeric:tabular-nums}th.n{text-align:right}
td:first-child{white-space:nowrap}
code,.code{font-family:var(--mono);font-size:.84em}
.why{color:var(--soft)}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.3rem 1.6rem;font:.88rem/1.55 var(--sans);margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:2rem 3rem}
pre{background:var(--card);border:1px solid var(--rule);border-radius:4px;padding:.9rem 1.1rem;overflow-x:auto;
font:.85rem/1.7 var(--mono);margin:0}
details{margin-top:1rem}summary{cursor:pointer;font:600 .85rem var(--sans);color:var(--soft)}
details[open] summary{margin-bottom:.8rem}
footer{margin-top:4rem;padding-top:1rem;border-top:1px solid var(--rule);font:.78rem/1.5 var(--sans);color:var(--soft)}
@media(max-width:34rem){main{padding:2rem 1.1rem 3rem}body{font-size:16px}h2{margin-top:2.6rem}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.55rem}.figures{grid-template-columns:1fr 1fr}
.bars text{font-size:15px}.figures b{font-size:1.4rem}.two{grid-template-columns:1fr}
.settings thead{display:none}.settings tr{display:grid;grid-template-columns:9.6rem 1fr auto;
border-bottom:1px solid var(--rule)}.settings td{border:0}
.settings .why:last-child{grid-column:1/-1;padding-top:0}.settings .why:empty{display:none}}
@media print{body{background:#fff}main{padding:0}h2{break-after:avoid}figure,.charts>*{break-inside:avoid}}
)";
}

}  // namespace isthmus
