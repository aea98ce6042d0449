// SPDX-License-Identifier: Apache-2.0
// The table of the numbers of warnings.
#include "isthmus/base/warning_info.h"

#include <array>

namespace isthmus {
namespace {

constexpr auto kWarningInfos = std::to_array<WarningInfo>({
#define ISTHMUS_WARNING_CODE(number, name, summary, remedy) {number, name, summary, remedy},
#include "isthmus/base/warning_codes.inc"
#undef ISTHMUS_WARNING_CODE
});

}  // namespace

std::span<const WarningInfo> all_warning_infos() { return kWarningInfos; }

const WarningInfo* find_warning_info(std::string_view text) {
  if (text.empty() || (text[0] != 'W' && text[0] != 'w')) return nullptr;
  for (const WarningInfo& info : kWarningInfos) {
    if (std::to_string(info.number) == text.substr(1)) return &info;
  }
  return nullptr;
}

std::string warning_label(const WarningInfo& info) { return "W" + std::to_string(info.number); }

}  // namespace isthmus
