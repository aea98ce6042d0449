// SPDX-License-Identifier: Apache-2.0
// Rows of an array in memory, and the moments that every reference starts from.
#include "isthmus/metrics/row_source.h"

namespace isthmus {

RowSource rows_of(std::span<const float> values, int64_t width) {
  const auto size = static_cast<int64_t>(values.size());
  return {.count = width > 0 ? size / width : 0,
          .width = width,
          .read = [values, width](int64_t first, int64_t rows, std::span<float> out) {
            const auto part = values.subspan(static_cast<size_t>(first * width),
                                             static_cast<size_t>(rows * width));
            std::copy(part.begin(), part.end(), out.begin());
          }};
}

ColumnFacts column_facts(const RowSource& rows) {
  const auto width = static_cast<size_t>(rows.width);
  ColumnFacts facts{std::vector<double>(width), std::vector<double>(width)};
  const double n = static_cast<double>(std::max<int64_t>(1, rows.count));
  rows.for_each_row([&](std::span<const float> row, int64_t) {
    for (size_t j = 0; j < width; ++j) facts.mean[j] += row[j];
  });
  for (double& mean : facts.mean) mean /= n;
  rows.for_each_row([&](std::span<const float> row, int64_t) {
    for (size_t j = 0; j < width; ++j) {
      const double delta = row[j] - facts.mean[j];
      facts.variance[j] += delta * delta;
    }
  });
  for (double& variance : facts.variance) variance /= n;
  return facts;
}

}  // namespace isthmus
