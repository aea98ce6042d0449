// SPDX-License-Identifier: Apache-2.0
// AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101): Adam with the decay applied to the weight
// itself, before the step, so that it is not scaled by the gradient's moments.
#include "isthmus/optim/optimizer.h"

namespace isthmus {
namespace {

Value build_adamw(GraphBuilder& g, const Update& u, const AdamOptions& o) {
  Value change = adam_change(g, u, u.gradient, o);
  Value weight = u.current;
  if (o.weight_decay > 0) {
    Value pull = g.mul(u.learning_rate, g.constant(o.weight_decay));
    weight = g.mul(weight, g.sub(g.constant(1.0), pull));
  }
  return g.sub(weight, change);
}

}  // namespace

OptimizerDef optimizers::adamw() {
  return {.name = "adamw",
          .summary = "adam with weight decay apart from the gradient",
          .help = "with weight decay, against overfitting",
          .source = "Loshchilov2019",
          .build = build_adamw};
}

}  // namespace isthmus
