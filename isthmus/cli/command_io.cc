// SPDX-License-Identifier: Apache-2.0
// What commands share: the device that the options name, output files, the end of a command.
#include "isthmus/cli/command_io.h"

#include "isthmus/base/text.h"
#include "isthmus/train/options.h"

namespace isthmus {
namespace {

/// Names from files and paths may hold any bytes; an object holds valid text only.
void escape_texts(Json& json) {
  if (json.is_string()) {
    json = Json(escape_for_terminal(json.as_string()));
  } else if (json.is_array()) {
    for (Json& element : json.as_array()) escape_texts(element);
  } else if (json.is_object()) {
    for (auto& [key, value] : json.as_object()) {
      key = escape_for_terminal(key);
      escape_texts(value);
    }
  }
}

}  // namespace

std::unique_ptr<Device> CommandIo::open_device() const {
  const int64_t threads = parse_count("machine.threads", use.machine.threads, 1, false).value_or(0);
  return isthmus::open_device({.device = use.machine.device, .threads = static_cast<int>(threads)});
}

void CommandIo::require_memory(CheckedU64 bytes, std::string_view what,
                               std::string_view hint) const {
  const uint64_t limit = memory_limit(use.machine);
  if (bytes.value() <= limit) return;
  throw Error(ErrorCode::kOutOfMemory,
              std::string(what) + " need about " + format_bytes(bytes.value()) + ", the limit is " +
                  format_bytes(limit),
              std::string(hint), {.key = "machine.memory"});
}

void CommandIo::take_stdout() const {
  if (console.json()) {
    throw Error(ErrorCode::kConflict, "-o - and --json both want stdout",
                "write to a file, or leave out --json");
  }
  console.keep_stdout_for_data();
}

void CommandIo::write(const std::string& path, std::span<const std::byte> bytes, const Json& wrote,
                      Fs& where) {
  if (path == "-") {
    console.write_out({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return;
  }
  where.write_file(path, bytes, Durability::kRename);
  note_written(escape_for_terminal(path) + " (" + format_bytes(bytes.size()) + ")", wrote);
}

void CommandIo::note_written(const std::string& text, const Json& wrote) {
  wrote_.push_back(wrote);
  wrote_texts_.push_back(text);
}

void CommandIo::print_wrote(std::string_view next) {
  if (wrote_texts_.empty()) return;
  console.result("wrote", join(wrote_texts_, "  "));
  if (!next.empty()) console.result("next", next);
}

void CommandIo::print_json(Json result) {
  if (!console.json()) return;
  result.set("warnings", console.warnings_json()).set("seconds", seconds());
  if (!wrote_.as_array().empty() || result.find("wrote") != nullptr) result.set("wrote", wrote_);
  escape_texts(result);
  console.write_out(result.dump() + "\n");
}

}  // namespace isthmus
