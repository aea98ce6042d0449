// SPDX-License-Identifier: Apache-2.0
// Gradient descent with momentum, as PyTorch computes it: buffer = momentum * buffer + gradient,
// weight -= learning rate * buffer; weight decay is added to the gradient.
#include "isthmus/optim/optimizer.h"

namespace isthmus {
namespace {

void build_sgd(GraphBuilder& g, const Update& u, const OptimizerOptions& o) {
  Value gradient = u.gradient;
  if (o.weight_decay > 0) {
    gradient = g.add(gradient, g.mul(u.parameter, g.constant(o.weight_decay)));
  }
  if (o.momentum > 0) {
    Value buffer = g.state_like(u.parameter, "opt/momentum");
    gradient = g.add(g.mul(buffer, g.constant(o.momentum)), gradient);
    g.assign(buffer, gradient);
  }
  g.assign(u.parameter, g.sub(u.parameter, g.mul(gradient, u.learning_rate)));
}

}  // namespace

OptimizerDef optimizers::sgd() {
  return {.name = "sgd", .summary = "gradient descent with momentum", .build = build_sgd};
}

}  // namespace isthmus
