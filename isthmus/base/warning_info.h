// SPDX-License-Identifier: Apache-2.0
// What the numbers of warnings mean. A warning is an event with a text of its own (log_warning(),
// TrainEvent); the table says of each number what it is about in general, for `isthmus help W3408`.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace isthmus {

/// One row of warning_codes.inc.
struct WarningInfo {
  int number = 0;
  std::string_view name;     // "unlike_training"
  std::string_view summary;  // one sentence
  std::string_view remedy;   // one sentence
};

/// All rows in the order of the file.
std::span<const WarningInfo> all_warning_infos();
/// The row of a number as a user types it ("W3408", "w3408"); nullptr if there is none.
const WarningInfo* find_warning_info(std::string_view text);
/// "W3408"
std::string warning_label(const WarningInfo& info);

}  // namespace isthmus
