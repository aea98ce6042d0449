// SPDX-License-Identifier: Apache-2.0
// Reads a run folder for the report. Missing pictures and measures are fine, broken records are
// not.
#include "isthmus/report/run_files.h"

#include <algorithm>
#include <charconv>

#include "isthmus/base/text.h"
#include "isthmus/data/png.h"

namespace isthmus {
namespace {

constexpr size_t kMostFurtherTerms = 16;

constexpr uint64_t kMaxRecordBytes = uint64_t{8} << 20;    // run.json, eval.json
constexpr uint64_t kMaxMetricsBytes = uint64_t{64} << 20;  // a line per epoch
constexpr uint64_t kMaxLineBytes = uint64_t{64} << 10;
constexpr uint64_t kMaxPictureBytes = uint64_t{8} << 20;
constexpr std::string_view kEpochPrefix = "epoch-";

std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Json parse_record(std::string_view text, uint64_t max_bytes, const std::string& path) {
  auto parsed = parse_json(text, {.max_bytes = max_bytes, .max_depth = 32});
  Json* json = std::get_if<Json>(&parsed);
  if (json != nullptr && json->is_object()) return std::move(*json);
  const auto* fault = std::get_if<JsonParseError>(&parsed);
  throw Error(ErrorCode::kModelConfig,
              "not a record of isthmus" + (fault ? ": " + fault->message : std::string()),
              "give a run folder that isthmus train has written", {.file = path});
}

Json read_record(Fs& fs, const std::string& path, std::string_view schema) {
  const Bytes bytes = fs.read_file(path, kMaxRecordBytes);
  Json json = parse_record(text_of(bytes), kMaxRecordBytes, path);
  if (text_at(json, "schema") == schema) return json;
  throw Error(ErrorCode::kModelConfig, "the schema is not " + std::string(schema),
              "give a run folder that isthmus train has written", {.file = path});
}

/// Those that not every model has.
std::vector<std::pair<std::string, double>> further_terms(const Json& terms) {
  std::vector<std::pair<std::string, double>> further;
  if (!terms.is_object()) return further;
  for (const auto& [name, value] : terms.as_object()) {
    if (is_common_term(name) || !value.is_number()) continue;
    further.emplace_back(name, value.as_double());
    if (further.size() == kMostFurtherTerms) break;
  }
  return further;
}

void read_metrics(Fs& fs, RunFiles& run) {
  const std::string path = join_path(run.folder, "metrics.jsonl");
  if (!fs.stat(path)) return;
  const Bytes bytes = fs.read_file(path, kMaxMetricsBytes);
  std::string_view rest = text_of(bytes);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty()) continue;
    const Json json = parse_record(line, kMaxLineBytes, path);
    const std::string kind = text_at(json, "kind");
    if (kind == "event") {
      run.events.push_back({text_at(json, "event"), text_at(json, "code"), text_at(json, "hint")});
    }
    if (kind != "epoch" && kind != "validation") continue;
    EpochPoint point{number_at(json, "epoch"), terms_at(json.at("terms"))};
    point.terms.others = further_terms(json.at("terms"));
    (kind == "epoch" ? run.train : run.validation).push_back(point);
  }
}

/// Warnings of run.json that no event has told already.
void read_warnings(RunFiles& run) {
  const Json* warnings = member(run.run, "warnings");
  if (warnings == nullptr || !warnings->is_array()) return;
  for (const Json& warning : warnings->as_array()) {
    const std::string text = text_at(warning, "message");
    const bool told = std::ranges::any_of(
        run.events, [&](const RunEvent& event) { return event.text.ends_with(text); });
    if (told) continue;
    run.events.push_back({"warning: " + text, text_at(warning, "code"), text_at(warning, "hint")});
  }
}

/// "epoch-0010-samples.png" -> samples of epoch 10.
std::optional<RunPicture> named_picture(const std::string& file) {
  if (!file.ends_with(".png")) return std::nullopt;
  RunPicture picture;
  picture.name = file.substr(0, file.size() - 4);
  if (picture.name.starts_with(kEpochPrefix)) {
    const size_t dash = picture.name.find('-', kEpochPrefix.size());
    if (dash == std::string::npos) return std::nullopt;
    const char* begin = picture.name.data() + kEpochPrefix.size();
    if (std::from_chars(begin, picture.name.data() + dash, picture.epoch).ec != std::errc()) {
      return std::nullopt;
    }
    picture.name.erase(0, dash + 1);
  }
  for (std::string_view known : {"samples", "reconstructions", "interpolation"}) {
    if (picture.name == known) return picture;
  }
  return std::nullopt;
}

void read_pictures(Fs& fs, RunFiles& run) {
  for (const std::string& file : fs.list_folder(run.folder)) {
    std::optional<RunPicture> picture = named_picture(file);
    if (!picture) continue;
    const std::string path = join_path(run.folder, file);
    const auto info = fs.stat(path);
    if (!info || !info->is_regular || info->bytes > kMaxPictureBytes) continue;
    picture->png = fs.read_file(path, kMaxPictureBytes);
    if (looks_like_png(picture->png)) run.pictures.push_back(std::move(*picture));
  }
  std::stable_sort(run.pictures.begin(), run.pictures.end(),
                   [](const auto& a, const auto& b) { return a.epoch < b.epoch; });
}

}  // namespace

const RunPicture* RunFiles::picture(const std::string& name) const {
  for (const RunPicture& p : pictures) {
    if (p.epoch == 0 && p.name == name) return &p;
  }
  return nullptr;
}

const Json* member(const Json& json, std::string_view path) {
  const Json* at = &json;
  for (const std::string& step : split(path, '.')) {
    if (!at->is_object()) return nullptr;
    at = at->find(step);
    if (at == nullptr || at->is_null()) return nullptr;
  }
  return at;
}

double number_at(const Json& json, std::string_view path) {
  const Json* value = member(json, path);
  return value != nullptr && value->is_number() ? value->as_double() : kUnknown;
}

std::string text_at(const Json& json, std::string_view path) {
  const Json* value = member(json, path);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

Terms terms_at(const Json& json) {
  return {.objective = number_at(json, "objective"),
          .elbo = number_at(json, "elbo"),
          .elbo_se = number_at(json, "elbo_se"),
          .reconstruction = number_at(json, "reconstruction"),
          .kl = number_at(json, "kl")};
}

RunFiles read_run(Fs& fs, const std::string& folder) {
  RunFiles run;
  run.folder = folder;
  run.run = read_record(fs, join_path(folder, "run.json"), "isthmus.run/1");
  const std::string eval = join_path(folder, "eval.json");
  if (fs.stat(eval)) run.eval = read_record(fs, eval, "isthmus.eval/1");
  const std::string look = join_path(folder, "look.json");
  if (fs.stat(look)) run.look = read_record(fs, look, "isthmus.look/1");
  read_metrics(fs, run);
  read_warnings(run);
  read_pictures(fs, run);
  return run;
}

}  // namespace isthmus
