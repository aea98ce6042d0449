// SPDX-License-Identifier: Apache-2.0
// Generated items among real ones, by neighbours in a space of features: are they where real items
// are, and everywhere where these are, and are they copies?
// Sources: Kynkaanniemi et al. 2019, arXiv:1904.06991 (precision, recall); Naeem et al. 2020,
// arXiv:2002.09797 (density, coverage).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace isthmus {

struct Share {
  double value = 0, standard_error = 0;  // over items
};
struct ManifoldScores {
  Share precision;  // generated items inside a ball of a real one
  Share recall;     // real items inside a ball of a generated one
  Share density;    // balls of real items that a generated one is in, over k; may be above 1
  Share coverage;   // real items with a generated one in their ball
  int64_t k_precision = 3, k_density = 5;
};
/// A ball reaches to the k-th nearest other item of its own kind, itself excluded. (N, width) each.
/// Error E3403 for 5 rows or fewer of either.
ManifoldScores manifold_scores(std::span<const float> real, std::span<const float> generated,
                               int64_t width);

struct NearestRatio {
  double value = 1;              // below 0.8 the generated items are too near to training items
  double low = 1, high = 1;      // 95 % interval of a bootstrap over items
  std::vector<int64_t> nearest;  // of each generated item: the row of `train`
};
/// Median distance of generated items to their nearest training item, over that of held-out items.
NearestRatio nearest_ratio(std::span<const float> generated, std::span<const float> train,
                           std::span<const float> held_out, int64_t width, uint64_t seed);

/// Squared distances of a row to all of many rows.
class RowDistances {
 public:
  RowDistances(std::span<const float> rows, int64_t width);
  size_t count() const { return count_; }
  void to(std::span<const float> row, std::span<float> out) const;

 private:
  size_t count_, width_;
  std::vector<float> columns_;  // (width, count)
};

}  // namespace isthmus
