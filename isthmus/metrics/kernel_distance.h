// SPDX-License-Identifier: Apache-2.0
// Kernel distance of two sets of rows: the unbiased squared maximum mean discrepancy with the
// kernel (x'y / d + 1)^3. Of features of images it is KID (Binkowski et al. 2018,
// arXiv:1801.01401). Its mean does not depend on the sizes, unlike that of a Frechet distance; it
// may be negative.
#pragma once

#include <cstdint>
#include <span>

namespace isthmus {

struct KernelDistance {
  double value = 0;           // mean over subsets
  double standard_error = 0;  // of that mean: deviation over subsets / sqrt(subsets)
  int64_t subsets = 0, subset_size = 0;
};
/// (N, width) each. Up to 100 subsets of up to 1,000 rows without replacement, keyed by the seed.
/// Error E3403 for fewer than 10 rows.
KernelDistance kernel_distance(std::span<const float> a, std::span<const float> b, int64_t width,
                               uint64_t seed);

/// Of all rows.
double squared_mmd(std::span<const float> a, std::span<const float> b, int64_t width);

}  // namespace isthmus
