// SPDX-License-Identifier: Apache-2.0
// Minimises a smooth function of many numbers by limited-memory BFGS, in double on one thread:
// what convex fits need that go over all items for each value. Source: Nocedal & Wright 2006,
// algorithms 7.4 and 7.5.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace isthmus {

/// The value at `x`; fills `gradient`, of the same size.
using Slope = std::function<double(std::span<const double> x, std::span<double> gradient)>;

struct LbfgsSettings {
  double gradient_ratio = 1e-5;  // stop at this share of the first gradient's norm
  int64_t passes = 500;          // most evaluations of the function
  /// Relative error of the function's values: smaller differences say nothing.
  double value_error = 1e-9;
};

struct LbfgsResult {
  std::vector<double> x;
  double value = 0;
  double gradient_ratio = 0;  // where it ended
  int64_t passes = 0;         // evaluations
};

/// From `start`. A function that rounding makes rough ends the search where no step lowers it.
LbfgsResult minimize_lbfgs(const Slope& function, std::vector<double> start,
                           const LbfgsSettings& settings);

/// Numbers that it holds for each number of x, beside it: steps and changes of the gradient.
inline constexpr uint64_t kLbfgsVectors = 26;

}  // namespace isthmus
