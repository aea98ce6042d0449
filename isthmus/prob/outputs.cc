// SPDX-License-Identifier: Apache-2.0
// Decoder outputs as parameters: cutting, floors and first values. What parameters mean is said in
// likelihoods/.
#include "isthmus/prob/outputs.h"

#include <algorithm>
#include <cmath>

namespace isthmus {
namespace {

constexpr double kLeastEstimate = 1e-3;

bool one_value(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double v) { return v == values.front(); });
}

}  // namespace

Value block_of(GraphBuilder& g, Value params, int64_t index, int64_t num_values) {
  const int64_t begin = index * num_values;
  return g.slice({{"axis", -1}, {"begin", begin}, {"end", begin + num_values}}, params);
}

Value per_value_constant(GraphBuilder& g, const std::vector<double>& values) {
  if (one_value(values)) return g.constant(values.front());
  Tensor tensor(Dtype::kF32, {static_cast<int64_t>(values.size())});
  std::ranges::transform(values, tensor.values<float>().begin(),
                         [](double v) { return static_cast<float>(v); });
  return g.constant(tensor);
}

Scale floored_scale(GraphBuilder& g, Value log_scale, const std::vector<double>& floor) {
  const Value bounded = g.soft_bound(log_scale);
  if (one_value(floor) && floor.front() == 0) return {.value = g.exp(bounded), .log = bounded};
  std::vector<double> squares;
  for (const double f : floor) squares.push_back(f * f);
  const Value own = g.exp(g.mul(bounded, g.constant(2.0)));
  const Value square = g.add(own, per_value_constant(g, squares));
  return {.value = g.sqrt(square), .log = g.mul(g.log(square), g.constant(0.5))};
}

std::vector<float> first_params_in_blocks(const DataSpec& data, FirstParams of_value) {
  const Scaling& s = data.scaling;
  const auto entry = [](const std::vector<double>& values, size_t field, double otherwise) {
    return values.empty() ? otherwise : values[std::min(field, values.size() - 1)];
  };
  const size_t num_values = static_cast<size_t>(data.num_values());
  const size_t num_params = of_value(0, 1).size();
  std::vector<float> params(num_params * num_values);
  for (size_t i = 0; i < num_values && !data.fields.empty(); ++i) {
    // A data set with one entry for all values, as those of images, has one start.
    const size_t field = data.fields.size() == num_values ? i : 0;
    const FieldSpec& facts = data.fields[field];
    const double scale = entry(s.scale, field, 1);
    const double mean = (facts.mean - entry(s.shift, field, 0)) * scale;
    const std::vector<double> start = of_value(mean, facts.standard_deviation * std::fabs(scale));
    for (size_t p = 0; p < num_params; ++p) {
      params[p * num_values + i] = static_cast<float>(start[p]);
    }
  }
  return params;
}

double log_of_estimate(double value) { return std::log(std::max(value, kLeastEstimate)); }

}  // namespace isthmus
