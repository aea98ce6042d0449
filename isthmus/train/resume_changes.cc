// SPDX-License-Identifier: Apache-2.0
// Compares two records of machine and build, an old run.json and this process. The file is only a
// record: whatever is missing or odd in it counts as unknown and is not compared.
#include "isthmus/train/resume_changes.h"

#include <variant>

#include "isthmus/base/text.h"
#include "isthmus/base/version.h"

namespace isthmus {
namespace {

constexpr uint64_t kMaxRecordBytes = uint64_t{8} << 20;

Json read_record(Fs& fs, const std::string& path) {
  if (!fs.stat(path)) return {};
  try {
    const Bytes bytes = fs.read_file(path, kMaxRecordBytes);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    auto parsed = parse_json(text, {.max_bytes = kMaxRecordBytes});
    if (Json* json = std::get_if<Json>(&parsed)) return std::move(*json);
  } catch (const Error&) {
    // An unreadable record is none.
  }
  return {};
}

/// The text or number at two keys, "" when there is none.
std::string text_at(const Json& json, std::string_view outer, std::string_view inner) {
  const Json* object = json.is_object() ? json.find(outer) : nullptr;
  const Json* value = object != nullptr && object->is_object() ? object->find(inner) : nullptr;
  if (value == nullptr || value->is_null()) return "";
  if (value->is_array() || value->is_object()) return "";
  return value->is_string() ? value->as_string() : value->dump();
}

/// ", what before -> now" when both are known and differ.
void note(std::string& text, const std::string& what, const std::string& before,
          const std::string& now) {
  if (before.empty() || now.empty() || before == now) return;
  text += (text.empty() ? "" : ", ") + what + " " + escape_for_terminal(before) + " -> " + now;
}

}  // namespace

ChangesSinceCheckpoint changes_since_checkpoint(Fs& fs, const std::string& run,
                                                const DeviceInfo& device,
                                                const std::string& arithmetic) {
  const Json old = read_record(fs, join_path(run, "run.json"));
  ChangesSinceCheckpoint changes;
  changes.arithmetic = arithmetic != device.arithmetic;
  note(changes.parts, "isthmus", text_at(old, "build", "version"), std::string(kVersion));
  note(changes.parts, "compiler", text_at(old, "build", "compiler"), __VERSION__);
  note(changes.parts, "processor", text_at(old, "device", "name"), device.name);
  note(changes.parts, "instructions", text_at(old, "device", "isa"), device.instruction_set);
  note(changes.threads, "threads", text_at(old, "device", "threads"),
       std::to_string(device.threads));
  return changes;
}

std::string note_of(const ChangesSinceCheckpoint& changes) {
  std::string text = changes.arithmetic ? "arithmetic changed" : "arithmetic unchanged";
  if (!changes.parts.empty()) text += ", " + changes.parts;
  if (!changes.threads.empty()) text += ", " + changes.threads + " (the same bits)";
  return text;
}

std::string warning_of(const ChangesSinceCheckpoint& changes) {
  if (changes.arithmetic) {
    return "this process computes with other arithmetic than the run so far" +
           (changes.parts.empty() ? "" : " (" + changes.parts + ")") +
           ": the result will not be bit-identical";
  }
  if (changes.parts.empty()) return "";
  return "the run goes on with " + changes.parts +
         ": the arithmetic fingerprint is the same, but bits may differ";
}

}  // namespace isthmus
