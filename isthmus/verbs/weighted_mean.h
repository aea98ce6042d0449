// SPDX-License-Identifier: Apache-2.0
// Means of the rows of one item weighted by exp(log weight), in double; the weights may come in any
// number of pieces and on any scale.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace isthmus {

class WeightedMean {
 public:
  explicit WeightedMean(size_t width) : mean_(width) {}
  /// Returns the share of this weight in the sum of all so far: a row that replaces a kept one with
  /// this probability leaves a draw by weight.
  double add(double log_weight, std::span<const float> values) {
    if (log_weight > largest_) {
      const double shrink = std::exp(largest_ - log_weight);
      sum_ *= shrink;
      squares_ *= shrink * shrink;
      for (double& v : mean_) v *= shrink;
      largest_ = log_weight;
    }
    const double weight = std::exp(log_weight - largest_);
    sum_ += weight;
    squares_ += weight * weight;
    for (size_t j = 0; j < mean_.size(); ++j) mean_[j] += weight * values[j];
    return weight / sum_;
  }
  void write(std::span<float> out) const {
    for (size_t j = 0; j < mean_.size(); ++j) out[j] = static_cast<float>(mean_[j] / sum_);
  }
  /// (sum w)^2 / sum w^2
  double effective_samples() const { return sum_ * sum_ / squares_; }

 private:
  std::vector<double> mean_;
  double largest_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0, squares_ = 0;
};

}  // namespace isthmus
