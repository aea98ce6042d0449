// SPDX-License-Identifier: Apache-2.0
// Householder reflections to a tridiagonal matrix, then implicit QL with Wilkinson shifts, the
// classical pair (Bowdler, Martin, Reinsch & Wilkinson 1968). The transformation is kept with its
// vectors as rows, so that every inner loop runs along memory.
#include "isthmus/metrics/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "isthmus/base/error.h"
#include "isthmus/metrics/vectors.h"

namespace isthmus {
namespace {

/// The matrix as T = Q^T A Q with T tridiagonal: diagonal, off_diagonal[i] between i - 1 and i, and
/// the columns of Q as rows.
struct Tridiagonal {
  std::vector<double> diagonal, off_diagonal, rows;
};

/// Reflects row i onto its last element: A <- H A H with H = 1 - v v^T (|v|^2 = 2), in the leading
/// i x i part. Returns the new off-diagonal element; v is left in row i.
double reflect(std::vector<double>& a, size_t n, size_t i, std::vector<double>& p) {
  double* v = a.data() + i * n;
  double scale = 0;
  for (size_t k = 0; k < i; ++k) scale = std::max(scale, std::fabs(v[k]));
  if (scale == 0) {
    std::fill(v, v + i, 0.0);
    return 0;
  }
  for (size_t k = 0; k < i; ++k) v[k] /= scale;
  const double length = std::sqrt(dot(v, v, i));
  const double alpha = v[i - 1] > 0 ? -length : length;
  v[i - 1] -= alpha;
  const double norm = std::sqrt(dot(v, v, i) / 2);
  for (size_t k = 0; k < i; ++k) v[k] /= norm;
  // p = A v from the lower triangle; A - v q^T - q v^T with q = p - (p.v / 2) v.
  std::fill(p.begin(), p.begin() + static_cast<ptrdiff_t>(i), 0.0);
  for (size_t r = 0; r < i; ++r) {
    const double* row = a.data() + r * n;
    p[r] += dot(row, v, r + 1);
    add_scaled(p.data(), row, v[r], r);
  }
  add_scaled(p.data(), v, -dot(p.data(), v, i) / 2, i);
  for (size_t r = 0; r < i; ++r) {
    add_scaled(a.data() + r * n, p.data(), -v[r], r + 1);
    add_scaled(a.data() + r * n, v, -p[r], r + 1);
  }
  return alpha * scale;
}

Tridiagonal tridiagonalize(std::vector<double>& a, size_t n) {
  Tridiagonal t{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n * n)};
  std::vector<double> p(n);
  for (size_t i = n; i-- > 1;) t.off_diagonal[i] = reflect(a, n, i, p);
  for (size_t i = 0; i < n; ++i) t.diagonal[i] = a[i * n + i];
  // Q = H_{n-1} ... H_1, built from the small end; row j of `rows` is column j of Q.
  for (size_t i = 0; i < n; ++i) t.rows[i * n + i] = 1;
  for (size_t i = 1; i < n; ++i) {
    const double* v = a.data() + i * n;
    for (size_t j = 0; j < i; ++j) {
      double* row = t.rows.data() + j * n;
      add_scaled(row, v, -dot(row, v, i), i);
    }
  }
  return t;
}

/// Rotates rows j and j + 1.
void rotate(double* row, double* next, double s, double c, size_t n) {
  for (size_t k = 0; k < n; ++k) {
    const double f = next[k];
    next[k] = s * row[k] + c * f;
    row[k] = c * row[k] - s * f;
  }
}

/// One implicit QL step on the unreduced block low .. high.
void ql_step(Tridiagonal& t, size_t low, size_t high, size_t n) {
  std::vector<double>&d = t.diagonal, &e = t.off_diagonal;  // e[i] couples i and i + 1 here
  double g = (d[low + 1] - d[low]) / (2 * e[low]);
  double r = std::hypot(g, 1.0);
  g = d[high] - d[low] + e[low] / (g + std::copysign(r, g));
  double s = 1, c = 1, p = 0;
  for (size_t i = high; i-- > low;) {
    double f = s * e[i];
    const double b = c * e[i];
    r = std::hypot(f, g);
    e[i + 1] = r;
    if (r == 0) {  // underflow: the block has split
      d[i + 1] -= p;
      e[high] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    r = (d[i] - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    rotate(t.rows.data() + i * n, t.rows.data() + (i + 1) * n, s, c, n);
  }
  d[low] -= p;
  e[low] = g;
  e[high] = 0;
}

void diagonalize(Tridiagonal& t, size_t n) {
  std::vector<double>&d = t.diagonal, &e = t.off_diagonal;
  std::rotate(e.begin(), e.begin() + 1, e.end());  // now e[i] couples i and i + 1
  constexpr int kMostSteps = 60;
  for (size_t low = 0; low < n; ++low) {
    for (int step = 0; step < kMostSteps; ++step) {
      size_t high = low;
      while (high + 1 < n) {
        const double around = std::fabs(d[high]) + std::fabs(d[high + 1]);
        if (around + std::fabs(e[high]) == around) break;
        ++high;
      }
      if (high == low) break;
      ql_step(t, low, high, n);
    }
  }
}

}  // namespace

SymmetricEigen symmetric_eigen(std::vector<double> matrix, size_t n) {
  ISTHMUS_CHECK(n > 0 && matrix.size() == n * n, "a square matrix");
  Tridiagonal t = tridiagonalize(matrix, n);
  diagonalize(t, n);
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return t.diagonal[a] > t.diagonal[b]; });
  SymmetricEigen result{std::vector<double>(n), std::vector<double>(n * n)};
  for (size_t i = 0; i < n; ++i) {
    result.values[i] = t.diagonal[order[i]];
    std::copy_n(t.rows.begin() + static_cast<ptrdiff_t>(order[i] * n), n,
                result.vectors.begin() + static_cast<ptrdiff_t>(i * n));
  }
  return result;
}

}  // namespace isthmus
