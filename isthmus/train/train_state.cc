// SPDX-License-Identifier: Apache-2.0
// The state of a run as JSON inside its checkpoints. Doubles are written so that they read back to
// the same bits, which a bit-equal resume needs.
#include "isthmus/train/train_state.h"

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

Json sums_json(const EpochSums& sums) {
  return Json::object()
      .set("objective", sums.objective)
      .set("reconstruction", sums.reconstruction)
      .set("kl", sums.kl)
      .set("items", sums.items);
}

EpochSums sums_from_json(const Json& json) {
  require_keys(json, {"objective", "reconstruction", "kl", "items"});
  return {.objective = json.at("objective").as_double(),
          .reconstruction = json.at("reconstruction").as_double(),
          .kl = json.at("kl").as_double(),
          .items = json.at("items").as_int()};
}

int64_t count_at(const Json& json, std::string_view key, int64_t least) {
  const int64_t value = json.at(key).as_int();
  if (value < least) {
    throw Error(
        ErrorCode::kModelConfig,
        std::string(key) + " = " + std::to_string(value) + " is below " + std::to_string(least), {},
        {.key = std::string(key)});
  }
  return value;
}

}  // namespace

void EpochSums::add(double objective_mean, double reconstruction_mean, double kl_mean,
                    int64_t rows) {
  const double weight = static_cast<double>(rows);
  objective += weight * objective_mean;
  reconstruction += weight * reconstruction_mean;
  kl += weight * kl_mean;
  items += rows;
}

Terms EpochSums::terms(bool has_posterior) const {
  if (items == 0) return {};
  const double n = static_cast<double>(items);
  Terms terms{.objective = objective / n, .reconstruction = reconstruction / n};
  if (has_posterior) {
    terms.kl = kl / n;
    terms.elbo = -(terms.reconstruction + terms.kl);
  }
  return terms;
}

Json state_json(const StateRecord& record) {
  const TrainState& s = record.state;
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
      .set("early_stopping", record.early_stopping)
      .set("collapse_warned", record.collapse_warned)
      .set("metrics_bytes", record.metrics_bytes)
      .set("data_fingerprint", record.data_fingerprint)
      .set("config_hash", record.config_hash)
      .set("arithmetic", record.arithmetic);
}

StateRecord state_from_json(const Json& json) {
  require_keys(json, {"step", "epoch", "position", "halvings", "rollbacks", "sums", "last_train",
                      "active_units", "elapsed_seconds", "trained_items", "trained_seconds",
                      "early_stopping", "collapse_warned", "metrics_bytes", "data_fingerprint",
                      "config_hash", "arithmetic"});
  StateRecord record;
  TrainState& s = record.state;
  s.step = count_at(json, "step", 0);
  s.epoch = count_at(json, "epoch", 1);
  s.position = count_at(json, "position", 0);
  s.halvings = count_at(json, "halvings", 0);
  s.rollbacks = count_at(json, "rollbacks", 0);
  s.sums = sums_from_json(json.at("sums"));
  s.last_train = terms_from_json(json.at("last_train"));
  s.active_units = count_at(json, "active_units", -1);
  s.elapsed_seconds = json.at("elapsed_seconds").as_double();
  s.trained_items = count_at(json, "trained_items", 0);
  s.trained_seconds = json.at("trained_seconds").as_double();
  record.early_stopping = json.at("early_stopping");
  const Json* warned = json.find("collapse_warned");  // not in checkpoints of early versions
  record.collapse_warned = warned != nullptr && warned->as_bool();
  record.metrics_bytes = static_cast<uint64_t>(count_at(json, "metrics_bytes", 0));
  record.data_fingerprint = json.at("data_fingerprint").as_string();
  record.config_hash = json.at("config_hash").as_string();
  record.arithmetic = json.at("arithmetic").as_string();
  return record;
}

}  // namespace isthmus
