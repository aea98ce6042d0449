// SPDX-License-Identifier: Apache-2.0
// Grids from the facts of fields. A step that merely is the least distance of two values is no
// grid: only whole numbers, decimals and two values are sure to have one.
#include "isthmus/prob/levels.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "isthmus/base/options.h"
#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/tensor/grey_level.h"

namespace isthmus {
namespace {

constexpr double kMostLevels = 1e9;  // counts beyond are no grid that a float32 could hold

std::string number(double value) { return print_value(static_cast<float>(value)); }

std::string name_of(const FieldSpec& field) {
  return field.name.empty() ? "values" : "\"" + escape_for_terminal(field.name) + "\"";
}

/// In stored units.
struct StoredLevels {
  double low = 0, high = 0, step = 0;  // step 0: none
};

StoredLevels stored_levels(const DataSpec& data, size_t index) {
  const FieldSpec& field = data.fields[index];
  if (const double level = grey_level(data); level > 0) return {0, level, 1};
  if (field.binary && !field.constant) return {field.min, field.max, field.max - field.min};
  const int64_t decimals = field.integer ? 0 : field.decimals;
  if (decimals < 0) return {field.min, field.max, 0};
  return {field.min, field.max, std::pow(10.0, -static_cast<double>(decimals))};
}

bool on_grid(double value, const StoredLevels& levels) {
  constexpr double kSame = 1e-3;  // of a step
  const double position = (value - levels.low) / levels.step;
  return std::fabs(position - std::round(position)) <= kSame;
}

/// Whether all values of `field` lie on the levels of training, or on their continuation.
bool fits(const FieldSpec& field, const FieldSpec& trained, const StoredLevels& levels) {
  if (levels.step == 0) return false;
  if (!on_grid(field.min, levels) || !on_grid(field.max, levels)) return false;
  if (field.binary || field.constant) return true;
  if (trained.binary && levels.step != 1) return false;
  const int64_t decimals = trained.integer ? 0 : trained.decimals;
  return field.integer || (field.decimals >= 0 && field.decimals <= decimals);
}

}  // namespace

std::vector<Levels> levels_of(const DataSpec& data) {
  const Scaling& s = data.scaling;
  std::vector<Levels> all;
  for (size_t i = 0; i < data.fields.size(); ++i) {
    const StoredLevels stored = stored_levels(data, i);
    const double scale = s.scale.empty() ? 1 : s.scale[std::min(i, s.scale.size() - 1)];
    const double shift = s.shift.empty() ? 0 : s.shift[std::min(i, s.shift.size() - 1)];
    Levels levels{.low = (stored.low - shift) * scale, .step = stored.step * scale, .count = 0};
    const double last =
        stored.step > 0 ? std::round((stored.high - stored.low) / stored.step) : kMostLevels;
    if (last < kMostLevels) levels.count = static_cast<int64_t>(last) + 1;
    all.push_back(levels);
  }
  return all;
}

void require_levels(const DataSpec& data, std::string_view likelihood, bool whole) {
  const std::vector<Levels> levels = levels_of(data);
  std::vector<std::string> faults;
  for (size_t i = 0; i < data.fields.size(); ++i) {
    const FieldSpec& field = data.fields[i];
    if (levels[i].count > 0 && (!whole || field.integer)) continue;
    faults.push_back(name_of(field) + " (" + number(field.min) + " to " + number(field.max) + ")");
  }
  if (faults.empty()) return;
  throw Error(ErrorCode::kValueRange,
              "likelihood " + std::string(likelihood) + " needs " +
                  (whole ? "whole numbers" : "whole numbers or a fixed number of decimals") +
                  ", but the data hold others: " + shown_list(faults),
              "choose: --likelihood gaussian    or leave columns out: --exclude",
              {.key = "likelihood"});
}

void check_levels(const std::vector<Levels>& levels) {
  const bool all = std::ranges::all_of(levels, [](const Levels& l) { return l.count > 0; });
  if (all && !levels.empty()) return;
  throw Error(ErrorCode::kValueRange, "the values of the model lie on no levels");
}

Support level_support(const DataSpec& trained, const DataSpec& given) {
  Support support{.text = "the levels of training"};
  std::vector<std::string> leaving;
  for (size_t i = 0; i < std::min(trained.fields.size(), given.fields.size()); ++i) {
    const StoredLevels levels = stored_levels(trained, i);
    const FieldSpec& field = given.fields[i];
    double excess = std::numeric_limits<double>::infinity();
    if (fits(field, trained.fields[i], levels)) {
      const double beyond = std::max({0.0, levels.low - field.min, field.max - levels.high});
      excess = beyond / std::max(levels.high - levels.low, levels.step);
    }
    support.excess = std::max(support.excess, excess);
    if (excess > 0 && !field.name.empty()) leaving.push_back(name_of(field));
  }
  if (!leaving.empty()) support.text += " in " + shown_list(leaving);
  return support;
}

}  // namespace isthmus
