// SPDX-License-Identifier: Apache-2.0
// Order statistics of draws, value by value.
#include "isthmus/verbs/coverage.h"

#include <algorithm>
#include <vector>

namespace isthmus {

std::optional<Coverage> interval_coverage(const Tensor& truth, const Tensor& draws,
                                          const Mask& mask, double level) {
  Coverage result{.level = level};
  const int64_t count = draws.shape()[0] / std::max<int64_t>(1, truth.shape()[0]);
  constexpr double kRounding = 1e-9;  // 0.05 * 100 is five
  const auto low =
      static_cast<int64_t>((1 - result.level) / 2 * static_cast<double>(count + 1) + kRounding);
  if (low < 1) return std::nullopt;
  const auto width =
      static_cast<size_t>(truth.num_values() / std::max<int64_t>(1, truth.shape()[0]));
  double inside = 0, missing = 0;
  std::vector<float> sorted(static_cast<size_t>(count));
  for (int64_t i = 0; i < truth.shape()[0]; ++i) {
    for (size_t j = 0; j < width; ++j) {
      if (mask.row(i)[j] != 0) continue;
      for (size_t d = 0; d < sorted.size(); ++d) {
        sorted[d] = draws.values<float>()[(static_cast<size_t>(i * count) + d) * width + j];
      }
      std::ranges::sort(sorted);
      const float v = truth.values<float>()[static_cast<size_t>(i) * width + j];
      inside += v >= sorted[static_cast<size_t>(low - 1)] &&
                v <= sorted[static_cast<size_t>(count - low)];
      ++missing;
    }
  }
  result.expected = static_cast<double>(count + 1 - 2 * low) / static_cast<double>(count + 1);
  result.share = inside / missing;
  return result;
}

}  // namespace isthmus
