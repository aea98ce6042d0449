// SPDX-License-Identifier: Apache-2.0
// The state of a run as JSON inside its checkpoints. Doubles are written so that they read back to
// the same bits, which a bit-equal resume needs. Reading is a trust boundary: training counts on
// from these numbers without looking at them again.
#include "isthmus/train/train_state.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

constexpr int64_t kMaxCount = int64_t{1} << 53;         // a double holds each
constexpr int64_t kMaxEpochs = (int64_t{1} << 32) - 1;  // an epoch is a word of the random key
constexpr double kMaxSeconds = 1e12;

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw Error(ErrorCode::kResumeState, "state: " + field + " " + why, {}, {.key = field});
}

/// `field` with its value, when it is not inside the bounds.
void require_between(const std::string& field, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return;
  refuse(field, "= " + std::to_string(value) + " is not between " + std::to_string(least) +
                    " and " + std::to_string(most));
}

int64_t count_at(const Json& json, const std::string& key, int64_t least, int64_t most) {
  const int64_t value = json.at(key).as_int();
  require_between(key, value, least, most);
  return value;
}

double seconds_at(const Json& json, const std::string& key) {
  const double value = json.at(key).as_double();
  if (!(value >= 0 && value <= kMaxSeconds)) refuse(key, "is not a time");
  return value;
}

Json sums_json(const EpochSums& sums) {
  Json json = Json::object().set("objective", sums.objective);
  for (const auto& [name, sum] : sums.terms) json.set(name, sum);
  return json.set("items", sums.items);
}

EpochSums sums_from_json(const Json& json, int64_t position) {
  EpochSums sums{.objective = json.at("objective").as_double(),
                 .terms = {},
                 .items = json.at("items").as_int()};
  for (const auto& [key, value] : json.as_object()) {
    if (key == "objective" || key == "items") continue;
    sums.terms.emplace_back(key, value.as_double());
  }
  if (sums.items != position) {
    refuse("sums.items", "= " + std::to_string(sums.items) + " is not the position in the epoch, " +
                             std::to_string(position));
  }
  bool zero = sums.objective == 0;
  for (const auto& term : sums.terms) zero = zero && term.second == 0;
  if (position == 0 && !zero) refuse("sums", "are not 0 before the first step");
  if (position == 0) sums.terms.clear();  // the first step names them
  return sums;
}

Json train_state_json(const TrainState& s) {
  return Json::object()
      .set("step", s.step)
      .set("epoch", s.epoch)
      .set("position", s.position)
      .set("halvings", s.halvings)
      .set("rollbacks", s.rollbacks)
      .set("sums", sums_json(s.sums))
      .set("last_train", terms_json(s.last_train))
      .set("active_units", s.active_units)
      .set("elapsed_seconds", s.elapsed_seconds)
      .set("trained_items", s.trained_items)
      .set("trained_seconds", s.trained_seconds)
      .set("grad_norm", Json::finite_or_null(s.grad_norm))
      .set("first_loss", Json::finite_or_null(s.first_loss));
}

/// The keys of train_state_json among others.
TrainState train_state_from_json(const Json& json) {
  TrainState s;
  s.step = count_at(json, "step", 0, kMaxCount);
  s.epoch = count_at(json, "epoch", 1, std::min(s.step + 1, kMaxEpochs));
  s.position = count_at(json, "position", 0, kMaxCount);
  s.halvings = count_at(json, "halvings", 0, kMaxHalvings);
  s.rollbacks = count_at(json, "rollbacks", s.halvings, s.halvings);
  s.sums = sums_from_json(json.at("sums"), s.position);
  s.last_train = terms_from_json(json.at("last_train"));
  if (std::isnan(s.last_train.objective) != (s.epoch == 1)) {
    refuse("last_train", "does not fit epoch " + std::to_string(s.epoch));
  }
  s.active_units = count_at(json, "active_units", -1, kMaxCount);
  s.elapsed_seconds = seconds_at(json, "elapsed_seconds");
  s.trained_items = count_at(json, "trained_items", s.step, kMaxCount);
  s.trained_seconds = seconds_at(json, "trained_seconds");
  // Checkpoints of early versions lack these.
  const auto number = [&](const char* key) {
    const Json* found = json.find(key);
    return found != nullptr ? number_or_unknown(*found) : kUnknown;
  };
  s.first_loss = number("first_loss");
  s.grad_norm = number("grad_norm");
  if (s.step == 0 && !std::isnan(s.first_loss)) refuse("first_loss", "is known before a step");
  return s;
}

/// Nothing for null, and for checkpoints of early versions.
std::optional<TrainState> rewind_from_json(const Json* json, const TrainState& now) {
  if (json == nullptr || json->is_null()) return std::nullopt;
  require_keys(*json, {"step", "epoch", "position", "halvings", "rollbacks", "sums", "last_train",
                       "active_units", "elapsed_seconds", "trained_items", "trained_seconds",
                       "grad_norm", "first_loss"});
  const TrainState s = train_state_from_json(*json);
  require_between("rewind.epoch", s.epoch, now.epoch, now.epoch);
  require_between("rewind.step", s.step, 0, now.step - 1);
  require_between("rewind.position", s.position, 0, now.position - 1);
  require_between("rewind.halvings", s.halvings, now.halvings, now.halvings);
  require_between("rewind.active_units", s.active_units, now.active_units, now.active_units);
  require_between("rewind.trained_items", s.trained_items, 0, now.trained_items - 1);
  return s;
}

void check_early_stopping(const Json& json, const TrainState& s) {
  EarlyStopping early(0, 0);
  early.restore(json);
  require_between("early_stopping.best_epoch", early.best_epoch(), 0, s.epoch - 1);
  require_between("early_stopping.best_step", early.best_step(), early.best_epoch(),
                  early.has_best() ? s.step : 0);
  require_between("early_stopping.without_gain", early.without_gain(), 0,
                  s.epoch - 1 - early.best_epoch());
  if (early.has_best() == std::isnan(early.best_terms().score())) {
    refuse("early_stopping.best", "does not fit best_epoch");
  }
}

}  // namespace

void EpochSums::add(double objective_mean, std::span<const std::string> names,
                    std::span<const double> means, int64_t rows) {
  const double weight = static_cast<double>(rows);
  objective += weight * objective_mean;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto at = std::find_if(terms.begin(), terms.end(),
                                 [&](const auto& term) { return term.first == names[i]; });
    if (at == terms.end()) {
      terms.emplace_back(names[i], weight * means[i]);
    } else {
      at->second += weight * means[i];
    }
  }
  items += rows;
}

double EpochSums::sum_of(std::string_view name) const {
  for (const auto& [term, sum] : terms) {
    if (term == name) return sum;
  }
  return 0;
}

Terms EpochSums::means(const Abilities& has) const {
  if (items == 0) return {};
  const double n = static_cast<double>(items);
  Terms means{.objective = objective / n};
  for (const auto& [name, sum] : terms) {
    if (name == "reconstruction") {
      means.reconstruction = sum / n;
    } else if (name == "kl") {
      if (has.elbo) means.kl = sum / n;  // early versions stored a zero for models without
    } else {
      means.others.emplace_back(name, sum / n);
    }
  }
  if (has.elbo) means.elbo = -(means.reconstruction + means.kl);
  if (has.exact) means.elbo = -means.reconstruction;
  return means;
}

Json state_json(const StateRecord& record) {
  return train_state_json(record.state)
      .set("rewind", record.rewind ? train_state_json(*record.rewind) : Json())
      .set("early_stopping", record.early_stopping)
      .set("metrics_bytes", record.metrics_bytes)
      .set("data_fingerprint", record.data_fingerprint)
      .set("config_hash", record.config_hash)
      .set("arithmetic", record.arithmetic);
}

StateRecord state_from_json(const Json& json) {
  // collapse_warned: of early versions.
  require_keys(json, {"step",
                      "epoch",
                      "position",
                      "halvings",
                      "rollbacks",
                      "sums",
                      "last_train",
                      "active_units",
                      "elapsed_seconds",
                      "trained_items",
                      "trained_seconds",
                      "grad_norm",
                      "first_loss",
                      "rewind",
                      "early_stopping",
                      "collapse_warned",
                      "metrics_bytes",
                      "data_fingerprint",
                      "config_hash",
                      "arithmetic"});
  StateRecord record;
  record.state = train_state_from_json(json);
  record.rewind = rewind_from_json(json.find("rewind"), record.state);
  record.early_stopping = json.at("early_stopping");
  check_early_stopping(record.early_stopping, record.state);
  record.metrics_bytes = static_cast<uint64_t>(count_at(json, "metrics_bytes", 0, kMaxCount));
  record.data_fingerprint = json.at("data_fingerprint").as_string();
  record.config_hash = json.at("config_hash").as_string();
  record.arithmetic = json.at("arithmetic").as_string();
  return record;
}

void require_state_fits(const StateRecord& record, const RunBounds& run) {
  const TrainState& s = record.state;
  require_between("active_units", s.active_units, -1, run.latent_dim);
  // An item is trained once a step at most; the last batch of an epoch may be a part.
  if (s.trained_items / run.batch_size > s.step) {
    refuse("trained_items", "= " + std::to_string(s.trained_items) + " is more than " +
                                std::to_string(s.step) + " steps with " +
                                std::to_string(run.batch_size) + " items each");
  }
  if (run.data_changed) return;
  require_between("position", s.position, 0, run.num_items);
  if (s.position % run.batch_size != 0 && s.position != run.num_items) {
    refuse("position", "= " + std::to_string(s.position) + " is not between batches of " +
                           std::to_string(run.batch_size));
  }
}

}  // namespace isthmus
