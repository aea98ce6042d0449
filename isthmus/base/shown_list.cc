// SPDX-License-Identifier: Apache-2.0
// Cuts lists and names for messages. What is shown is not escaped here.
#include "isthmus/base/shown_list.h"

#include <algorithm>

#include "isthmus/base/text.h"

namespace isthmus {
namespace {

constexpr size_t kNameBytes = 64;

std::string cut(const std::string& name) {
  if (name.size() <= kNameBytes) return name;
  size_t end = kNameBytes;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // inside UTF-8
  return name.substr(0, end) + "...";
}

}  // namespace

std::string shown_list(const std::vector<std::string>& names, size_t most) {
  const size_t shown = names.size() <= most + 1 ? names.size() : most;
  std::string text;
  for (size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + cut(names[i]);
  if (shown == names.size()) return text;
  return text + " and " + group_digits(static_cast<int64_t>(names.size() - shown)) + " more";
}

}  // namespace isthmus
