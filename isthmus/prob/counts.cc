// SPDX-License-Identifier: Apache-2.0
// Whether data are counts, from their facts.
#include "isthmus/prob/counts.h"

#include <algorithm>
#include <limits>

#include "isthmus/base/options.h"
#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

bool is_count(const FieldSpec& field) { return field.integer && field.min >= 0; }

std::string place_of(const FieldSpec& field) {
  const std::string name = field.name.empty() ? "" : "\"" + escape_for_terminal(field.name) + "\" ";
  const auto number = [](double v) { return print_value(static_cast<float>(v)); };
  return name + "(" + number(field.min) + " to " + number(field.max) +
         (field.integer ? "" : ", not whole") + ")";
}

}  // namespace

void require_counts(const DataSpec& data, std::string_view likelihood) {
  std::vector<std::string> faults;
  for (const FieldSpec& field : data.fields) {
    if (!is_count(field)) faults.push_back(place_of(field));
  }
  if (!faults.empty()) {
    throw Error(ErrorCode::kValueRange,
                "likelihood " + std::string(likelihood) +
                    " needs counts, whole numbers from 0 on, but the data hold others: " +
                    shown_list(faults),
                "choose: --likelihood gaussian    or leave columns out: --exclude",
                {.key = "likelihood"});
  }
  const auto is = [](double wanted) { return [wanted](double v) { return v == wanted; }; };
  if (std::ranges::all_of(data.scaling.shift, is(0)) &&
      std::ranges::all_of(data.scaling.scale, is(1))) {
    return;
  }
  throw Error(ErrorCode::kValueRange,
              "likelihood " + std::string(likelihood) + " counts the stored values, but scale is " +
                  data.scaling.kind,
              "leave them as they are: --scale none", {.key = "data.scale"});
}

Support count_support(const DataSpec&, const DataSpec& given) {
  const bool counts = std::ranges::all_of(given.fields, is_count);
  return {.text = "whole numbers from 0 on",
          .excess = counts ? 0 : std::numeric_limits<double>::infinity()};
}

Value count_view(GraphBuilder& g, Value x) { return g.log1p(g.maximum(x, g.constant(0.0))); }

}  // namespace isthmus
