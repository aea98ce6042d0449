// SPDX-License-Identifier: Apache-2.0
// The root is that of a symmetric matrix: eigenvalues below 0, which are rounding, count as 0.
#include "isthmus/metrics/frechet.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "isthmus/base/error.h"
#include "isthmus/metrics/symmetric_eigen.h"
#include "isthmus/metrics/vectors.h"

namespace isthmus {
namespace {

constexpr size_t kBlocks = 20, kLeastRows = 2 * kBlocks;

/// Sums of rows about an origin, and of their products: (d), lower triangle of (d, d).
struct RowSums {
  double count = 0;
  std::vector<double> first, second;
  explicit RowSums(size_t width) : first(width), second(width * width) {}
  void add(std::span<const double> row) {
    count += 1;
    add_scaled(first.data(), row.data(), 1, row.size());
    for (size_t i = 0; i < row.size(); ++i) {
      add_scaled(&second[i * row.size()], row.data(), row[i], i + 1);
    }
  }
  void add(const RowSums& other, double factor) {
    count += factor * other.count;
    add_scaled(first.data(), other.first.data(), factor, first.size());
    add_scaled(second.data(), other.second.data(), factor, second.size());
  }
};

struct Normal {
  std::vector<double> mean, covariance;
};
Normal normal_of(const RowSums& s) {
  const size_t d = s.first.size();
  Normal n{s.first, s.second};
  for (double& v : n.mean) v /= s.count;
  for (size_t i = 0; i < d; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double& v = n.covariance[i * d + j];
      v = (v - s.count * n.mean[i] * n.mean[j]) / (s.count - 1);
      n.covariance[j * d + i] = v;
    }
  }
  return n;
}

/// Sums of `kBlocks` blocks of rows, about `origin`.
std::vector<RowSums> sums_of_blocks(std::span<const float> rows, size_t width,
                                    const std::vector<double>& origin) {
  const size_t count = rows.size() / width;
  std::vector<RowSums> blocks(kBlocks, RowSums(width));
  std::vector<double> row(width);
  for (size_t r = 0; r < count; ++r) {
    for (size_t j = 0; j < width; ++j) {
      row[j] = static_cast<double>(rows[r * width + j]) - origin[j];
    }
    blocks[r % kBlocks].add(row);
  }
  return blocks;
}

std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b, size_t d) {
  std::vector<double> c(d * d);
  for (size_t i = 0; i < d; ++i) {
    for (size_t k = 0; k < d; ++k) add_scaled(&c[i * d], &b[k * d], a[i * d + k], d);
  }
  return c;
}

/// The symmetric root of a positive semi-definite matrix.
std::vector<double> root(const std::vector<double>& matrix, size_t d) {
  const SymmetricEigen e = symmetric_eigen(matrix, d);
  std::vector<double> result(d * d);
  for (size_t v = 0; v < d; ++v) {
    const double* vector = &e.vectors[v * d];
    const double scale = std::sqrt(std::max(e.values[v], 0.0));
    for (size_t i = 0; i < d; ++i) add_scaled(&result[i * d], vector, scale * vector[i], d);
  }
  return result;
}

/// All rows but those of one block, which is kBlocks for none.
Normal without(const std::vector<RowSums>& blocks, size_t block) {
  RowSums all(blocks.front().first.size());
  for (size_t b = 0; b < blocks.size(); ++b) {
    if (b != block) all.add(blocks[b], 1);
  }
  return normal_of(all);
}

double distance(const Normal& a, const Normal& b) {
  return frechet_distance(a.mean, a.covariance, b.mean, b.covariance);
}

}  // namespace

double frechet_distance(const std::vector<double>& mean_a, const std::vector<double>& cov_a,
                        const std::vector<double>& mean_b, const std::vector<double>& cov_b) {
  const size_t d = mean_a.size();
  double value = 0;
  for (size_t i = 0; i < d; ++i) {
    value += (mean_a[i] - mean_b[i]) * (mean_a[i] - mean_b[i]);
    value += cov_a[i * d + i] + cov_b[i * d + i];
  }
  const std::vector<double> half = root(cov_a, d);
  for (const double v : symmetric_eigen(product(product(half, cov_b, d), half, d), d).values) {
    value -= 2 * std::sqrt(std::max(v, 0.0));
  }
  return value;
}

FrechetResult frechet_distance(std::span<const float> a, std::span<const float> b, int64_t width) {
  const auto d = static_cast<size_t>(width);
  const size_t least = std::min(a.size(), b.size()) / d;
  if (least < kLeastRows) {
    throw Error(ErrorCode::kTooFewItems,
                "a Frechet distance needs at least " + std::to_string(kLeastRows) +
                    " items of each kind, there are " + std::to_string(least),
                "draw more samples, or give more data");
  }
  std::vector<double> origin(d);
  const double count = static_cast<double>(a.size() / d);
  for (size_t i = 0; i < a.size(); ++i) origin[i % d] += static_cast<double>(a[i]) / count;
  const std::vector<RowSums> sums_a = sums_of_blocks(a, d, origin),
                             sums_b = sums_of_blocks(b, d, origin);
  FrechetResult result;
  result.value = distance(without(sums_a, kBlocks), without(sums_b, kBlocks));
  double mean = 0;
  std::vector<double> values;
  for (size_t block = 0; block < kBlocks; ++block) {
    values.push_back(distance(without(sums_a, block), without(sums_b, block)));
    mean += values.back() / static_cast<double>(kBlocks);
  }
  for (const double v : values) result.standard_error += (v - mean) * (v - mean);
  constexpr auto kShare = static_cast<double>(kBlocks - 1) / static_cast<double>(kBlocks);
  result.standard_error = std::sqrt(kShare * result.standard_error);
  const double n = 2 / (1 / count + static_cast<double>(d) / static_cast<double>(b.size()));
  const auto width_of = static_cast<double>(d);
  result.self_distance = 2 * width_of / n + width_of * (width_of + 1) / (2 * n);
  return result;
}

}  // namespace isthmus
