// SPDX-License-Identifier: Apache-2.0
// Early stopping: a small state machine fed once per validation by the training loop. It never sees
// weights; keeping those of the best epoch is the loop's business.
#include "isthmus/train/early_stopping.h"

namespace isthmus {

EarlyStopping::Verdict EarlyStopping::observe(int64_t epoch, int64_t step, const Terms& val) {
  Verdict verdict;
  const double score = val.score();
  verdict.best = !std::isnan(score) && (!has_best() || score > best_terms_.score());
  if (verdict.best) {
    best_epoch_ = epoch;
    best_step_ = step;
    best_terms_ = val;
    without_gain_ = 0;
  } else if (epoch > warmup_epochs_) {
    ++without_gain_;
  }
  verdict.stop = exhausted();
  return verdict;
}

Json EarlyStopping::to_json() const {
  return Json::object()
      .set("best_epoch", best_epoch_)
      .set("best_step", best_step_)
      .set("without_gain", without_gain_)
      .set("best", terms_json(best_terms_));
}

void EarlyStopping::restore(const Json& json) {
  require_keys(json, {"best_epoch", "best_step", "without_gain", "best"});
  best_epoch_ = json.at("best_epoch").as_int();
  best_step_ = json.at("best_step").as_int();
  without_gain_ = json.at("without_gain").as_int();
  best_terms_ = terms_from_json(json.at("best"));
}

}  // namespace isthmus
