// SPDX-License-Identifier: Apache-2.0
// A logistic distribution with a middle m and a width s of its own for every value, cut at the
// borders of the levels on which the data lie: the mass of a level v of step d is
//   F((v + d/2 - m) / s) - F((v - d/2 - m) / s), F = sigmoid,
// the first and the last level reach to infinity. With A and B the two arguments
//   log p = -softplus(-A) - softplus(B) + log(-expm1(-d / s)),
// exact for every width; of the first level -softplus(-A) stays, of the last -softplus(B). Source:
// Salimans et al. 2017, arXiv:1701.05517.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "isthmus/prob/levels.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

/// Levels of an item up to which the mean is the sum over all of them.
constexpr int64_t kMostSummed = int64_t{1} << 18;

std::vector<double> start(double mean, double deviation) {
  return {mean, log_of_estimate(deviation * std::sqrt(3.0) / std::numbers::pi)};
}

template <class F>
Value constant_of(GraphBuilder& g, const std::vector<Levels>& levels, F entry) {
  std::vector<double> values;
  for (const Levels& l : levels) values.push_back(entry(l));
  return per_value_constant(g, values);
}

/// The grid of the data as nodes: scalars or (D).
struct Grid {
  Value low, step, top, last;  // first and last level, index of the last
};

Grid grid_of(GraphBuilder& g, const std::vector<Levels>& levels) {
  const auto last = [](const Levels& l) { return static_cast<double>(l.count - 1); };
  return {constant_of(g, levels, [](const Levels& l) { return l.low; }),
          constant_of(g, levels, [](const Levels& l) { return l.step; }),
          constant_of(g, levels, [&](const Levels& l) { return level_value(l, last(l)); }),
          constant_of(g, levels, last)};
}

struct Logistic {
  Value middle, log_s;
};

Logistic logistic_from(GraphBuilder& g, Value params, int64_t num_values) {
  return {block_of(g, params, 0, num_values), g.soft_bound(block_of(g, params, 1, num_values))};
}

Value log_probs_levels(GraphBuilder& g, const std::vector<Levels>& levels, const Logistic& p,
                       Value x) {
  const Grid grid = grid_of(g, levels);
  const Value inverse = g.exp(g.neg(p.log_s));
  const Value half = g.mul(grid.step, g.constant(0.5)), zero = g.constant(0.0);
  const Value first = g.less(x, g.add(grid.low, half));
  const Value last = g.greater(x, g.sub(grid.top, half));
  // Values beyond the ends count as the level at the end.
  const Value level = g.minimum(g.maximum(x, grid.low), grid.top);
  const Value middle = g.mul(g.sub(level, p.middle), inverse);
  const Value reach = g.mul(half, inverse);
  const Value below_upper = g.select(last, zero, g.softplus(g.neg(g.add(middle, reach))));
  const Value above_lower = g.select(first, zero, g.softplus(g.sub(middle, reach)));
  const Value both = g.log(g.neg(g.expm1(g.mul(reach, g.constant(-2.0)))));
  const Value width = g.select(g.maximum(first, last), zero, both);
  return g.sub(width, g.add(below_upper, above_lower));
}

int64_t summed_levels(const std::vector<Levels>& levels, int64_t num_values) {
  const auto most =
      std::max_element(levels.begin(), levels.end(),
                       [](const Levels& a, const Levels& b) { return a.count < b.count; });
  const int64_t borders = most->count - 1;
  return borders > kMostSummed / num_values ? 0 : borders;
}

/// Numbers of the borders between levels, each half a level above one: (K).
Value border_numbers(GraphBuilder& g, int64_t count) {
  Tensor numbers(Dtype::kF32, {count});
  float next = 0.5f;
  for (float& number : numbers.values<float>()) number = next++;
  return g.constant(numbers);
}

/// low + d (sum over borders of P(X > border)); beyond kMostSummed levels the mean of X held
/// between the ends, but not rounded: at most half a level away.
Value mean_level(GraphBuilder& g, const std::vector<Levels>& levels, const Logistic& p) {
  const Grid grid = grid_of(g, levels);
  const int64_t num_values = g.shape(p.middle).back();
  const int64_t borders = summed_levels(levels, num_values);
  if (borders == 0) {
    const Value s = g.exp(p.log_s), inverse = g.exp(g.neg(p.log_s));
    const Value above_low = g.softplus(g.mul(g.sub(p.middle, grid.low), inverse));
    const Value above_top = g.softplus(g.mul(g.sub(p.middle, grid.top), inverse));
    const Value mean = g.add(grid.low, g.mul(s, g.sub(above_low, above_top)));
    return g.minimum(g.maximum(mean, grid.low), grid.top);
  }
  const auto column = [&](Value value) {
    Shape shape = g.shape(value);
    shape.push_back(1);
    return g.reshape({{"shape", shape}}, value);
  };
  const Value place = column(g.div(g.sub(p.middle, grid.low), grid.step));
  const Value sharpness = column(g.mul(grid.step, g.exp(g.neg(p.log_s))));
  const Value numbers = border_numbers(g, borders);
  Value above = g.sigmoid(g.mul(g.sub(place, numbers), sharpness));
  // Fields with fewer levels have fewer borders.
  if (!g.shape(grid.last).empty()) above = g.mul(above, g.less(numbers, column(grid.last)));
  const Value passed = g.sum(above);
  return g.add(grid.low, g.mul(grid.step, passed));
}

/// The nearest level of a logistic draw.
Value draw(GraphBuilder& g, const std::vector<Levels>& levels, const Logistic& p, Value u) {
  const Grid grid = grid_of(g, levels);
  const Value standard = g.sub(g.log(u), g.log1p(g.neg(u)));
  const Value value = g.add(p.middle, g.mul(g.exp(p.log_s), standard));
  const Value index = g.round(g.div(g.sub(value, grid.low), grid.step));
  const Value held = g.minimum(g.maximum(index, g.constant(0.0)), grid.last);
  return g.add(grid.low, g.mul(held, grid.step));
}

Likelihood make_discretized_logistic(GraphBuilder&, const LikelihoodSetup& setup) {
  check_levels(setup.levels);
  return {
      .num_params = 2 * setup.num_values,  // middles, log s
      .log_prob =
          [setup](GraphBuilder& g, Value params, Value x) {
            return g.sum(
                log_probs_levels(g, setup.levels, logistic_from(g, params, setup.num_values), x));
          },
      .log_probs =
          [setup](GraphBuilder& g, Value params, Value x) {
            return log_probs_levels(g, setup.levels, logistic_from(g, params, setup.num_values), x);
          },
      .mean =
          [setup](GraphBuilder& g, Value params) {
            return mean_level(g, setup.levels, logistic_from(g, params, setup.num_values));
          },
      .sample =
          [setup](GraphBuilder& g, Value params, std::string_view stream) {
            const Logistic p = logistic_from(g, params, setup.num_values);
            return draw(g, setup.levels, p, g.uniform(stream, g.shape(p.middle)));
          }};
}

}  // namespace

LikelihoodDef likelihoods::discretized_logistic() {
  return {.name = "discretized_logistic",
          .summary = "values on levels: grey levels, whole numbers, decimals (a mass)",
          .help = "for images whose bits are to be compared, and for tables of rounded numbers",
          .source = "Salimans2017",
          .measure = [](const DataSpec&) { return Measure::kMass; },
          .check_range =
              [](const DataSpec& data) { require_levels(data, "discretized_logistic", false); },
          .first_params = [](const DataSpec& data) { return first_params_in_blocks(data, start); },
          .support = level_support,
          .make = make_discretized_logistic};
}

}  // namespace isthmus
