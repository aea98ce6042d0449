// SPDX-License-Identifier: Apache-2.0
// Gradient descent with momentum, as PyTorch computes it: buffer = momentum * buffer + gradient,
// weight -= learning rate * buffer; weight decay is added to the gradient.
#include "isthmus/optim/optimizer.h"

namespace isthmus {
namespace {

struct SgdOptions {
  double momentum = 0.9;
  double weight_decay = 0;

  static constexpr auto fields() {
    using O = SgdOptions;
    return std::tuple{field(&O::momentum, "optimizer.momentum", kDecay,
                            "Decay of the summed gradient.", {.level = OptionLevel::kRare}),
                      field(&O::weight_decay, "optimizer.weight_decay", at_least(0),
                            "Pull of weights towards 0: added to the gradient (adam, sgd), apart "
                            "from it (adamw).")};
  }
};

Value build_sgd(GraphBuilder& g, const Update& u, const SgdOptions& o) {
  Value gradient = u.gradient;
  if (o.weight_decay > 0) {
    gradient = g.add(gradient, g.mul(u.parameter, g.constant(o.weight_decay)));
  }
  if (o.momentum > 0) {
    Value buffer = g.state_like(u.parameter, u.state + "/momentum");
    gradient = g.add(g.mul(buffer, g.constant(o.momentum)), gradient);
    g.assign(buffer, gradient);
  }
  return g.sub(u.current, g.mul(gradient, u.learning_rate));
}

}  // namespace

OptimizerDef optimizers::sgd() {
  return {.name = "sgd",
          .summary = "gradient descent with momentum",
          .help = "where adam's two moments per weight are too much memory",
          .build = build_sgd};
}

}  // namespace isthmus
