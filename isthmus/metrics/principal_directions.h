// SPDX-License-Identifier: Apache-2.0
// The leading eigenvectors of a covariance matrix: three ways to the same numbers, chosen by size.
#pragma once

#include <cstdint>
#include <vector>

#include "isthmus/metrics/row_source.h"

namespace isthmus {

struct PrincipalDirections {
  std::vector<double> variances;  // (q), largest first, population
  /// (q, D), unit rows, the largest entry of each positive; zero where the variance is zero.
  std::vector<double> directions;
};

/// Largest side of a matrix that is diagonalized as a whole.
inline constexpr int64_t kExactSide = 1024;

/// From the D x D covariance matrix; from the N x N matrix of products of rows; by subspace
/// iteration with q + 10 vectors from a keyed start until the variances stand still.
PrincipalDirections directions_by_columns(const RowSource& rows, const std::vector<double>& mean,
                                          int64_t q);
PrincipalDirections directions_by_rows(const RowSource& rows, const std::vector<double>& mean,
                                       int64_t q);
PrincipalDirections directions_by_iteration(const RowSource& rows, const std::vector<double>& mean,
                                            int64_t q);
/// The first of these that is exact, else the last.
PrincipalDirections principal_directions(const RowSource& rows, const std::vector<double>& mean,
                                         int64_t q);

/// Memory that principal_directions() needs for `count` rows of `width` values, beside the rows.
uint64_t principal_directions_bytes(int64_t count, int64_t width, int64_t q);

}  // namespace isthmus
