// SPDX-License-Identifier: Apache-2.0
// Adam (Kingma & Ba 2015, arXiv:1412.6980), as PyTorch computes it: epsilon stands outside the root
// of the corrected second moment, weight decay is added to the gradient. The CPU device recognises
// these nodes and runs them as one pass over a tile.
#include "isthmus/optim/optimizer.h"

namespace isthmus {
namespace {

/// 1 / (1 - beta^step), float64.
Value start_correction(GraphBuilder& g, double beta, Value step) {
  Value one = g.constant(1.0);
  return g.div(one, g.sub(one, g.pow(g.constant(beta), step)));
}

Value build_adam(GraphBuilder& g, const Update& u, const AdamOptions& o) {
  Value gradient = u.gradient;
  if (o.weight_decay > 0) {
    gradient = g.add(gradient, g.mul(u.parameter, g.constant(o.weight_decay)));
  }
  return g.sub(u.current, adam_change(g, u, gradient, o));
}

}  // namespace

Value adam_change(GraphBuilder& g, const Update& u, Value gradient, const AdamOptions& o) {
  Value m = g.state_like(u.parameter, u.state + "/m");
  Value v = g.state_like(u.parameter, u.state + "/v");
  Value m_next = g.lerp(m, gradient, g.constant(1 - o.beta1));
  Value v_next = g.lerp(v, g.square(gradient), g.constant(1 - o.beta2));
  Value m_hat = g.mul(m_next, start_correction(g, o.beta1, u.step));
  Value v_hat = g.mul(v_next, start_correction(g, o.beta2, u.step));
  g.assign(m, m_next);
  g.assign(v, v_next);
  Value root = g.add(g.sqrt(v_hat), g.constant(o.epsilon));
  return g.div(g.mul(m_hat, u.learning_rate), root);
}

OptimizerDef optimizers::adam() {
  return {.name = "adam",
          .summary = "moments of the gradient scale each weight's step",
          .help = "the one to begin with",
          .source = "KingmaBa2015",
          .build = build_adam};
}

}  // namespace isthmus
