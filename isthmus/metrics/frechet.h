// SPDX-License-Identifier: Apache-2.0
// Frechet distance of two sets of rows, each taken for a normal: |m1 - m2|^2 + tr(C1 + C2 - 2
// (C1^1/2 C2 C1^1/2)^1/2). Of features of images it is FID (Heusel et al. 2017, arXiv:1706.08500);
// features, sizes and reference decide the number, so it is compared only where all agree.
//
//   FrechetResult r = frechet_distance(generated, test, 64);     // 3.1 +- 0.1
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace isthmus {

struct FrechetResult {
  double value = 0;
  double standard_error = 0;  // jackknife over 20 blocks of both sets
  /// What two sets of these sizes from one normal would have: about d (d + 3) / (n1 + n2) 2.
  double self_distance = 0;
};

/// (N, width) each, row-major; covariances divide by N - 1; double. Singular covariances are fine.
/// Error E3403 for fewer than 40 rows.
FrechetResult frechet_distance(std::span<const float> a, std::span<const float> b, int64_t width);

/// Of two normals: means (d), covariances (d, d).
double frechet_distance(const std::vector<double>& mean_a, const std::vector<double>& cov_a,
                        const std::vector<double>& mean_b, const std::vector<double>& cov_b);

}  // namespace isthmus
