// SPDX-License-Identifier: Apache-2.0
// How often the truth lies where draws say: whether their spread can be believed.
#pragma once

#include <limits>
#include <optional>

#include "isthmus/data/mask.h"

namespace isthmus {

/// Share of missing values whose truth lies between the lower and the upper quantile of the draws
/// that hold `level` between them, ends included. `expected` is the share among draws and truth of
/// one distribution.
struct Coverage {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  double level = 0.9, expected = kUnknown, share = kUnknown;
};
/// truth (N, ...), draws (N * draws, ...): item after item. Nothing below 2 / (1 - level) - 1
/// draws, which have no such quantiles.
std::optional<Coverage> interval_coverage(const Tensor& truth, const Tensor& draws,
                                          const Mask& mask, double level = 0.9);

}  // namespace isthmus
