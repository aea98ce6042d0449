// SPDX-License-Identifier: Apache-2.0
// Categories: whole values, each with a logit for each of its levels from the smallest to the
// largest that occurs, log p(x) = t_x - logsumexp(t). Levels have no order here: a value far from
// the true one costs as much as one beside it. The outputs of a value are adjacent; values may
// differ in levels.
#include <algorithm>
#include <cmath>

#include "isthmus/base/options.h"
#include "isthmus/prob/levels.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

constexpr int64_t kMostLevels = 1024;              // of a value
constexpr int64_t kMostParams = int64_t{1} << 26;  // of an item

/// Neighbouring values with equally many levels.
struct Run {
  int64_t first_value = 0, num_values = 0, first_param = 0;
  std::vector<Levels> levels;  // one for all or one each
  int64_t num_levels() const { return levels.front().count; }
  int64_t num_params() const { return num_values * num_levels(); }
};

std::vector<Run> runs_of(const std::vector<Levels>& levels, int64_t num_values) {
  if (levels.size() == 1) return {{.num_values = num_values, .levels = levels}};
  std::vector<Run> runs;
  for (const Levels& l : levels) {
    if (runs.empty() || runs.back().num_levels() != l.count) {
      Run next;
      if (!runs.empty()) {
        next.first_value = runs.back().first_value + runs.back().num_values;
        next.first_param = runs.back().first_param + runs.back().num_params();
      }
      runs.push_back(next);
    }
    runs.back().levels.push_back(l);
    ++runs.back().num_values;
  }
  return runs;
}

int64_t num_params_of(const std::vector<Run>& runs) {
  return runs.back().first_param + runs.back().num_params();
}

/// Error E3404 where there would be more outputs than a decoder can have.
std::vector<Run> checked_runs(const std::vector<Levels>& levels, int64_t num_values) {
  int64_t most = 0;
  for (const Levels& l : levels) most = std::max(most, l.count < 1 ? kMostLevels + 1 : l.count);
  if (most <= kMostLevels) {
    std::vector<Run> runs = runs_of(levels, num_values);
    if (num_params_of(runs) <= kMostParams) return runs;
  }
  throw Error(ErrorCode::kValueRange,
              "likelihood categorical learns a number for each level of each value, but the data "
              "have too many: at most " +
                  print_value(static_cast<double>(kMostLevels)) + " of a value and " +
                  print_value(static_cast<double>(kMostParams)) + " of an item",
              "choose: --likelihood discretized_logistic    or leave columns out: --exclude",
              {.key = "likelihood"});
}

void check_categorical(const DataSpec& data) {
  require_levels(data, "categorical", true);
  checked_runs(levels_of(data), data.num_values());
}

/// Two levels: the logit of their shares. More: those of a normal distribution on the levels.
std::vector<float> first_logits(const DataSpec& data) {
  const std::vector<Levels> levels = levels_of(data);
  const int64_t num_values = data.num_values();
  const std::vector<float> means =
      first_params_in_blocks(data, [](double mean, double) { return std::vector<double>{mean}; });
  const std::vector<float> deviations = first_params_in_blocks(
      data, [](double, double deviation) { return std::vector<double>{deviation}; });
  constexpr double kLeastDeviation = 0.5, kLeastLogit = -7;
  std::vector<float> logits;
  for (size_t j = 0; j < static_cast<size_t>(num_values); ++j) {
    const Levels& l = levels[levels.size() == 1 ? 0 : j];
    const double mean = (static_cast<double>(means[j]) - l.low) / l.step;
    const double deviation = std::max(static_cast<double>(deviations[j]) / l.step, kLeastDeviation);
    for (int64_t k = 0; k < l.count; ++k) {
      const double distance = (static_cast<double>(k) - mean) / deviation;
      double logit = -0.5 * distance * distance;
      if (l.count == 2) logit = log_of_estimate(k == 0 ? 1 - mean : mean);
      logits.push_back(static_cast<float>(std::max(logit, kLeastLogit)));
    }
  }
  return logits;
}

template <class F>
Value constant_of(GraphBuilder& g, const std::vector<Levels>& levels, F entry) {
  std::vector<double> values;
  for (const Levels& l : levels) values.push_back(entry(l));
  return per_value_constant(g, values);
}

Value low_of(GraphBuilder& g, const Run& run) {
  return constant_of(g, run.levels, [](const Levels& l) { return l.low; });
}
Value step_of(GraphBuilder& g, const Run& run) {
  return constant_of(g, run.levels, [](const Levels& l) { return l.step; });
}

/// 0, 1, ..., k - 1.
Value indices(GraphBuilder& g, int64_t num_levels) {
  Tensor numbers(Dtype::kF32, {num_levels});
  float next = 0;
  for (float& number : numbers.values<float>()) number = next++;
  return g.constant(numbers);
}

/// The last axis from `begin`, `count` wide, as it is where that is all of it.
Value part(GraphBuilder& g, Value x, int64_t begin, int64_t count) {
  if (g.shape(x).back() == count) return x;
  return g.slice({{"axis", -1}, {"begin", begin}, {"end", begin + count}}, x);
}

/// (..., n, k) from all outputs (..., P).
Value logits_of(GraphBuilder& g, const Run& run, Value params) {
  Shape shape = g.shape(params);
  shape.back() = run.num_values;
  shape.push_back(run.num_levels());
  return g.reshape({{"shape", shape}}, part(g, params, run.first_param, run.num_params()));
}

/// 1 at the level of each value: (n, k). Values beyond the ends count as the level at the end.
Value one_hot(GraphBuilder& g, const Run& run, Value x) {
  const Value values = part(g, x, run.first_value, run.num_values);
  const Value place = g.div(g.sub(values, low_of(g, run)), step_of(g, run));
  const double last = static_cast<double>(run.num_levels() - 1);
  const Value held = g.clamp({{"low", 0.0}, {"high", last}}, place);
  const Value column = g.reshape({{"shape", Shape{run.num_values, 1}}}, held);
  return g.less(g.abs(g.sub(column, indices(g, run.num_levels()))), g.constant(0.5));
}

/// (..., n)
Value log_probs_run(GraphBuilder& g, const Run& run, Value params, Value x) {
  const Value logits = logits_of(g, run, params);
  const Value chosen = g.sum(g.mul(one_hot(g, run, x), logits));
  return g.sub(chosen, g.logsumexp(logits));
}

/// Values of a level index (..., n), joined over runs: (..., D).
template <class Index>
Value each_level(GraphBuilder& g, const std::vector<Run>& runs, Value params, Index index) {
  Values parts;
  for (const Run& run : runs) {
    const Value chosen = index(run, g.softmax(logits_of(g, run, params)));
    parts.push_back(g.add(low_of(g, run), g.mul(chosen, step_of(g, run))));
  }
  return parts.size() == 1 ? parts.front() : g.call("concat", {{"axis", -1}}, parts);
}

/// Sums of the first, the first two, ... entries of the last axis, by doubling.
Value running_sums(GraphBuilder& g, Value x) {
  const int64_t size = g.shape(x).back();
  for (int64_t shift = 1; shift < size; shift *= 2) {
    const Value earlier = g.slice({{"axis", -1}, {"begin", 0}, {"end", size - shift}}, x);
    x = g.add(x, g.pad({{"axis", -1}, {"before", shift}, {"after", 0}}, earlier));
  }
  return x;
}

/// By inversion: how many running sums, but the last, the uniform value has passed.
Value drawn_index(GraphBuilder& g, const Run& run, Value probabilities, Value u) {
  if (run.num_levels() == 1) return g.mul(u, g.constant(0.0));
  const Value sums = part(g, running_sums(g, probabilities), 0, run.num_levels() - 1);
  Shape column = g.shape(u);
  column.back() = run.num_values;
  column.push_back(1);
  const Value mine = part(g, u, run.first_value, run.num_values);
  return g.sum(g.greater(g.reshape({{"shape", column}}, mine), sums));
}

Value draw(GraphBuilder& g, const std::vector<Run>& runs, Value params, std::string_view stream) {
  Shape values = g.shape(params);
  values.back() = runs.back().first_value + runs.back().num_values;
  const Value u = g.uniform(stream, values);
  return each_level(g, runs, params, [&](const Run& run, Value probabilities) {
    return drawn_index(g, run, probabilities, u);
  });
}

Value mean_level(GraphBuilder& g, const std::vector<Run>& runs, Value params) {
  return each_level(g, runs, params, [&](const Run& run, Value probabilities) {
    return g.sum(g.mul(probabilities, indices(g, run.num_levels())));
  });
}

Likelihood make_categorical(GraphBuilder&, const LikelihoodSetup& setup) {
  const std::vector<Run> runs = checked_runs(setup.levels, setup.num_values);
  return {.num_params = num_params_of(runs),  // logits
          .side_by_side = true,
          .log_prob =
              [runs](GraphBuilder& g, Value params, Value x) {
                Value sum;
                for (const Run& run : runs) {
                  const Value own = g.sum(log_probs_run(g, run, params, x));
                  sum = sum.valid() ? g.add(sum, own) : own;
                }
                return sum;
              },
          .log_probs =
              [runs](GraphBuilder& g, Value params, Value x) {
                Values parts;
                for (const Run& run : runs) parts.push_back(log_probs_run(g, run, params, x));
                return parts.size() == 1 ? parts.front() : g.call("concat", {{"axis", -1}}, parts);
              },
          .mean = [runs](GraphBuilder& g, Value params) { return mean_level(g, runs, params); },
          .sample = [runs](GraphBuilder& g, Value params,
                           std::string_view stream) { return draw(g, runs, params, stream); }};
}

}  // namespace

LikelihoodDef likelihoods::categorical() {
  return {.name = "categorical",
          .summary = "whole values as categories: a probability for each level (a mass)",
          .help =
              "for codes and classes without an order, and for few levels of any shape; each "
              "level has an output of its own",
          .measure = [](const DataSpec&) { return Measure::kMass; },
          .check_range = check_categorical,
          .first_params = first_logits,
          .support = level_support,
          .make = make_categorical};
}

}  // namespace isthmus
