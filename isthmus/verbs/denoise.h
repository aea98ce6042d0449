// SPDX-License-Identifier: Apache-2.0
// Clean items from noisy ones, by a model. All arrays are (N, item shape), float32 on the scale
// that the model sees. One pass through a model that was trained on corrupted items; or, with known
// noise, the posterior mean of the clean item under a model of clean items: draws z_k ~ q(z|x~) get
// weights w_k ~ p(x~|z_k) p(z_k) / q(z_k|x~), the noise folded into p(x~|z), and the result is
// sum w_k E[x|z_k] / sum w_k. Source: Kingma & Welling 2014, section 2 (approximate marginal
// inference).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "isthmus/metrics/linear_denoiser.h"
#include "isthmus/models/inference.h"
#include "isthmus/verbs/evaluate.h"

namespace isthmus {

struct DenoiseSettings {
  std::optional<KnownNoise> noise;  // none: one pass
  int64_t draws = 64;               // of each item, with known noise
  VerbSettings verb = {};
};

struct Denoised {
  Tensor items;
  double effective_samples = kUnknown;  // mean over items of (sum w)^2 / sum w^2
};

/// Errors: E2202 for a model without a code, for one pass through a model that was trained on clean
/// items, for known noise without a posterior or without a closed form. `context` holds the
/// conditions of the items, for a model that has one.
Denoised denoise(Session& session, const Tensor& noisy, const Tensor& context,
                 const DenoiseSettings& settings);

/// Items with the noise of a corruption (models/corruption.h): a function of (seed, purpose, item).
/// `own` holds the level, or nothing. Error E2003.
Tensor corrupt_items(Session& session, const Tensor& clean, std::string_view corruption,
                     const OwnOptions& own, const VerbSettings& settings);

/// Distance of items from the clean ones; psnr (dB, mean over items) of images only.
struct DenoiseError {
  double mse = kUnknown, psnr = kUnknown;
};
DenoiseError denoise_error(const DataSpec& spec, const Tensor& clean, const Tensor& items);

/// What one call of the verb was, and a comparison on clean items, as results report them.
struct DenoiseRun {
  int64_t n = 0;
  std::string noise = "none";  // "gaussian" "flip"
  std::optional<double> noise_level;
  int64_t draws = 0;
  double effective_samples = kUnknown;
  uint64_t seed = 0;
};
struct DenoiseComparison {
  std::string corruption, level;
  DenoiseError noisy, denoised, linear;
  std::string fitted_to = "none";  // DATA of the linear denoiser; none: the items themselves
  int64_t fitted_items = 0, components = 0;
  double gain = 1, noise_sigma = 0;  // as LinearDenoiser measured them
};

/// All items through the linear denoiser.
Tensor denoise_linearly(const LinearDenoiser& linear, const Tensor& noisy);
/// The items of an array as rows.
RowSource item_rows(const Tensor& items);

}  // namespace isthmus
