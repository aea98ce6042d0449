// SPDX-License-Identifier: Apache-2.0
// Eigenvalues and vectors of a real symmetric matrix, for principal components. One thread, plain
// double arithmetic in a fixed order: same input, same bits. Meant for sizes up to about a thousand
// (4 n^3 operations).
#pragma once

#include <cstddef>
#include <vector>

namespace isthmus {

struct SymmetricEigen {
  std::vector<double> values;   // (n), largest first
  std::vector<double> vectors;  // (n, n): row i is the unit vector of values[i]
};

/// `matrix` is (n, n), finite; only its lower triangle is read.
SymmetricEigen symmetric_eigen(std::vector<double> matrix, size_t n);

}  // namespace isthmus
