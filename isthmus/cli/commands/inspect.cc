// SPDX-License-Identifier: Apache-2.0
// isthmus inspect PATH...: what is this, and is it valid?
#include "isthmus/cli/inspect.h"

#include "isthmus/base/digest.h"
#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/settings.h"
#include "isthmus/data/known_sets.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

constexpr uint64_t kHeadBytes = 9;

/// A header length and an opening brace, or the name says so.
bool looks_like_safetensors(CommandIo& io, const std::string& path) {
  if (extension(path) == "safetensors") return true;
  const Bytes head = io.fs().read_prefix(path, kHeadBytes);
  if (head.size() < kHeadBytes || head[8] != std::byte{'{'}) return false;
  return head[5] == std::byte{0} && head[6] == std::byte{0} && head[7] == std::byte{0};
}

void inspect_config(Fs& fs, const std::string& path, Inspected& item) {
  item.json.set("kind", "config").set("format", "toml");
  const KnownOptions known;
  OptionOrigins origins;
  apply_settings(fs, known.options(), known.options(), path, {}, origins);
  item.line("config", escape_for_terminal(path) + ": " +
                          group_digits(static_cast<int64_t>(origins.size())) + " keys, all known");
}

void inspect_path(CommandIo& io, const std::string& path, const InspectOptions& o,
                  Inspected& item) {
  const auto info = io.fs().stat(path);
  const bool is_file = info && info->is_regular && find_known_set(path) == nullptr;
  if (is_file) {
    item.json.set("bytes", info->bytes);
    if (o.sha256) {
      const std::string digest = sha256_hex(io.fs().read_file(path, io.limits().data_bytes.bytes));
      item.json.set("sha256", digest);
      item.line("sha256", digest);
    }
  }
  if (info && info->is_folder && io.fs().stat(join_path(path, "run.json"))) {
    inspect_run(io, path, o, item);
  } else if (is_file && extension(path) == "toml") {
    inspect_config(io.fs(), path, item);
  } else if (is_file && looks_like_safetensors(io, path)) {
    inspect_safetensors(io, path, o, item);
  } else {
    inspect_data(io, path, o, item);
  }
}

Json errors_json(const std::vector<Error>& errors) {
  Json list = Json::array();
  for (const Error& error : errors) {
    const ErrorWhere& w = error.where();
    list.push_back(Json::object()
                       .set("code", error_label(error.code()))
                       .set("message", error.message())
                       .set("where", Json::object()
                                         .set("file", escape_for_terminal(w.file))
                                         .set("line", w.line ? Json(*w.line) : Json())
                                         .set("column", w.column ? Json(*w.column) : Json())
                                         .set("offset", w.offset ? Json(*w.offset) : Json())));
  }
  return list;
}

Inspected inspect_one(CommandIo& io, const std::string& path, const InspectOptions& o) {
  Inspected item;
  item.json.set("path", escape_for_terminal(path))
      .set("kind", "unknown")
      .set("format", Json())
      .set("bytes", Json())
      .set("sha256", Json());
  try {
    inspect_path(io, path, o, item);
  } catch (Error& error) {
    error.in_file(path);
    item.errors.push_back(error);
  }
  item.json.set("valid", item.errors.empty()).set("errors", errors_json(item.errors));
  return item;
}

int run_inspect(CommandIo& io, const InspectOptions& o) {
  io.console.lines_are_the_result();
  Json items = Json::array();
  int status = 0;
  for (const std::string& path : io.arguments) {
    const Inspected item = inspect_one(io, path, o);
    for (const auto& [label, text] : item.lines) io.console.result(label, text);
    for (const Error& error : item.errors) {
      io.console.error(error, config_excerpt(io.fs(), error));
      if (status == 0) status = exit_status(error.code());
    }
    items.push_back(item.json);
  }
  io.print_json(result_object("isthmus.inspect/1").set("items", std::move(items)));
  return status;
}

}  // namespace

CommandDef commands::inspect() {
  return {.name = "inspect",
          .summary = "What is this: data, model, checkpoint, run or configuration?",
          .arguments = {"PATH..."},
          .examples = {"isthmus inspect sales.csv --rows 5", "isthmus inspect runs/demo"},
          .note = "Validates, and never executes or follows anything.",
          .make = command_with(run_inspect)};
}

}  // namespace isthmus
