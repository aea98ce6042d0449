// SPDX-License-Identifier: Apache-2.0
// When to stop, and which epoch was best. The first validation always sets the best; patience is
// counted from the end of the kl warm-up, because before it the score follows the schedule.
#pragma once

#include <cstdint>

#include "isthmus/base/json.h"
#include "isthmus/model_file/terms.h"

namespace isthmus {

class EarlyStopping {
 public:
  /// `patience` 0: never stop. `warmup_epochs`: validations up to this epoch do not count.
  EarlyStopping(int64_t patience, int64_t warmup_epochs)
      : patience_(patience), warmup_epochs_(warmup_epochs) {}

  struct Verdict {
    bool best = false;
    bool stop = false;
  };
  /// score: higher is better (Terms::score). A score that is not a number is never best.
  Verdict observe(int64_t epoch, int64_t step, const Terms& val);

  bool exhausted() const { return patience_ > 0 && without_gain_ >= patience_; }
  bool has_best() const { return best_epoch_ > 0; }
  int64_t best_epoch() const { return best_epoch_; }
  int64_t best_step() const { return best_step_; }
  int64_t without_gain() const { return without_gain_; }
  const Terms& best_terms() const { return best_terms_; }
  int64_t patience() const { return patience_; }

  /// The part that a checkpoint keeps.
  Json to_json() const;
  void restore(const Json& json);

 private:
  int64_t patience_, warmup_epochs_;
  int64_t best_epoch_ = 0, best_step_ = 0;
  int64_t without_gain_ = 0;
  Terms best_terms_;
};

}  // namespace isthmus
