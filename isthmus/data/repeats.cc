// SPDX-License-Identifier: Apache-2.0
#include "isthmus/data/repeats.h"

#include <algorithm>
#include <numeric>

#include "isthmus/base/digest.h"

namespace isthmus {
namespace {

uint64_t digest_of(const Dataset& data, int64_t row) {
  const auto bytes = data.values.num_bytes() / static_cast<uint64_t>(data.num_items());
  return xxh3_64({data.values.data() + static_cast<uint64_t>(row) * bytes, bytes});
}

std::vector<uint64_t> sorted_digests(const Dataset& data, std::span<const int64_t> rows) {
  std::vector<uint64_t> digests;
  digests.reserve(rows.size());
  for (const int64_t row : rows) digests.push_back(digest_of(data, row));
  std::sort(digests.begin(), digests.end());
  return digests;
}

}  // namespace

double repeated_share(const Dataset& data) {
  std::vector<int64_t> rows(static_cast<size_t>(data.num_items()));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  std::vector<uint64_t> digests = sorted_digests(data, rows);
  const auto repeated = digests.end() - std::unique(digests.begin(), digests.end());
  return static_cast<double>(repeated) / static_cast<double>(rows.size());
}

int64_t count_known(const Dataset& data, std::span<const int64_t> rows, const Dataset& known,
                    std::span<const int64_t> known_rows) {
  const std::vector<uint64_t> digests = sorted_digests(known, known_rows);
  return std::count_if(rows.begin(), rows.end(), [&](int64_t row) {
    return std::binary_search(digests.begin(), digests.end(), digest_of(data, row));
  });
}

}  // namespace isthmus
