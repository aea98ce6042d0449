// SPDX-License-Identifier: Apache-2.0
// Larger images from averages of their blocks, by a model of the larger ones. All arrays are
// float32 on the scale that the model sees.
//
// Given z, the pixels x are taken as normal with the decoder's mean m and variance v, so the block
// means y = A x are N(A m, A v A'). Chains of codes (completion.h) draw from p(z|y), and given z
// and y an item is normal with the mean m + v A' (A v A')^-1 (y - A m); its block means are y.
// Exact for a gaussian likelihood; for others the mean of many pixels is nearly normal.
#pragma once

#include <optional>

#include "isthmus/data/blocks.h"
#include "isthmus/verbs/completion.h"
#include "isthmus/verbs/coverage.h"
#include "isthmus/verbs/denoise.h"

namespace isthmus {

/// Error E2202 for a model of other data than images.
void require_resolution(const DataSpec& spec);
/// How many times smaller than the items of `spec` these images (N, h, w[, C]) are. Errors: E3501
/// for sizes without a whole factor of 2 or more; as require_resolution().
int64_t factor_of(const DataSpec& spec, const Shape& small);

/// `small` (N, h, w[, C]); `context` (N, C) for models with conditions; `sigma`: of a pixel given
/// z, none: that of the likelihood. Errors: as factor_of() and evidence_graph().
Completion superresolve(Session& session, const Tensor& small, const Tensor& context,
                        const std::optional<double>& sigma, const CompletionSettings& settings);

/// What one call of the verb was, and a comparison with the truth, as results report them.
struct SuperresolveRun {
  int64_t n = 0, factor = 0;
  std::optional<double> sigma;
  CompletionSettings settings;
  Mixing mixing;
};
struct SuperresolveComparison {
  DenoiseError bicubic, superresolved;
  std::optional<Coverage> coverage;
};

}  // namespace isthmus
