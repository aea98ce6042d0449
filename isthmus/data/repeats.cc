// SPDX-License-Identifier: Apache-2.0
#include "isthmus/data/repeats.h"

#include <algorithm>
#include <numeric>

#include "isthmus/base/digest.h"
#include "isthmus/data/narrow.h"

namespace isthmus {
namespace {

/// Of a row as it lies in memory, or of its stored values as float32, for data that lie there in
/// different ways.
uint64_t digest_of(const Dataset& data, int64_t row, bool as_stored) {
  const auto bytes = data.values.num_bytes() / static_cast<uint64_t>(data.num_items());
  if (!as_stored) return xxh3_64({data.values.data() + static_cast<uint64_t>(row) * bytes, bytes});
  const Tensor wide = widened(data.values.rows(row, 1), data.spec.narrowing);
  std::vector<float> values(static_cast<size_t>(wide.num_values()));
  std::ranges::transform(wide.values<double>(), values.begin(),
                         [](double v) { return static_cast<float>(v); });
  return xxh3_64(std::as_bytes(std::span(values)));
}

std::vector<uint64_t> sorted_digests(const Dataset& data, std::span<const int64_t> rows,
                                     bool as_stored) {
  std::vector<uint64_t> digests;
  digests.reserve(rows.size());
  for (const int64_t row : rows) digests.push_back(digest_of(data, row, as_stored));
  std::sort(digests.begin(), digests.end());
  return digests;
}

}  // namespace

double repeated_share(const Dataset& data) {
  std::vector<int64_t> rows(static_cast<size_t>(data.num_items()));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  std::vector<uint64_t> digests = sorted_digests(data, rows, false);
  const auto repeated = digests.end() - std::unique(digests.begin(), digests.end());
  return static_cast<double>(repeated) / static_cast<double>(rows.size());
}

int64_t count_known(const Dataset& data, std::span<const int64_t> rows, const Dataset& known,
                    std::span<const int64_t> known_rows) {
  const bool as_stored = data.values.dtype() != known.values.dtype() ||
                         data.spec.narrowing.origin != known.spec.narrowing.origin ||
                         data.spec.narrowing.unit != known.spec.narrowing.unit;
  const std::vector<uint64_t> digests = sorted_digests(known, known_rows, as_stored);
  return std::count_if(rows.begin(), rows.end(), [&](int64_t row) {
    return std::binary_search(digests.begin(), digests.end(), digest_of(data, row, as_stored));
  });
}

}  // namespace isthmus
