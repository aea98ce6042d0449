// SPDX-License-Identifier: Apache-2.0
// add_update: from objectives to assignments. Gradients come from differentiate, the rule from
// the zoo; clipping stands between them. The learning rate of a step is a scalar input:
// schedules.cc.
#include "isthmus/optim/optimizer.h"

#include <algorithm>

#include "isthmus/optim/schedules.h"

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
Values clipped(GraphBuilder& g, const Values& gradients, double max_grad_norm, bool first) {
  Value norm = global_norm(g, gradients);
  if (first) g.output("grad_norm", norm);
  Value factor = g.minimum(g.div(g.constant(max_grad_norm), norm), g.constant(1.0));
  Values result;
  for (Value gradient : gradients) result.push_back(g.mul(gradient, factor));
  return result;
}

/// All trained parameters that no objective names.
Values rest_of_parameters(GraphBuilder& g, const std::vector<Objective>& objectives) {
  Values rest;
  for (Value parameter : g.parameters()) {
    const auto names_it = [&](const Objective& objective) {
      return std::find(objective.parameters.begin(), objective.parameters.end(), parameter) !=
             objective.parameters.end();
    };
    if (!g.node(parameter).trained) continue;
    if (std::none_of(objectives.begin(), objectives.end(), names_it)) rest.push_back(parameter);
  }
  return rest;
}

/// The early steps count less in the mean the more of them there are: t / 10 of them, at first.
void add_running_mean(GraphBuilder& g, Value parameter, Value next, double decay) {
  const Value mean = g.state_like(parameter, kEmaPrefix.substr(0, kEmaPrefix.size() - 1));
  const Value step = g.scalar("step");  // t + 1
  const Value early = g.div(step, g.add(step, g.constant(9.0)));
  const Value share = g.sub(g.constant(1.0), g.minimum(g.constant(decay), early));
  g.assign(mean, g.lerp(mean, next, share));
}

}  // namespace

const Registry<OptimizerDef>& all_optimizers() {
  static const Registry<OptimizerDef> all(
      {.noun = "optimizer", .key = "optimizer.name", .usual = "adam"}, {
#define ISTHMUS_ENTRY(name) optimizers::name(),
#include "isthmus/builtin_optimizers.inc"
#undef ISTHMUS_ENTRY
                                                                       });
  return all;
}

std::vector<std::string> optimizer_names() { return all_optimizers().names(); }

const std::vector<OptionOwner>& optimizer_option_owners() {
  static const std::vector<OptionOwner> owners = [] {
    std::vector<OptionOwner> all = all_optimizers().owners();
    for (OptionOwner& owner : all_schedules().owners()) all.push_back(std::move(owner));
    return all;
  }();
  return owners;
}

std::vector<BoundOption> all_optimizer_options() {
  return united_options(optimizer_option_owners());
}

void add_update(GraphBuilder& g, const std::vector<Objective>& objectives,
                const OptimizerOptions& options, std::optional<double> max_grad_norm,
                std::optional<double> ema) {
  const OptimizerDef& optimizer = all_optimizers().find(options.name);
  const Values rest = rest_of_parameters(g, objectives);
  std::vector<std::pair<Values, Values>> moves;  // parameters and their gradients
  for (const Objective& objective : objectives) {
    const Values& parameters = objective.parameters.empty() ? rest : objective.parameters;
    const Value value =
        objective.differentiated.valid() ? objective.differentiated : objective.value;
    Values gradients = differentiate(g, value, parameters);
    if (max_grad_norm && !parameters.empty()) {
      gradients = clipped(g, gradients, *max_grad_norm, moves.empty());
    }
    moves.emplace_back(parameters, std::move(gradients));
  }
  Value learning_rate = g.scalar("learning_rate");
  Value step = g.scalar("step");
  std::vector<std::pair<Value, Value>> next;  // parameter and what it becomes
  for (size_t o = 0; o < objectives.size(); ++o) {
    const Objective& objective = objectives[o];
    Update update{.learning_rate = learning_rate, .step = step};
    if (objective.rate != 1) {
      update.learning_rate = g.mul(learning_rate, g.constant(objective.rate));
    }
    if (!objective.name.empty()) update.state = "opt/" + objective.name;
    for (size_t i = 0; i < moves[o].first.size(); ++i) {
      update.parameter = update.current = moves[o].first[i];
      update.gradient = moves[o].second[i];
      auto at = std::find_if(next.begin(), next.end(),
                             [&](const auto& pair) { return pair.first == update.parameter; });
      if (at != next.end()) update.current = at->second;
      const Value value = optimizer.build(g, update, options.own);
      if (at == next.end()) {
        next.emplace_back(update.parameter, value);
      } else {
        at->second = value;
      }
    }
  }
  for (const auto& [parameter, value] : next) {
    g.assign(parameter, value);
    if (ema) add_running_mean(g, parameter, value, *ema);
  }
}

void add_update(GraphBuilder& g, Value objective, const OptimizerOptions& options,
                std::optional<double> max_grad_norm) {
  add_update(g, {Objective{.value = objective}}, options, max_grad_norm);
}

}  // namespace isthmus
