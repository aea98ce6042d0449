// SPDX-License-Identifier: Apache-2.0
// The look of the first look: colours of maps and groups, small multiples in columns. Follows
// style.cc, whose colours it uses.
#include "isthmus/report/sections.h"

namespace isthmus {

std::string_view look_style() {
  return R"(.look h3{margin:2.4rem 0 .4rem;font-size:.95rem}.look h2+h3{margin-top:0}
.marginals{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.6rem,1fr));gap:1.2rem 1.4rem}
.marginals figcaption{margin:0 0 .2rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.marginal .real{fill:var(--floor)}.marginal .line{stroke-width:1.6}.marginal text{font-size:11px}
.map .none{fill:var(--card);stroke:var(--rule);stroke-width:.02}.map svg{shape-rendering:crispEdges}
.map .plus{fill:var(--accent)}.map .minus{fill:var(--cool)}.map .gone,.legend .gone{fill:var(--floor);background:var(--floor)}
.map{max-width:26rem}.point{fill:none;stroke-width:4px;vector-effect:non-scaling-stroke;stroke-linecap:round;stroke-opacity:.8}.scatter{max-width:44rem}
.q0{stroke:#3f7fb5;background:#3f7fb5}.q1{stroke:#d9822b;background:#d9822b}.q2{stroke:#3a9a6a;background:#3a9a6a}
.q3{stroke:#b55a9c;background:#b55a9c}.q4{stroke:#8a8d2f;background:#8a8d2f}.q5{stroke:#c5483c;background:#c5483c}
.q6{stroke:#6f63b8;background:#6f63b8}.q7{stroke:#8b8680;background:#8b8680}
.errors,.bounds{max-width:44rem}.errorbars{width:55%}.errorbars i{display:block;height:.42rem;margin:.2rem 0;min-width:1px}
.errors .v{background:var(--accent)}.errors .t{background:var(--cool)}
.errors th i{display:inline-block;width:.7rem;height:.7rem;border-radius:2px;margin-right:.4rem}
.errors td:first-child,.bounds td:first-child{white-space:normal;max-width:14rem}
.errors td.n,.bounds td.n{white-space:nowrap;overflow-wrap:normal}
@media(max-width:34rem){.scatter text{font-size:20px}.errorbars{width:40%}
.errors td,.errors th{padding-right:.6rem}}
)";
}

}  // namespace isthmus
