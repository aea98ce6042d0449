// SPDX-License-Identifier: Apache-2.0
#include "isthmus/prob/laplace.h"

namespace isthmus {

Value laplace_quantile(GraphBuilder& g, Value u) {
  const Value v = g.sub(u, g.constant(0.5));
  const Value rest = g.mul(g.minimum(u, g.sub(g.constant(1.0), u)), g.constant(2.0));
  return g.neg(g.mul(g.sign(v), g.log(rest)));
}

}  // namespace isthmus
