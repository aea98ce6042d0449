// SPDX-License-Identifier: Apache-2.0
// Checkpoints to and from bytes. Container and generations are checkpoint/'s; here the run's own
// records are put in and read back strictly.
#include "isthmus/train/resume.h"

#include <algorithm>

#include "isthmus/checkpoint/generations.h"
#include "isthmus/checkpoint/safetensors.h"
#include "isthmus/train/json_run.h"

namespace isthmus {
namespace {

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

/// Adam divides by the root of its second moments.
void require_second_moments(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    const bool second =
        name.find("opt/") != std::string::npos && name.find("/v/") != std::string::npos;
    if (!second || tensor.dtype() != Dtype::kF32) continue;
    const auto values = tensor.values<float>();
    const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return v < 0; });
    if (bad == values.end()) continue;
    throw Error(ErrorCode::kResumeState,
                "state: " + name + " is negative at index " + std::to_string(bad - values.begin()),
                {}, {.row = bad - values.begin(), .field = name});
  }
}

/// The tensors behind the prefix move from the checkpoint's to those of the rewind.
void split_rewind(ResumePoint& point) {
  for (auto at = point.tensors.begin(); at != point.tensors.end();) {
    const auto here = at++;
    if (!here->first.starts_with(kRewindPrefix)) continue;
    auto node = point.tensors.extract(here);
    node.key() = node.key().substr(kRewindPrefix.size());
    point.rewind.insert(std::move(node));
  }
}

ResumePoint read_point(const Container& container, const Limits& limits) {
  ResumePoint point;
  point.model = model_from_container(container, "checkpoint", limits);
  const Json config = parse_text(container.metadata, kConfigKey, limits.config_bytes.bytes);
  point.identity = identity_from_json(config.at("run"));
  point.record =
      state_from_json(parse_text(container.metadata, kStateKey, limits.string_bytes.bytes));
  require_second_moments(container.tensors);
  return point;
}

}  // namespace

std::string checkpoint_config(const Model& model, const RunIdentity& identity) {
  return model_config_json(model).set("run", identity_json(identity)).dump();
}

Bytes checkpoint_bytes(const Model& model, const RunIdentity& identity, const StateRecord& record,
                       const NamedTensors& tensors, const Limits& limits) {
  Metadata metadata;
  metadata[std::string(kKindKey)] = "checkpoint";
  metadata[std::string(kConfigKey)] = checkpoint_config(model, identity);
  metadata[std::string(kStateKey)] = state_json(record).dump();
  return write_container(std::move(metadata), tensors, limits);
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
  split_rewind(point);
  if (point.record.rewind.has_value() == point.rewind.empty()) {
    throw Error(ErrorCode::kResumeState, "state: rewind does not fit the tensors", {},
                {.file = loaded.generation.path, .key = "rewind"});
  }
  if (point.record.state.step != point.step) {
    throw Error(
        ErrorCode::kResumeState,
        "state: step = " + std::to_string(point.record.state.step) + " is not that of the name", {},
        {.file = loaded.generation.path, .key = "step"});
  }
  return point;
}

}  // namespace isthmus
