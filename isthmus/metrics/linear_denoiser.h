// SPDX-License-Identifier: Apache-2.0
// What a denoiser has to beat: the linear one that shrinks principal components. With noise that is
// white once it is scaled, x~ = a (x - mean) + mean~ + e, Var(e) = v I, the least mean squared
// error of any linear map is reached by
//   x^ = mean + sum_i a l_i / (a^2 l_i + v) u_i u_i^T (x~ - mean~),
// with l_i, u_i the variances and directions of the clean items: a Wiener filter in the basis of
// PCA. For plain additive noise a = 1 and the factor is l / (l + v). The gain a and the variance v
// are measured, so that masking and the like have their nearest white noise.
//
//   const LinearDenoiser linear(clean, noisy);
//   linear.denoise(row, out);
#pragma once

#include <span>
#include <vector>

#include "isthmus/metrics/row_source.h"

namespace isthmus {

class LinearDenoiser {
 public:
  /// Row i of `noisy` is row i of `clean` with noise; both (N, D). All components where D or N is
  /// at most 1,024 (exact), else 256 and one variance for the rest.
  LinearDenoiser(const RowSource& clean, const RowSource& noisy);

  /// (D) -> (D)
  void denoise(std::span<const float> noisy, std::span<float> out) const;

  double gain() const { return gain_; }          // a
  double noise_sigma() const { return sigma_; }  // square root of v
  int64_t components() const { return static_cast<int64_t>(factors_.size()); }

 private:
  void measure_noise(const RowSource& clean, const RowSource& noisy);
  double shrinkage(double variance) const;

  std::vector<double> mean_, noisy_mean_;
  std::vector<double> directions_;  // (q, D)
  std::vector<double> factors_;     // (q): what is kept of a component
  double rest_ = 0;                 // what is kept of what the components leave
  double gain_ = 1, sigma_ = 0;
};

}  // namespace isthmus
