// SPDX-License-Identifier: Apache-2.0
// Labels are values, not indices: whatever a file holds (-1, 16000000, "cat") becomes the classes
// 0, 1, ... with a name each, so that everything behind this may index by label.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "isthmus/base/error.h"

namespace isthmus {

/// More different labels than this are no classes.
inline constexpr size_t kMaxClasses = 10000;

/// Every value is >= 0 and < class_names.size(). Names are escaped for terminals.
struct Labels {
  std::vector<int32_t> values;
  std::vector<std::string> class_names;
};

/// Collects the label of one item after another. Classes are in the order of their values: numbers
/// by size and written in one way (7, 7.0 and 07 are one class), texts bytewise.
class LabelValues {
 public:
  /// `subject` for messages: "the label column \"kind\"".
  explicit LabelValues(std::string subject) : subject_(std::move(subject)) {}

  /// E3106 when there are more than kMaxClasses different texts.
  void add(std::string_view text, const ErrorWhere& where = {});
  /// Puts a label before the first one.
  void add_front(std::string_view text);
  int64_t count() const { return static_cast<int64_t>(items_.size()); }
  Labels finish() const;

 private:
  std::string subject_;
  std::unordered_map<std::string, int32_t> ids_;  // in order of appearance
  std::vector<int32_t> items_;
};

}  // namespace isthmus
