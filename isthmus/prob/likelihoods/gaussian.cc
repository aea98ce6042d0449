// SPDX-License-Identifier: Apache-2.0
// Gaussian with the decoder's outputs as means and a sigma that is fixed, one learned number, or a
// learned vector, or the one that fits best. The learned variance is exp(2 log_sigma) +
// min_sigma^2, with the bound of each value's own field: on rounded data a density would otherwise
// grow without limit as sigma goes to 0.
#include <algorithm>
#include <cmath>

#include "isthmus/base/options.h"
#include "isthmus/prob/likelihood.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;
constexpr double kLeastStart = 1e-6;  // of the learned part of the variance

/// What the formula needs of sigma. Fixed: float64 scalars; learned: kOnce () or (D).
struct Variance {
  Value variance;    // of a learned sigma
  double fixed = 0;  // variance of a fixed one
  Value precision;   // 1 / variance
  Value sigma;
  Value log_var_sum;  // sum of log variance over D, ()
  bool per_dimension = false;
};

Variance fixed_variance(GraphBuilder& g, double sigma, int64_t num_values) {
  return {.fixed = sigma * sigma,
          .precision = g.constant(1 / (sigma * sigma)),
          .sigma = g.constant(sigma),
          .log_var_sum = g.constant(2 * std::log(sigma) * static_cast<double>(num_values))};
}

bool one_value(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double v) { return v == values.front(); });
}

/// Squares of the bounds: a scalar where they are all alike, else (D).
Value bounds(GraphBuilder& g, const std::vector<double>& min_sigma) {
  std::vector<double> squares;
  for (const double v : min_sigma) squares.push_back(v * v);
  return per_value_constant(g, squares);
}

double mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return sum / static_cast<double>(values.size());
}

Variance learned_variance(GraphBuilder& g, const LikelihoodSetup& setup, const std::string& sigma) {
  const bool bounded = !one_value(setup.min_sigma) || setup.min_sigma.front() > 0;
  // One sigma with bounds of their own for the values has a variance for each value, too.
  const bool learns_each = sigma == "per_dimension";
  const bool per_dimension = learns_each || !one_value(setup.min_sigma);
  const double start =
      0.5 *
      std::log(std::max(setup.initial_sigma * setup.initial_sigma - mean_square(setup.min_sigma),
                        kLeastStart));
  const GraphBuilder::Scope scope(g, "likelihood");
  Value log_sigma = g.parameter("log_sigma", {learns_each ? setup.num_values : 1},
                                {.kind = "constant", .value = start});
  if (!learns_each) log_sigma = g.reshape({{"shape", Shape{}}}, log_sigma);
  Value own = g.exp(g.mul(g.soft_bound(log_sigma), g.constant(2.0)));
  Value variance = bounded ? g.add(own, bounds(g, setup.min_sigma)) : own;
  Value log_var = g.log(variance);
  const double repeats = per_dimension ? 1.0 : static_cast<double>(setup.num_values);
  return {.variance = variance,
          .precision = g.reciprocal(variance),
          .sigma = g.sqrt(variance),
          .log_var_sum = g.mul(g.sum_items(log_var), g.constant(repeats)),
          .per_dimension = per_dimension};
}

/// Independent normal noise adds its variance.
Variance under_noise(GraphBuilder& g, const Variance& v, double level, int64_t num_values) {
  if (!v.variance.valid()) {
    return fixed_variance(g, std::sqrt(v.fixed + level * level), num_values);
  }
  Value variance = g.add(v.variance, g.constant(level * level));
  const double repeats = v.per_dimension ? 1.0 : static_cast<double>(num_values);
  return {.variance = variance,
          .precision = g.reciprocal(variance),
          .log_var_sum = g.mul(g.sum_items(g.log(variance)), g.constant(repeats)),
          .per_dimension = v.per_dimension};
}

Value log_prob_gaussian(GraphBuilder& g, const Variance& v, Value means, Value x) {
  const double num_values = static_cast<double>(g.shape(x).back());
  Value squares = g.square(g.sub(x, means));
  Value distance =
      v.per_dimension ? g.sum(g.mul(squares, v.precision)) : g.mul(g.sum(squares), v.precision);
  Value constants = g.add(v.log_var_sum, g.constant(kLog2Pi * num_values));
  return g.mul(g.add(distance, constants), g.constant(-0.5));
}

Value log_probs_gaussian(GraphBuilder& g, const Variance& v, Value means, Value x) {
  const Value log_var = v.variance.valid() ? g.log(v.variance) : g.constant(std::log(v.fixed));
  const Value distance = g.mul(g.square(g.sub(x, means)), v.precision);
  return g.mul(g.add(distance, g.add(log_var, g.constant(kLog2Pi))), g.constant(-0.5));
}

Likelihood gaussian_of(const Variance& variance, int64_t num_values) {
  return {.num_params = num_values,  // means
          .log_prob = [variance](GraphBuilder& b, Value means,
                                 Value x) { return log_prob_gaussian(b, variance, means, x); },
          .log_probs = [variance](GraphBuilder& b, Value means,
                                  Value x) { return log_probs_gaussian(b, variance, means, x); },
          .log_prob_under_normal =
              [variance, values = num_values](GraphBuilder& b, Value means, Value x, double level) {
                return log_prob_gaussian(b, under_noise(b, variance, level, values), means, x);
              },
          .mean = [](GraphBuilder&, Value means) { return means; },
          .sample =
              [variance](GraphBuilder& b, Value means, std::string_view stream) {
                Value noise = b.normal(stream, b.shape(means));
                return b.add(means, b.mul(variance.sigma, noise));
              },
          .variance =
              [variance](GraphBuilder& b, Value) {
                return variance.variance.valid() ? variance.variance : b.constant(variance.fixed);
              }};
}

/// The variance under which a batch is likeliest is its mean squared error s^2 over rows, draws and
/// values, and the batch mean of -log p is D/2 (log 2 pi s^2 + 1). At the best s^2 the gradient
/// does not depend on how s^2 moves, so it is held still: d(-log p) = d SSE / (2 s^2). What is
/// stored is the mean of s^2 over the items of the epoch so far; every graph but a training step's
/// reads it. Source: Rybkin et al. 2021.
Value log_prob_optimal(GraphBuilder& g, Value log_sigma, const LikelihoodSetup& setup, Value means,
                       Value x) {
  const Value squares = g.sum(g.square(g.sub(x, means)));  // (B) or (B, L)
  const Value per_item = g.shape(squares).empty() ? squares : g.mean(squares);
  const double num_values = static_cast<double>(setup.num_values);
  Value s2 = g.mul(g.batch_mean(per_item), g.constant(1 / num_values));
  const double least = std::max(mean_square(setup.min_sigma), kLeastStart * kLeastStart);
  s2 = g.stop_gradient(g.maximum(s2, g.constant(least)));
  const Value stored = g.exp(g.mul(log_sigma, g.constant(2.0)));
  const Value share = g.div(g.rows(), g.add(g.scalar("epoch_items"), g.rows()));
  g.assign(log_sigma, g.mul(g.log(g.lerp(stored, s2, share)), g.constant(0.5)));
  const Variance v = {.precision = g.reciprocal(s2),
                      .sigma = {},
                      .log_var_sum = g.mul(g.sum_items(g.log(s2)), g.constant(num_values))};
  return log_prob_gaussian(g, v, means, x);
}

Likelihood make_optimal_gaussian(GraphBuilder& g, const LikelihoodSetup& setup) {
  const GraphBuilder::Scope scope(g, "likelihood");
  const Value log_sigma = g.parameter(
      "log_sigma", {1}, {.kind = "constant", .value = std::log(setup.initial_sigma)}, false);
  const Value scalar = g.reshape({{"shape", Shape{}}}, log_sigma);
  const Value variance = g.exp(g.mul(scalar, g.constant(2.0)));
  const Variance stored = {
      .variance = variance,
      .precision = g.reciprocal(variance),
      .sigma = g.exp(scalar),
      .log_var_sum = g.mul(scalar, g.constant(2.0 * static_cast<double>(setup.num_values)))};
  Likelihood p = gaussian_of(stored, setup.num_values);
  if (setup.training) {
    p.log_prob = [log_sigma, setup](GraphBuilder& b, Value means, Value x) {
      return log_prob_optimal(b, log_sigma, setup, means, x);
    };
  }
  return p;
}

Likelihood make_gaussian(GraphBuilder& g, const LikelihoodSetup& setup, const SigmaOptions& o) {
  check_sigma(o.sigma);
  if (o.sigma == "optimal") return make_optimal_gaussian(g, setup);
  const bool learned = o.sigma == "learned" || o.sigma == "per_dimension";
  double sigma = 0;
  if (!learned) parse_value("sigma", o.sigma, greater_than(0), sigma);
  const Variance variance =
      learned ? learned_variance(g, setup, o.sigma) : fixed_variance(g, sigma, setup.num_values);
  return gaussian_of(variance, setup.num_values);
}

}  // namespace

LikelihoodDef likelihoods::gaussian() {
  return {.name = "gaussian",
          .summary = "any real values (a density); --sigma sets or learns its width",
          .help = "the one to begin with for tables of numbers",
          .measure = [](const DataSpec&) { return Measure::kDensity; },
          .check_range = [](const DataSpec&) {},
          .first_params =
              [](const DataSpec& d) {
                return first_params_in_blocks(
                    d, [](double mean, double) { return std::vector<double>{mean}; });
              },
          .columns = ColumnFamily::kGaussian,
          .steep = true,
          .make = make_gaussian};
}

}  // namespace isthmus
