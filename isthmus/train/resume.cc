// SPDX-License-Identifier: Apache-2.0
// Checkpoints to and from bytes. Container and generations are checkpoint/'s; here the run's own
// records are put in and read back strictly.
#include "isthmus/train/resume.h"

#include "isthmus/checkpoint/generations.h"
#include "isthmus/checkpoint/safetensors.h"
#include "isthmus/train/json_results.h"

namespace isthmus {
namespace {

constexpr int kCheckpointConfigFactor = 4;  // a checkpoint also holds all options

Json identity_json(const RunIdentity& identity) {
  Json data = Json::array();
  for (const std::string& argument : identity.data) data.push_back(argument);
  return Json::object().set("data", std::move(data)).set("choices", choices_json(identity.choices));
}

RunIdentity identity_from_json(const Json& json) {
  require_keys(json, {"data", "choices"});
  RunIdentity identity;
  for (const Json& argument : json.at("data").as_array()) {
    identity.data.push_back(argument.as_string());
  }
  for (const Json& choice : json.at("choices").as_array()) {
    require_keys(choice, {"key", "value", "origin", "reason"});
    const Json& reason = choice.at("reason");
    identity.choices.push_back({.key = choice.at("key").as_string(),
                                .value = choice.at("value").as_string(),
                                .origin = choice.at("origin").as_string(),
                                .reason = reason.is_null() ? "" : reason.as_string()});
  }
  return identity;
}

Json parse_text(const Metadata& metadata, std::string_view key, uint64_t max_bytes) {
  const auto at = metadata.find(std::string(key));
  if (at == metadata.end()) {
    throw Error(ErrorCode::kModelConfig, "the checkpoint has no " + std::string(key));
  }
  auto parsed = parse_json(at->second, {.max_bytes = max_bytes});
  if (const auto* fault = std::get_if<JsonParseError>(&parsed)) {
    throw Error(ErrorCode::kModelConfig, std::string(key) + ": " + fault->message, {},
                {.offset = fault->offset});
  }
  return std::get<Json>(std::move(parsed));
}

ResumePoint read_point(const Container& container, const Limits& limits) {
  Limits wide = limits;
  wide.config_bytes.bytes *= kCheckpointConfigFactor;
  ResumePoint point;
  point.model = model_from_container(container, "checkpoint", wide);
  const Json config = parse_text(container.metadata, kConfigKey, wide.config_bytes.bytes);
  point.identity = identity_from_json(config.at("run"));
  point.record =
      state_from_json(parse_text(container.metadata, kStateKey, limits.string_bytes.bytes));
  return point;
}

}  // namespace

Bytes checkpoint_bytes(const Model& model, const RunIdentity& identity, const StateRecord& record,
                       const NamedTensors& tensors) {
  Metadata metadata;
  metadata[std::string(kKindKey)] = "checkpoint";
  metadata[std::string(kConfigKey)] =
      model_config_json(model).set("run", identity_json(identity)).dump();
  metadata[std::string(kStateKey)] = state_json(record).dump();
  return write_container(std::move(metadata), tensors);
}

ResumePoint load_resume_point(Fs& fs, const std::string& run, const Limits& limits,
                              TrainObserver& observer) {
  const auto skipped = [&](const Generation& generation, const Error& error) {
    observer.on_event({.kind = "warning",
                       .code = "W4401",
                       .text = generation.path + " was passed over: " + error.message(),
                       .hint = "",
                       .step = generation.step});
  };
  const auto accept = [&](const Container& container) { read_point(container, limits); };
  LoadedCheckpoint loaded = load_newest_valid(fs, run, limits, skipped, accept);
  ResumePoint point = read_point(loaded.container, limits);
  point.step = loaded.generation.step;
  point.tensors = std::move(loaded.container.tensors);
  return point;
}

}  // namespace isthmus
