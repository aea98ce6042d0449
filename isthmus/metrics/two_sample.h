// SPDX-License-Identifier: Apache-2.0
// Whether two sets of rows come from one distribution: how well a classifier tells them apart. Used
// for codes and draws of their prior or sampler; 0.5 is perfect.
//
//   TwoSample r = two_sample_test(codes, draws, seed);     // r.auroc 0.71 +- 0.005
//
// The classifier is a logistic regression on the values, their squares and a layer of fixed random
// units, fitted on one half and measured on the other, both ways: convex, so that the same rows
// give the same number. Source: Lopez-Paz & Oquab 2017, arXiv:1610.06545 (classifier two-sample
// tests).
#pragma once

#include <cstdint>
#include <span>

namespace isthmus {

struct TwoSample {
  double auroc = 0.5;      // of the held-out halves; below 0.5 is chance, too
  double auroc_se = 0;     // Hanley & McNeil 1982
  double accuracy = 0.5;   // of the held-out halves
  double accuracy_se = 0;  // binomial
  int64_t rows = 0;        // of each set
};

/// Both (N, width), row-major; at most `kMostTestRows` of each are used, evenly spread. Error E3403
/// for fewer than kLeastTestRows rows.
inline constexpr int64_t kMostTestRows = 5000, kLeastTestRows = 40;
TwoSample two_sample_test(std::span<const float> real, std::span<const float> drawn, int64_t width,
                          uint64_t seed);

/// Area under the ROC curve of scores that should be higher for positives; ties count half.
double auroc(std::span<const double> positives, std::span<const double> negatives);

}  // namespace isthmus
