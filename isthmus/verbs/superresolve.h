// SPDX-License-Identifier: Apache-2.0
// Larger images from averages of their blocks, by a model of the larger ones. All arrays are
// float32 on the scale that the model sees.
//
// Given z, the pixels x are taken as normal with the decoder's mean m and variance v, so the block
// means y = A x are N(A m, A v A'): draws z_k ~ q(z|enlarged y) get the weights
// p(y|z_k) p(z_k) / q(z_k|enlarged y), and given z_k and y the item expected is
// m + v A' (A v A')^-1 (y - A m), whose block means are y. Exact for a gaussian likelihood; for
// others the mean of many pixels is nearly normal.
#pragma once

#include <optional>

#include "isthmus/data/blocks.h"
#include "isthmus/verbs/denoise.h"
#include "isthmus/verbs/evaluate.h"

namespace isthmus {

struct SuperresolveSettings {
  int64_t proposals = 1000;          // K of each item
  int64_t draws = 1;                 // of each item, chosen among them by weight
  std::optional<double> sigma = {};  // of a pixel given z; none: that of the likelihood
  VerbSettings verb = {};
};

struct Superresolved {
  Tensor mean;                          // (N, item shape): weighted mean of all proposals
  Tensor draws;                         // (N * draws, item shape): item after item
  double effective_samples = kUnknown;  // mean over items of (sum w)^2 / sum w^2
  int64_t few = 0;                      // items with fewer than kFewSamples effective ones
};
inline constexpr double kFewSamples = 5;

/// Error E2202 for a model of other data than images.
void require_resolution(const DataSpec& spec);
/// How many times smaller than the items of `spec` these images (N, h, w[, C]) are. Errors: E3501
/// for sizes without a whole factor of 2 or more; as require_resolution().
int64_t factor_of(const DataSpec& spec, const Shape& small);

/// `small` (N, h, w[, C]); `context` (N, C) for models with conditions. Errors: as factor_of();
/// E2202 for a model without a posterior, or without a sigma to go by.
Superresolved superresolve(const Model& model, const Tensor& small, const Tensor& context,
                           Device& device, const SuperresolveSettings& settings);

/// What one call of the verb was, and a comparison with the truth, as results report them.
struct SuperresolveRun {
  int64_t n = 0, factor = 0;
  SuperresolveSettings settings;
  double effective_samples = kUnknown;
  int64_t few = 0;
};
struct SuperresolveComparison {
  DenoiseError bicubic, superresolved;
};

}  // namespace isthmus
