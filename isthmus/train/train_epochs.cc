// SPDX-License-Identifier: Apache-2.0
// What happens between epochs, and when a step goes wrong: validation at beta 1, the best model,
// metrics and pictures; rewinding to the last good state with half the learning rate.
#include <cmath>
#include <cstdio>

#include "isthmus/base/text.h"
#include "isthmus/train/json_run.h"
#include "isthmus/train/picture_schedule.h"
#include "isthmus/train/run_pictures.h"
#include "isthmus/train/train_loop.h"
#include "isthmus/verbs/pictures.h"

namespace isthmus {
namespace {

constexpr double kCollapseNats = 0.5;
// The loss of a run in order falls. It may rise a while, in a warm-up or after an outlier, but not
// by this many times what the first step had, or nats per value of an item.
constexpr double kAbsurdRise = 1e4;

std::string epoch_prefix(int64_t epoch) {
  std::string digits = std::to_string(epoch);
  while (digits.size() < 4) digits.insert(digits.begin(), '0');
  return "epoch-" + digits + "-";
}

}  // namespace

Terms TrainLoop::validate() {
  if (!validation_) return {};
  for (size_t i = 0; i < setup_.kept.size(); ++i) {
    executor_->get_into(setup_.kept[i].state, validation_parameters_[i]);
    validation_runner_->executor().set(setup_.kept[i].name, validation_parameters_[i]);
  }
  return mean_terms(validation_->run(setup_.data.val_rows));
}

void TrainLoop::end_epoch() {
  if (const std::string absurd = absurdity(); !absurd.empty()) {
    recover(absurd);
    return;
  }
  EpochRecord epoch;
  epoch.epoch = state_.epoch;
  epoch.step = state_.step;
  epoch.train = state_.sums.means(setup_.has);
  epoch.learning_rate = learning_rate();
  epoch.kl_weight = kl_weight();
  epoch.beta = beta();
  epoch.grad_norm = state_.grad_norm;
  epoch.items_per_second =
      epoch_seconds_ > 0 ? static_cast<double>(epoch_items_) / epoch_seconds_ : 0.0;
  TrainState next = state_;
  ++next.epoch;
  next.position = 0;
  next.sums = {};
  next.last_train = epoch.train;
  if (!good_->take(*executor_, next)) {
    recover(describe_failure());
    return;
  }
  state_ = next;
  epoch_seconds_ = 0;
  epoch_items_ = 0;
  epoch.val = validate();
  if (validation_ && setup_.has.elbo) epoch.active_units = validation_->active_units();
  state_.active_units = epoch.active_units;
  good_->note(state_);
  epoch.elapsed_seconds = elapsed_seconds();
  EarlyStopping::Verdict verdict;
  if (validation_) verdict = early_stopping_.observe(epoch.epoch, epoch.step, epoch.val);
  epoch.best = verdict.best;
  note_epoch(epoch, verdict.best);
  stop_after_epoch(verdict, epoch.val);
}

void TrainLoop::note_epoch(const EpochRecord& epoch, bool best) {
  // All that an epoch leaves comes before its checkpoint: a resumed run does not look back.
  for (const Json& line : metrics_json(epoch)) folder_.append_metrics(line);
  folder_.log("epoch " + std::to_string(epoch.epoch) + ": " +
              group_digits(std::llround(epoch.items_per_second)) + " items per second, " +
              format_fixed(epoch.elapsed_seconds, 1) + " s since the start");
  draw_pictures(epoch.epoch);
  if (best) {
    std::optional<NamedTensors> copy = tensors();
    ISTHMUS_CHECK(copy.has_value(), "the state was finite a moment ago");
    saver_.save_with_model(record(), std::move(*copy), epoch.val);
  }
  saver_.announce();
  observer_.on_epoch(epoch);
}

/// The code says nearly nothing about the item although the weight of kl is complete.
void TrainLoop::warn_of_collapse() {
  const bool selected = early_stopping_.has_best();
  const double kl = selected ? early_stopping_.best_terms().kl : state_.last_train.kl;
  const int64_t epoch = selected ? early_stopping_.best_epoch() : state_.epoch - 1;
  if (epoch < 1 || kl_weight() < 1 || !(kl < kCollapseNats)) return;
  tell(
      {.kind = "warning",
       .code = "W6002",
       .text = "the decoder ignores the code: kl is only " + format_fixed(kl, 2) + " nats per item",
       .hint = "--kl-warmup 20 or --free-bits 0.1",
       .step = state_.step},
      epoch);
}

void TrainLoop::draw_pictures(int64_t epoch) {
  const RunOptions& run = setup_.options().run;
  if (!pictures_work_ || !has_pictures(setup_.model.data)) return;
  if (!draws_pictures(run.samples_every, epoch, setup_.max_epochs, setup_.open_end)) return;
  Model model;
  model.setup = setup_.model;
  for (const KeptParameter& kept : setup_.kept) {
    model.parameters.emplace(kept.name, executor_->get(kept.state));
  }
  try {
    write_run_pictures(model, setup_, folder_, epoch_prefix(epoch));
  } catch (const Error& error) {
    // Pictures stop before checkpoints do: a full disk must not end training here.
    if (exit_status(error.code()) != 5) throw;
    pictures_work_ = false;
    event("warning", "W5101", "no more pictures: " + error.message(), error.hint());
  }
}

void TrainLoop::stop_after_epoch(const EarlyStopping::Verdict& verdict, const Terms& val) {
  if (!stop_reason_.empty()) return;
  if (setup_.target && validation_) {
    // Validation does not have the terms of a whole batch: those of the epoch stand for them.
    const double measured = term_of(val, setup_.target->name);
    const double value =
        std::isnan(measured) ? term_of(state_.last_train, setup_.target->name) : measured;
    if (setup_.target->met_by(value)) stop_reason_ = "target";
  }
  if (stop_reason_.empty() && verdict.stop) stop_reason_ = "early_stop";
  if (stop_reason_.empty() && state_.epoch > setup_.max_epochs) stop_reason_ = "epochs";
}

std::string TrainLoop::absurdity() const {
  if (state_.sums.items == 0 || std::isnan(state_.first_loss)) return "";
  const double n = static_cast<double>(state_.sums.items);
  // As far as the objective counts it: in a warm-up kl may be anything.
  const double kl = setup_.has.elbo ? std::fmin(1.0, beta()) * state_.sums.sum_of("kl") / n : 0.0;
  const std::string_view cost = setup_.has.loss ? "loss" : "reconstruction";
  const double loss = state_.sums.sum_of(cost) / n + kl;
  const double values = static_cast<double>(setup_.model.data.num_values());
  const double allowed = kAbsurdRise * (std::fabs(state_.first_loss) + values);
  if (loss - state_.first_loss <= allowed) return "";
  char text[128];
  std::snprintf(text, sizeof text,
                "at step %lld: the loss of epoch %lld is %.3g nats per item, at first it was %.3g",
                static_cast<long long>(state_.step), static_cast<long long>(state_.epoch), loss,
                state_.first_loss);
  return text;
}

std::string TrainLoop::describe_failure() const {
  std::string text;
  std::vector<std::string> names = term_names_, outputs = term_outputs_;
  names.push_back("objective");
  outputs.push_back("objective");
  for (size_t i = 0; i < outputs.size(); ++i) {
    const double value = executor_->scalar(outputs[i]);
    if (std::isfinite(value)) continue;
    text = names[i] + " is " + (std::isnan(value) ? "nan" : "infinite");
    break;
  }
  const std::optional<std::string> bad = first_bad_value(*executor_);
  if (bad) text += (text.empty() ? "" : ", ") + *bad;
  return "at step " + std::to_string(state_.step + 1) + ": " + text;
}

void TrainLoop::recover(const std::string& what) {
  const int64_t halvings = state_.halvings + 1, rollbacks = state_.rollbacks + 1;
  if (halvings > kMaxHalvings) fail(what);
  const int64_t failed_step = state_.step + 1, failed_epoch = state_.epoch;
  good_->restore(*executor_, state_);
  state_.halvings = halvings;
  state_.rollbacks = rollbacks;
  // Later rewinds start from here with the lower rate, too.
  good_->take(*executor_, state_);
  epoch_seconds_ = 0;
  epoch_items_ = 0;
  tell({.kind = "rollback",
        .code = "W6001",
        .text = what + "; back to step " + std::to_string(state_.step) + " with learning rate " +
                format_fixed(learning_rate(), 6),
        .hint = "if it happens again: a lower --lr, or a lower --clip",
        .step = failed_step},
       failed_epoch);
}

void TrainLoop::fail(const std::string& what) {
  throw Error(
      ErrorCode::kDiverged,
      "training diverged " + what + "; three retries with half the learning rate did not help",
      "use a lower --lr, a lower --clip, or look for extreme values: isthmus inspect DATA");
}

}  // namespace isthmus
