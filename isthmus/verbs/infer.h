// SPDX-License-Identifier: Apache-2.0
// The verbs on a trained model. All arrays are float32 on the scale that the model sees; see
// stored_values.h for the way back. Encoding by mean and decoding by mean have no noise; every draw
// is a function of (seed, item).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "isthmus/data/dataset.h"
#include "isthmus/models/inference.h"
#include "isthmus/verbs/session.h"

namespace isthmus {

/// "mean" "sample" (decoder side), and "mean_and_log_var" (encode only).
enum class Quantity : uint8_t { kMean, kSample, kMeanAndLogVar };
Quantity parse_quantity(const std::string& word);  // Error E2003
std::string_view quantity_name(Quantity quantity);

/// "z0", "z1", ... or "mean_0", ..., "log_var_0", ...: column names of encoded data.
std::vector<std::string> code_columns(int64_t latent_dim, Quantity quantity);

/// Error E2202 in all of these for a model without codes.
/// (N, Z), or (N, 2 Z) for mean_and_log_var: means first. For ae the code is the mean, and a sample
/// is an error E2202.
Tensor encode(Session& session, const Dataset& data, Quantity quantity,
              const VerbSettings& settings);

/// z (N, Z) -> (N, item shape). Error E3501 when the width is not the model's latent size.
/// `context` (N, C) are conditions, for models that have them; without: usual_conditions().
Tensor decode(Session& session, const Tensor& z, Quantity quantity, const VerbSettings& settings,
              const Tensor& context = {});

struct SampleSettings {
  int64_t count = 100;
  double temperature = 1.0;  // factor of the prior's noise; in a mixture, of its components' noise
  bool prior = false;        // draw codes from the prior although a sampler was fitted to them
  Quantity quantity = Quantity::kMean;
  std::vector<std::string> given;  // the condition of all items: see condition_row()
  VerbSettings verb = {};
};
/// Decodes draws of the sampler of the codes if there is one, else of the prior: (count, item
/// shape). A model without a latent draws items at once,
/// whatever the quantity. Error E2202 for ae, which has no prior.
Tensor sample(Session& session, const SampleSettings& settings);

/// Decodes the posterior mean of items: (N, item shape).
Tensor reconstruct(Session& session, const Dataset& data, Quantity quantity,
                   const VerbSettings& settings);

enum class LatentPath : uint8_t { kLinear, kSpherical };
LatentPath parse_latent_path(const std::string& word);  // Error E2003
struct InterpolateSettings {
  std::vector<std::pair<int64_t, int64_t>> pairs;  // items of `data`
  int64_t steps = 10;                              // pictures per pair, ends included; at least 2
  LatentPath path = LatentPath::kLinear;
  VerbSettings verb = {};
};
/// Rows of decoded points between the posterior means of pairs: (pairs * steps, item shape). Both
/// ends are exactly the reconstructions. Error E2003 for an item that is not there.
Tensor interpolate(Session& session, const Dataset& data, const InterpolateSettings& settings);
/// "0:1,2:3"
std::vector<std::pair<int64_t, int64_t>> parse_pairs(const std::vector<std::string>& texts);

/// The same condition for `count` items, (count, C); empty without one. Error E2202 for a model
/// without conditions, E2003 for one that it does not know.
Tensor given_context(const Model& model, const std::vector<std::string>& given, int64_t count);

/// Items a0, b0, a1, b1, ... of the pairs. Error E2003 for an item that is not there.
Dataset select_items(const Dataset& data, const std::vector<std::pair<int64_t, int64_t>>& pairs);
/// The graphs that other verbs run, too.
GraphRunner& encode_runner(Session& session, Draw draw, const VerbSettings& settings);
GraphRunner& reconstruct_runner(Session& session, Draw draw, const VerbSettings& settings);

/// Codes to decode, (count, Z): as sample() draws them.
Tensor latent_draws(Session& session, const SampleSettings& settings);

/// Draws of N(0, I), (count, latent_dim), times the temperature.
Tensor prior_draws(int64_t count, int64_t latent_dim, double temperature, uint64_t seed);

/// The point at `share` (0 .. 1) of the path from a to b, (Z) each. Spherical: along the great
/// circle, with the norm going linearly; nearly parallel ends fall back to the line.
void latent_point(std::span<const float> a, std::span<const float> b, LatentPath path, double share,
                  std::span<float> out);

}  // namespace isthmus
