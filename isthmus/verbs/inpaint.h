// SPDX-License-Identifier: Apache-2.0
// Missing values of items, filled in by a model. All arrays are (N, item shape), float32 on the
// scale that the model sees.
//
// Each draw is a chain of its own that starts at a given fill and alternates z | x and x_missing |
// z (models/inference.h, missing_values_graph). Its noise is a function of (seed, item, draw,
// step): neither batches nor threads nor the number of draws change it. The first 5 steps, or a
// tenth of them if that is fewer, take every proposal, and E[x|z] for x: they lead away from a fill
// that the encoder has never seen; more of them drift off where the encoder is poor. What follows
// has the exact conditional distribution of the model as its limit, and shows by the share of
// proposals that it takes how fast it gets there. Source: Mattei & Frellsen 2018, section 3.2.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "isthmus/data/dataset.h"
#include "isthmus/data/mask.h"
#include "isthmus/verbs/evaluate.h"

namespace isthmus {

/// Bounds of what the key of the noise can tell apart.
inline constexpr int64_t kMostSteps = 100000, kMostDraws = 10000;

struct InpaintSettings {
  int64_t steps = 200;
  int64_t draws = 10;
  /// Takes every proposal in all steps (Rezende et al. 2014, appendix F): biased wherever the
  /// posterior is not exact.
  bool pseudo_gibbs = false;
  VerbSettings verb = {};
};

struct Inpainted {
  Tensor mean;       // of missing values: E[x|z], averaged over the later half of all chains
  Tensor deviation;  // of missing values: standard deviation of x there; 0 where known
  Tensor draws;      // (N * draws, item shape): item after item, the last x of each chain
  double acceptance = kUnknown;  // share of proposals taken, where some are refused
};

/// `items` with anything in the missing places; `fill` (D) is what the chains start from; `context`
/// (N, C) for models with conditions. Known values are those of `items` bit for bit. Error E2202
/// for a model that missing_values_graph() refuses.
Inpainted inpaint(const Model& model, const Tensor& items, const Tensor& context, const Mask& mask,
                  std::span<const float> fill, Device& device, const InpaintSettings& settings);

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

/// Share of missing values whose truth lies between the lower and the upper `level` quantile of
/// the draws, ends included. `expected` is the share among draws and truth of one distribution.
struct Coverage {
  double level = 0.9, expected = kUnknown, share = kUnknown;
};
/// Nothing below 19 draws, which have no such quantiles.
std::optional<Coverage> interval_coverage(const Tensor& truth, const Tensor& draws,
                                          const Mask& mask);

/// What one call of the verb was, and a comparison with the truth, as results report them.
struct InpaintRun {
  int64_t n = 0, missing = 0;
  InpaintSettings settings;
  double acceptance = kUnknown;
};
struct InpaintComparison {
  std::string truth;
  MissingError naive, filled;
  std::string fitted_to = "none";  // DATA of the naive fill; none: training_means()
  std::optional<Coverage> coverage;
};

}  // namespace isthmus
