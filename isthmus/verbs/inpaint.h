// SPDX-License-Identifier: Apache-2.0
// Missing values of items, filled in by a model: draws of p(x_missing | x_known) by chains of codes
// (completion.h). All arrays are (N, item shape), float32 on the scale that the model sees.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "isthmus/data/dataset.h"
#include "isthmus/data/mask.h"
#include "isthmus/verbs/completion.h"
#include "isthmus/verbs/coverage.h"

namespace isthmus {

/// `items` with anything in the missing places; `fill` (D) has a probability there, and is what the
/// encoder first sees; `context` (N, C) for models with conditions. Known values are those of
/// `items` bit for bit, with the deviation 0. Error E2202 for a model that completion_graph()
/// refuses.
Completion inpaint(Session& session, const Tensor& items, const Tensor& context, const Mask& mask,
                   std::span<const float> fill, const CompletionSettings& settings);

/// Mean of each value in training as the model knows it: of columns each its own, of images one
/// for all pixels. (D), on the model's scale.
std::vector<float> training_means(const DataSpec& spec);
/// Items with `fill` (D) in the missing places.
Tensor filled_with(const Tensor& items, const Mask& mask, std::span<const float> fill);

/// `stored` (R N, item shape), R of each item in turn, with the known values of `data` (N items,
/// conforming) as they were read; in a wider type where `stored` could not hold them.
Tensor with_known(const Tensor& stored, const Dataset& data, const Mask& mask);

/// Error on the missing values alone: mean square over all of them; psnr (dB, mean over items that
/// miss any) of images only.
struct MissingError {
  double mse = kUnknown, psnr = kUnknown;
};
MissingError missing_error(const DataSpec& spec, const Tensor& truth, const Tensor& items,
                           const Mask& mask);

/// What one call of the verb was, and a comparison with the truth, as results report them.
struct InpaintRun {
  int64_t n = 0, missing = 0;
  CompletionSettings settings;
  Mixing mixing;
};
struct InpaintComparison {
  std::string truth;
  MissingError naive, filled;
  std::string fitted_to = "none";  // DATA of the naive fill; none: training_means()
  std::optional<Coverage> coverage;
};

}  // namespace isthmus
