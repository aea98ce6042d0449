// SPDX-License-Identifier: Apache-2.0
// The list of data formats and the decision which one a file has, by content alone. What is
// not read is named by foreign.cc.
#include "isthmus/data/formats.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/data/csv_dialect.h"
#include "isthmus/data/foreign.h"
#include "isthmus/data/gzip.h"

namespace isthmus {
namespace formats {
#define ISTHMUS_ENTRY(name) FormatDef name();
#include "isthmus/builtin_formats.inc"
#undef ISTHMUS_ENTRY
}  // namespace formats

namespace {

constexpr uint64_t kHeadBytes = 4096;

}  // namespace

std::vector<std::string> numbered_names(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 1; i <= count; ++i) names.push_back(std::string("c").append(std::to_string(i)));
  return names;
}

const std::vector<FormatDef>& all_formats() {
  static const std::vector<FormatDef> kFormats = {
#define ISTHMUS_ENTRY(name) formats::name(),
#include "isthmus/builtin_formats.inc"
#undef ISTHMUS_ENTRY
  };
  return kFormats;
}

const FormatDef* find_format(std::string_view name) {
  for (const FormatDef& format : all_formats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

const FormatDef& format_of(std::span<const std::byte> start) {
  ByteStream in(start);
  const Bytes head = in.read_up_to(kHeadBytes);
  if (head.empty()) throw Error(ErrorCode::kEmptyData, "the file is empty");
  refuse_foreign(head);
  refuse_other_text({reinterpret_cast<const char*>(head.data()), head.size()});
  for (const FormatDef& format : all_formats()) {
    if (format.sniff(head)) return format;
  }
  std::vector<std::string> names;
  for (const FormatDef& format : all_formats()) names.emplace_back(format.name);
  throw Error(ErrorCode::kUnknownFormat,
              "the content is of no known format (" + join(names, ", ") + ")");
}

void require_key_fits(const std::string& key, const FormatDef& format) {
  if (key.empty() || format.name == "npz") return;
  throw Error(ErrorCode::kNpzKey,
              "only NPZ files hold arrays with names, this is " + std::string(format.name),
              "leave out ::" + escape_for_terminal(key));
}

}  // namespace isthmus
