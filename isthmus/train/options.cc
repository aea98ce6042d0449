// SPDX-License-Identifier: Apache-2.0
// Texts of options that may be `auto` or `none`, read once they are needed as numbers.
#include "isthmus/train/options.h"

#include "isthmus/base/memory.h"

namespace isthmus {

uint64_t memory_limit(const MachineOptions& machine) {
  return machine.memory ? machine.memory->bytes : usable_memory().bytes / 10 * 8;
}

std::optional<int64_t> parse_count(const std::string& key, const std::string& text, int64_t least,
                                   bool none_allowed) {
  if (text == "auto") return std::nullopt;
  if (none_allowed && text == "none") return 0;
  int64_t value = 0;
  parse_value(key, text, at_least(static_cast<double>(least)), value);
  return value;
}

std::optional<double> grad_norm_limit(const std::string& text) {
  if (text == "auto" || text == "none") return std::nullopt;
  double norm = 0;
  parse_value("train.max_grad_norm", text, greater_than(0), norm);
  return norm;
}

std::optional<double> validation_share(const std::string& text) {
  if (text == "none") return 0.0;
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string::npos) {
    return std::nullopt;
  }
  double share = 0;
  parse_value("data.val", text, Bounds{.low = 0, .high = 1, .high_open = true}, share);
  return share;
}

}  // namespace isthmus
