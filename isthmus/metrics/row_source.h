// SPDX-License-Identifier: Apache-2.0
// Rows of values that are read in blocks: what a reference (baselines.h, pca.h) is fitted to and
// measured on. The values stay where they are; a reference asks for some rows at a time, more than
// once and always in order, and gets them on the scale that the model sees.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace isthmus {

struct RowSource {
  int64_t count = 0;  // N
  int64_t width = 0;  // D
  /// Fills `out`, (rows, D), with rows first, first + 1, ...
  std::function<void(int64_t first, int64_t rows, std::span<float> out)> read;

  /// All rows in blocks of at most about a megabyte: visit(values of a row, its number).
  template <class Visit>
  void for_each_row(Visit visit) const {
    constexpr int64_t kBlockValues = int64_t{1} << 18;
    const int64_t block = std::clamp<int64_t>(width > 0 ? kBlockValues / width : 1, 1, 1024);
    std::vector<float> values(static_cast<size_t>(std::min(block, count) * width));
    for (int64_t first = 0; first < count; first += block) {
      const int64_t rows = std::min(block, count - first);
      const std::span<float> part(values.data(), static_cast<size_t>(rows * width));
      read(first, rows, part);
      for (int64_t r = 0; r < rows; ++r) {
        visit(std::span<const float>(part).subspan(static_cast<size_t>(r * width),
                                                   static_cast<size_t>(width)),
              first + r);
      }
    }
  }
};

/// All rows of a dense array (N, D) that outlives the source.
RowSource rows_of(std::span<const float> values, int64_t width);

/// Mean and population variance of each column, (D). Two passes: no cancellation.
struct ColumnFacts {
  std::vector<double> mean, variance;
};
ColumnFacts column_facts(const RowSource& rows);

}  // namespace isthmus
