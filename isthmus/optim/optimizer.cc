// SPDX-License-Identifier: Apache-2.0
// add_update: from an objective to assignments. Gradients come from differentiate, the rule from
// the zoo; clipping stands between them. The learning rate of a step is a scalar input:
// schedules.cc.
#include "isthmus/optim/optimizer.h"

namespace isthmus {
namespace {

/// Norm of all gradients together, ().
Value global_norm(GraphBuilder& g, const Values& gradients) {
  Value sum;
  for (Value gradient : gradients) {
    Value squares = g.sum_items(g.square(gradient));
    sum = sum.valid() ? g.add(sum, squares) : squares;
  }
  return g.sqrt(sum);
}

/// A norm of 0 divides to infinity, so that the factor is 1.
Values clipped(GraphBuilder& g, const Values& gradients, double max_grad_norm) {
  Value norm = global_norm(g, gradients);
  g.output("grad_norm", norm);
  Value factor = g.minimum(g.div(g.constant(max_grad_norm), norm), g.constant(1.0));
  Values result;
  for (Value gradient : gradients) result.push_back(g.mul(gradient, factor));
  return result;
}

}  // namespace

const std::vector<OptimizerDef>& all_optimizers() {
  static const std::vector<OptimizerDef> all = {
#define ISTHMUS_ENTRY(name) optimizers::name(),
#include "isthmus/builtin_optimizers.inc"
#undef ISTHMUS_ENTRY
  };
  return all;
}

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const OptimizerDef& def : all_optimizers()) names.emplace_back(def.name);
  return names;
}

const OptimizerDef& find_optimizer(std::string_view name) {
  for (const OptimizerDef& def : all_optimizers()) {
    if (def.name == name) return def;
  }
  const std::string near = nearest_word(name, optimizer_names());
  throw Error(ErrorCode::kBadValue, "there is no optimizer \"" + std::string(name) + "\"",
              near.empty() ? "adam is the usual one" : "did you mean \"" + near + "\"?",
              {.key = "optimizer"});
}

void add_update(GraphBuilder& g, Value objective, const OptimizerOptions& options,
                std::optional<double> max_grad_norm) {
  const OptimizerDef& optimizer = find_optimizer(options.name);
  const Values parameters = g.parameters();
  Values gradients = differentiate(g, objective, parameters);
  if (max_grad_norm && !parameters.empty()) gradients = clipped(g, gradients, *max_grad_norm);
  Value learning_rate = g.scalar("learning_rate");
  Value step = g.scalar("step");
  for (size_t i = 0; i < parameters.size(); ++i) {
    optimizer.build(g,
                    {.parameter = parameters[i],
                     .gradient = gradients[i],
                     .learning_rate = learning_rate,
                     .step = step},
                    options);
  }
}

}  // namespace isthmus
