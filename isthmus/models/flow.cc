// SPDX-License-Identifier: Apache-2.0
#include "isthmus/models/flow.h"

#include <algorithm>
#include <cmath>
#include <ranges>

#include "isthmus/models/components.h"
#include "isthmus/prob/normal.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

/// Uniform within the rounding of each value; reals stay as they are.
Value spread(const ModelBuild& b, Value x) {
  std::vector<double> steps = rounding_errors(b.setup.data);  // step / sqrt(12)
  if (std::ranges::all_of(steps, [](double step) { return step == 0; })) return x;
  for (double& step : steps) step *= std::sqrt(12.0);
  GraphBuilder& g = b.g;
  const Value u = g.sub(g.uniform("rounding", g.shape(x)), g.constant(0.5));
  return g.add(x, g.mul(u, per_value_constant(g, steps)));
}

}  // namespace

Value Standard::of(GraphBuilder& g, Value x) const { return g.div(g.sub(x, mean), deviation); }

Value Standard::back(GraphBuilder& g, Value standard) const {
  return g.add(g.mul(standard, deviation), mean);
}

Standard standard_of(const ModelBuild& b) {
  const std::vector<float> facts =
      first_params_in_blocks(b.setup.data, [](double mean, double deviation) {
        return std::vector<double>{mean, log_of_estimate(deviation)};
      });
  const size_t values = facts.size() / 2;
  std::vector<double> means, deviations;
  Standard standard;
  for (size_t j = 0; j < values; ++j) {
    means.push_back(facts[j]);
    deviations.push_back(std::exp(static_cast<double>(facts[values + j])));
    standard.log_slope -= static_cast<double>(facts[values + j]);
  }
  standard.mean = per_value_constant(b.g, means);
  standard.deviation = per_value_constant(b.g, deviations);
  return standard;
}

Training likelihood_training(const ModelBuild& b, const Parts& parts, const Given& given) {
  const Value cost = b.g.batch_mean(b.g.neg(parts.log_prob(given)));
  return {.objectives = {{.value = cost}}, .terms = {{"reconstruction", cost}}};
}

Parts flow_parts(const ModelBuild& b, std::vector<FlowStep> steps) {
  require_no_condition(b.setup);
  const Standard standard = standard_of(b);
  Parts parts;
  parts.log_prob = [&b, standard, steps](const Given& given) {
    GraphBuilder& g = b.g;
    Value z = standard.of(g, spread(b, given.target));
    Value log_slope = g.constant(standard.log_slope);
    for (const FlowStep& step : steps) {
      const FlowStep::Mapped mapped = step.to_noise(z);
      z = mapped.z;
      log_slope = g.add(mapped.log_slope, log_slope);
    }
    return g.add(standard_normal_log_prob(g, z), log_slope);
  };
  parts.draw = [&b, standard, steps](const Given& given) {
    GraphBuilder& g = b.g;
    Value z = g.normal("prior", {b.setup.data.num_values()});
    if (given.temperature.valid()) z = g.mul(z, given.temperature);
    for (const FlowStep& step : steps | std::views::reverse) z = step.to_items(z);
    return standard.back(g, z);
  };
  parts.training = [&b, parts](const Given& given) { return likelihood_training(b, parts, given); };
  return parts;
}

}  // namespace isthmus
