// SPDX-License-Identifier: Apache-2.0
// What a decoder's outputs mean: p(x given z) for one item of D values, one file per likelihood in
// likelihoods/.
//
//   Likelihood p = all_likelihoods().find("bernoulli").make(g, {.num_values = 784}, {});
//   Value params = network(g, "decoder", z, net, p.num_params);
//   Value log_likelihood = p.log_prob(g, params, x);     // (B), nats, summed over D
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/registry.h"
#include "isthmus/graph/graph.h"
#include "isthmus/tensor/data_spec.h"

namespace isthmus {

/// What exp(log_prob) is on given data: a mass sums to 1 over the stored values, a density
/// integrates to 1, a score does neither. Never rank one kind against another.
enum class Measure : uint8_t { kMass, kDensity, kScore };
std::string_view measure_name(Measure measure);  // "mass" "density" "score"

/// The values that a field can take on the model's scale: low, low + step, ..., `count` of them; 0:
/// they lie on no grid. See levels_of() in levels.h.
struct Levels {
  double low = 0, step = 1;
  int64_t count = 2;
  bool operator==(const Levels&) const = default;
};

/// What a likelihood knows before the first batch. The sigma members are for those with a width.
struct LikelihoodSetup {
  int64_t num_values = 1;    // D
  double initial_sigma = 1;  // where a learned sigma starts: see default_sigma()
  /// What a learned sigma cannot go below, one for all values or D: see rounding_errors().
  std::vector<double> min_sigma = {0.0};
  std::vector<Levels> levels = {Levels{}};  // one for all values or D
  /// Of the graph of a training step: an optimal sigma is that of the step's own batch.
  bool training = false;
};

/// A likelihood inside one graph. Members add nodes; parameters of its own (a learned sigma,
/// "likelihood/log_sigma") were made when it was.
/// Shapes: params (B, P) or (B, L, P) with P = num_params, raw outputs of the decoder; x (B, D).
struct Likelihood {
  int64_t num_params = 1;  // of an item
  /// The parameters of a value lie side by side; else first those of all values, then second ones.
  bool side_by_side = false;
  /// Log probability in nats, summed over D, with all constants: (B) or (B, L).
  std::function<Value(GraphBuilder&, Value params, Value x)> log_prob;
  /// Of each value, whose sum over D is log_prob up to rounding: (B, D) or (B, L, D).
  std::function<Value(GraphBuilder&, Value params, Value x)> log_probs;
  /// log_prob of an item seen through noise that is known, with the noise folded in; absent where
  /// that has no closed form. Normal noise of standard deviation `level`; values 0 and 1 of which
  /// each is flipped with probability `level`.
  std::function<Value(GraphBuilder&, Value params, Value x, double level)> log_prob_under_normal =
      {};
  std::function<Value(GraphBuilder&, Value params, Value x, double level)> log_prob_under_flips =
      {};
  /// Expected x, (B, D) or (B, L, D).
  std::function<Value(GraphBuilder&, Value params)> mean;
  /// A draw of x from the noise of the named stream, same shape as the mean.
  std::function<Value(GraphBuilder&, Value params, std::string_view stream)> sample;
  /// What encoders see instead of x, (B, D), where x itself would upset them; empty: x.
  std::function<Value(GraphBuilder&, Value x)> encoder_view = {};
  /// Variance of x given z: as the mean, or one for all, () or (D). Absent where it has no simple
  /// form.
  std::function<Value(GraphBuilder&, Value params)> variance = {};
};

/// The values that have a probability, and how given data lie to them.
struct Support {
  std::string text;        // "0 to 1", "whole numbers from 0 on"
  double excess = 0;       // furthest value outside, as a share of the range; infinite: never
  bool of_scaled = false;  // the text speaks of values on the model's scale
};

/// Of the best density whose columns are independent: what a model has to beat (metrics). kNone:
/// there is none to compare with.
enum class ColumnFamily : uint8_t { kNone, kGaussian, kBernoulli, kContinuousBernoulli };

struct LikelihoodDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view help = {};    // when to use it
  std::string_view source = {};  // key in docs/references.bib
  /// On data of this kind, as the model sees them (scaled).
  Measure (*measure)(const DataSpec& data) = nullptr;
  /// Error E3404 with a remedy if values lie outside the support.
  void (*check_range)(const DataSpec& data) = nullptr;
  /// Where the decoder's outputs start, (num_params): they fit the mean and the deviation of each
  /// value, if the item is not looked at.
  std::vector<float> (*first_params)(const DataSpec& data) = nullptr;
  /// What `given` data may hold for a model of `trained` data; null: all real numbers.
  Support (*support)(const DataSpec& trained, const DataSpec& given) = nullptr;
  /// Least -log p of a value (model's scale) under any parameters, of a score; null: unknown.
  double (*least_loss)(double x) = nullptr;
  ColumnFamily columns = ColumnFamily::kNone;
  bool unscaled = false;  // stored values are what is counted: scale auto is none
  bool steep = false;     // rare values of a table have large gradients, which are clipped
  /// Adds the likelihood's own parameters; Error E2003 for a sigma that is none.
  WithOptions<Likelihood(GraphBuilder&, const LikelihoodSetup&)> make = {};

  std::vector<BoundOption> options() const { return make.options(); }
  bool has_sigma() const;  // among its options
};

namespace likelihoods {
#define ISTHMUS_ENTRY(name) LikelihoodDef name();
#include "isthmus/builtin_likelihoods.inc"
#undef ISTHMUS_ENTRY
}  // namespace likelihoods

const Registry<LikelihoodDef>& all_likelihoods();

/// Of likelihoods that have a width.
struct SigmaOptions {
  std::string sigma = "auto";  // resolved: "learned" "per_dimension" "optimal" or a positive number

  static constexpr auto fields() {
    return std::tuple{field(
        &SigmaOptions::sigma, "model.sigma", any_value(),
        "Width of the likelihood: a number, learned, per_dimension, or optimal (the one that fits "
        "the errors of each batch, without a parameter to wait for); auto: learned, for tables "
        "per_dimension, for models without kl 1 (it minimises the squared error). Set a number "
        "when the noise of the data is known.",
        {.metavar = "SIGMA"})};
  }
};

/// Smallest and largest value that a model sees: the stored range, scaled.
struct ValueRange {
  double low = 0, high = 0;
};
ValueRange scaled_range(const DataSpec& data);
/// Smallest and largest value of every field are 0 or 1 once they are scaled.
bool only_zero_and_one(const DataSpec& data);
/// Error E3404 unless all scaled values lie in [0, 1]; the message names likelihood and range.
void require_unit_range(const DataSpec& data, std::string_view likelihood);
Support unit_support(const DataSpec& trained, const DataSpec& given);
bool accepts(const LikelihoodDef& likelihood, const DataSpec& data);

/// Standard deviation of the scaled values about their mean, root mean square over fields: where a
/// learned sigma starts when nothing better is known. At least the mean of rounding_errors() and
/// 1e-3.
double default_sigma(const DataSpec& data);
/// Standard deviation of the rounding of the scaled values, one entry for all or one per field:
/// step / sqrt(12), as of a uniform distribution within a step, but not more than the deviation of
/// the field's values; 0 where they lie on no grid. A density on rounded values grows without limit
/// below it.
std::vector<double> rounding_errors(const DataSpec& data);

/// Error E2003 unless the text is "learned", "per_dimension", "optimal" or a positive number.
void check_sigma(const std::string& sigma);

/// Standard deviation that a stored log_sigma stands for: sqrt(exp(2 log_sigma) + min_sigma^2),
/// with the min_sigma of the value's own field. The rounding error adds to the model's own
/// variance, so the bound is approached smoothly and the gradient never stops.
double sigma_value(double log_sigma, double min_sigma);

}  // namespace isthmus
