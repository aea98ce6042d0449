// SPDX-License-Identifier: Apache-2.0
// Sums of a kernel over pairs: products in float, sums in double.
#include "isthmus/metrics/kernel_distance.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"

namespace isthmus {
namespace {

constexpr size_t kSubsets = 100, kSubsetRows = 1000, kLeastRows = 10;

/// Rows turned to columns: (width, count).
std::vector<float> columns_of(std::span<const float> rows, size_t width) {
  const size_t count = rows.size() / width;
  std::vector<float> columns(rows.size());
  for (size_t r = 0; r < count; ++r) {
    for (size_t c = 0; c < width; ++c) columns[c * count + r] = rows[r * width + c];
  }
  return columns;
}

/// Sum of k(a_i, b_j) over all pairs, but those of equal places where `others` asks for it.
double kernel_sum(std::span<const float> a, std::span<const float> b, size_t width, bool others) {
  const size_t count = b.size() / width;
  const std::vector<float> columns = columns_of(b, width);
  std::vector<float> products(count);
  const double scale = 1 / static_cast<double>(width);
  double sum = 0;
  for (size_t i = 0; i < a.size() / width; ++i) {
    std::fill(products.begin(), products.end(), 0.0f);
    for (size_t c = 0; c < width; ++c) {
      const float v = a[i * width + c];
      const float* column = &columns[c * count];
      for (size_t j = 0; j < count; ++j) products[j] += v * column[j];
    }
    double row = 0;
    for (size_t j = 0; j < count; ++j) {
      const double k = static_cast<double>(products[j]) * scale + 1;
      row += others && i == j ? 0 : k * k * k;
    }
    sum += row;
  }
  return sum;
}

std::vector<float> chosen_rows(std::span<const float> rows, size_t width, size_t most, RngKey key,
                               size_t subset) {
  const size_t count = rows.size() / width;
  const KeyedPermutation order(key, static_cast<uint32_t>(subset), count);
  std::vector<float> out;
  for (size_t i = 0; i < std::min(most, count); ++i) {
    const auto row = rows.subspan(order(i) * width, width);
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

}  // namespace

double squared_mmd(std::span<const float> a, std::span<const float> b, int64_t width) {
  const auto w = static_cast<size_t>(width);
  const double n = static_cast<double>(a.size() / w), m = static_cast<double>(b.size() / w);
  return kernel_sum(a, a, w, true) / (n * (n - 1)) + kernel_sum(b, b, w, true) / (m * (m - 1)) -
         2 * kernel_sum(a, b, w, false) / (n * m);
}

KernelDistance kernel_distance(std::span<const float> a, std::span<const float> b, int64_t width,
                               uint64_t seed) {
  const auto w = static_cast<size_t>(width);
  const size_t least = std::min(a.size(), b.size()) / w;
  if (least < kLeastRows) {
    throw Error(ErrorCode::kTooFewItems,
                "a kernel distance needs at least " + std::to_string(kLeastRows) +
                    " items of each kind, there are " + std::to_string(least),
                "draw more samples, or give more data");
  }
  const RngKey first = RngKey::from(seed, "kernel_distance/first"),
               second = RngKey::from(seed, "kernel_distance/second");
  const size_t size = std::min(kSubsetRows, least);
  std::vector<double> values;
  for (size_t s = 0; s < kSubsets; ++s) {
    values.push_back(
        squared_mmd(chosen_rows(a, w, size, first, s), chosen_rows(b, w, size, second, s), width));
  }
  KernelDistance result{.subsets = kSubsets, .subset_size = static_cast<int64_t>(size)};
  for (const double v : values) result.value += v / kSubsets;
  double squares = 0;
  for (const double v : values) squares += (v - result.value) * (v - result.value);
  result.standard_error = std::sqrt(squares / (kSubsets * (kSubsets - 1)));
  return result;
}

}  // namespace isthmus
