// SPDX-License-Identifier: Apache-2.0
// Upper triangular factors of covariances: S = U'U, so that noise times U has covariance S, and
// (x - m) U^-1 has covariance I. One thread, plain double arithmetic in a fixed order: same input,
// same bits. Matrices are (n, n), row after row.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace isthmus {

/// U with S = U'U, zeros below the diagonal; of S only the upper triangle is read. Nothing where S
/// is not positive definite.
std::optional<std::vector<double>> cholesky(std::vector<double> matrix, size_t n);

/// The inverse of an upper triangular matrix.
std::vector<double> inverse_upper(const std::vector<double>& upper, size_t n);

}  // namespace isthmus
