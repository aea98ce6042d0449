// SPDX-License-Identifier: Apache-2.0
// inspect on safetensors files and run folders. Model and checkpoint are validated as any command
// that uses them would; of a foreign file only the table of tensors is read.
#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/checkpoint/generations.h"
#include "isthmus/checkpoint/safetensors.h"
#include "isthmus/cli/inspect.h"
#include "isthmus/train/resume.h"
#include "isthmus/train/run_folder.h"
#include "isthmus/train/run_setup.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

constexpr size_t kShownTensors = 24;
constexpr uint64_t kMaxRunBytes = uint64_t{8} << 20;  // run.json

std::string metadata_of(const Metadata& metadata, std::string_view key) {
  const auto found = metadata.find(std::string(key));
  return found == metadata.end() ? std::string() : found->second;
}

Json parsed_metadata(const Metadata& metadata, std::string_view key, const Limits& limits) {
  const std::string text = metadata_of(metadata, key);
  auto parsed =
      parse_json(text, {.max_bytes = limits.config_bytes.bytes, .max_depth = limits.json_depth});
  Json* json = std::get_if<Json>(&parsed);
  return json != nullptr ? std::move(*json) : Json();
}

Json tensors_json(const SafetensorsHeader& header) {
  Json list = Json::array();
  for (const TensorEntry& tensor : header.tensors) {
    Json shape = Json::array();
    for (int64_t size : tensor.shape) shape.push_back(size);
    list.push_back(Json::object()
                       .set("name", tensor.name)
                       .set("dtype", safetensors_dtype_name(tensor.dtype))
                       .set("shape", std::move(shape))
                       .set("bytes", tensor.end - tensor.begin));
  }
  return list;
}

void print_tensors(const SafetensorsHeader& header, Inspected& item) {
  std::string label = "tensors";
  for (size_t i = 0; i < header.tensors.size(); ++i) {
    if (i == kShownTensors) {
      item.line("", group_digits(static_cast<int64_t>(header.tensors.size() - i)) + " more");
      return;
    }
    const TensorEntry& tensor = header.tensors[i];
    item.line(label, pad_right(tensor.name, 28) + " " +
                         std::string(safetensors_dtype_name(tensor.dtype)) + " " +
                         shape_text(tensor.shape));
    label.clear();
  }
}

Json trained_json(const ModelProvenance& p) {
  return Json::object()
      .set("epochs", p.epochs)
      .set("steps", p.steps)
      .set("seed", p.seed)
      .set("data_fingerprint", p.data_fingerprint)
      .set("terms", terms_json(p.terms));
}

void print_model(const Model& model, Inspected& item) {
  const ModelProvenance& p = model.provenance;
  item.line("model", describe_model(model.setup) + ", " + group_digits(model.num_parameters()) +
                         " parameters");
  const bool fitted = static_cast<bool>(all_models().find(model.options().name).fit);
  item.line("trained",
            "on " + group_digits(p.num_items) + " items of " + escape_for_terminal(p.data) +
                (fitted ? ", without steps"
                        : ", " + group_digits(p.epochs) + " epochs, " + group_digits(p.steps) +
                              " steps, seed " + std::to_string(p.seed)));
  const bool bound = !std::isnan(p.terms.elbo);
  if (p.terms.exact()) {
    item.line("terms", "log p " + format_fixed(p.terms.elbo, 2) + " nats per item");
  } else if (const double loss = term_of(p.terms, "loss"); !std::isnan(loss)) {
    item.line("terms", "loss " + format_fixed(loss, 4));
  } else if (!std::isnan(p.terms.reconstruction)) {
    item.line("terms", (bound ? "elbo " + format_fixed(p.terms.elbo, 2) + ", " : std::string()) +
                           "reconstruction " + format_fixed(p.terms.reconstruction, 2) +
                           (bound ? ", kl " + format_fixed(p.terms.kl, 2) : std::string()) +
                           " nats per item");
  }
}

void read_isthmus_file(CommandIo& io, const std::string& path, const std::string& kind,
                       Inspected& item) {
  Container container = load_container(io.fs(), path, io.limits());
  require_kind(container, kind);
  require_finite(container.tensors);
  const Metadata metadata = container.metadata;
  Model model = model_from_container(std::move(container), kind, io.limits());
  model.path = path;
  item.json.set("model", model_json(model)).set("trained", trained_json(model.provenance));
  print_model(model, item);
  if (kind != "checkpoint") return;
  const Json state = parsed_metadata(metadata, kStateKey, io.limits());
  const auto value = [&](std::string_view key) {
    const Json* found = state.is_object() ? state.find(key) : nullptr;
    return found != nullptr ? *found : Json();
  };
  item.json.set("state", Json::object()
                             .set("step", value("step"))
                             .set("epoch", value("epoch"))
                             .set("best", value("early_stopping")));
}

Json checkpoints_json(CommandIo& io, Fs& fs, const std::string& run, Inspected& item) {
  Json list = Json::array();
  for (const Generation& generation : list_checkpoints(fs, run)) {
    bool valid = true;
    try {
      const Container container = load_container(fs, generation.path, io.limits());
      require_kind(container, "checkpoint");
      require_finite(container.tensors);
    } catch (const Error& error) {
      valid = false;
      item.errors.push_back(error);
    }
    item.line("saved", generation.path + (valid ? "" : "  (damaged)"));
    list.push_back(Json::object()
                       .set("path", generation.path)
                       .set("step", generation.step)
                       .set("valid", valid));
  }
  return list;
}

/// Links and pipes of other people are no files of the run.
std::optional<FileInfo> stat_of_plain(Fs& fs, const std::string& path) {
  try {
    return fs.stat(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

Json files_json(Fs& fs, const std::string& run) {
  Json files = Json::array();
  for (const std::string& name : fs.list_folder(run)) {
    const std::string path = join_path(run, name);
    const auto info = stat_of_plain(fs, path);
    if (!info || !info->is_regular) continue;
    files.push_back(
        Json::object().set("path", escape_for_terminal(path)).set("bytes", info->bytes));
  }
  return files;
}

Json read_run_json(Fs& fs, const std::string& run) {
  const std::string path = join_path(run, "run.json");
  const Bytes bytes = fs.read_file(path, kMaxRunBytes);
  auto parsed = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                           {.max_bytes = kMaxRunBytes, .max_depth = 32});
  Json* json = std::get_if<Json>(&parsed);
  if (json != nullptr && json->is_object()) return std::move(*json);
  throw Error(ErrorCode::kModelConfig, "run.json is damaged", {}, {.file = path});
}

Json copy_of(const Json& json, std::string_view key) {
  const Json* found = json.find(key);
  return found != nullptr ? *found : Json();
}

}  // namespace

void inspect_safetensors(CommandIo& io, const std::string& path, const InspectOptions& options,
                         Inspected& item) {
  const SafetensorsHeader header = load_safetensors_header(io.fs(), path, io.limits());
  const Metadata& metadata = header.metadata;
  item.json.set("format", "safetensors").set("tensors", tensors_json(header));
  if (metadata_of(metadata, kFormatKey) != "isthmus") {
    item.json.set("kind", "unknown");
    item.line("file", "safetensors, not written by isthmus");
    print_tensors(header, item);
    return;
  }
  const std::string kind = metadata_of(metadata, kKindKey);
  item.json.set("kind", kind == "checkpoint" ? kind : "model")
      .set("format_version", metadata_of(metadata, kVersionKey))
      .set("requires", metadata_of(metadata, kRequiresKey))
      .set("config", parsed_metadata(metadata, kConfigKey, io.limits()));
  if (options.verify && !options.header_only) read_isthmus_file(io, path, kind, item);
  print_tensors(header, item);
}

void inspect_run(CommandIo& io, const std::string& path, const InspectOptions&, Inspected& item) {
  item.json.set("kind", "run").set("format", "folder");
  const std::unique_ptr<Fs> fs = io.fs().open_folder(path);
  const Json run = read_run_json(*fs, path);
  const Json status = copy_of(run, "status"), best = copy_of(run, "best_epoch");
  item.json.set("status", status)
      .set("model", copy_of(run, "model"))
      .set("best", Json::object().set("epoch", best).set("terms", copy_of(run, "val")));
  item.line("run", escape_for_terminal(path) + ": " +
                       (status.is_string() ? escape_for_terminal(status.as_string()) : "unknown"));
  try {
    refuse_foreign_entries(*fs, path);
    print_model(load_model(path, *fs, io.limits()), item);
  } catch (const Error& error) {
    item.errors.push_back(error);
  }
  item.json.set("checkpoints", checkpoints_json(io, *fs, path, item))
      .set("files", files_json(*fs, path));
}

}  // namespace isthmus
