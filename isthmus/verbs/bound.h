// SPDX-License-Identifier: Apache-2.0
// The importance-weighted bound with K samples, in double: log-weights arrive in chunks, so memory
// does not depend on K.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "isthmus/verbs/evaluate.h"

namespace isthmus {

/// log(1/K sum w) and (sum w)^2 / sum w^2 of one item, from log w in any number of pieces.
class LogMeanWeight {
 public:
  void add(double log_weight) {
    ++count_;
    if (log_weight > largest_) {
      const double shrink = std::exp(largest_ - log_weight);
      sum_ *= shrink;
      squares_ *= shrink * shrink;
      largest_ = log_weight;
    }
    const double weight = std::exp(log_weight - largest_);
    sum_ += weight;
    squares_ += weight * weight;
  }
  double value() const { return largest_ + std::log(sum_ / static_cast<double>(count_)); }
  double effective_samples() const { return sum_ * sum_ / squares_; }

 private:
  int64_t count_ = 0;
  double largest_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0, squares_ = 0;
};

/// Exactly `k` draws per item. `fitted` is the data as the model expects them (conform). Error
/// E2202 for a model without a posterior.
BoundResult importance_bound(Session& session, const Dataset& fitted, int64_t num_items, int64_t k,
                             const VerbSettings& settings);

}  // namespace isthmus
