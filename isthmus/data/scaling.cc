// SPDX-License-Identifier: Apache-2.0
// The choice of a scaling from facts and its application. Facts come from facts.cc; the engine
// applies the same rule batch by batch.
#include "isthmus/data/scaling.h"

#include <algorithm>

#include "isthmus/base/options.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

bool all_in_unit_range(const DataSpec& spec) {
  return std::all_of(spec.fields.begin(), spec.fields.end(),
                     [](const FieldSpec& f) { return f.min >= 0 && f.max <= 1; });
}

ScalingChoice none(std::string reason) { return {.scaling = {}, .reason = std::move(reason)}; }

/// One shift and scale per field; `scale_of` is asked for fields that vary.
template <class Shift, class Scale>
ScalingChoice per_field(const DataSpec& spec, std::string kind, Shift shift_of, Scale scale_of) {
  ScalingChoice choice;
  choice.scaling = {.kind = std::move(kind), .shift = {}, .scale = {}};
  for (const FieldSpec& field : spec.fields) {
    choice.scaling.shift.push_back(shift_of(field));
    choice.scaling.scale.push_back(field.constant ? 1.0 : 1.0 / scale_of(field));
  }
  return choice;
}

ScalingChoice standardize(const DataSpec& spec) {
  return per_field(
      spec, "standardize", [](const FieldSpec& f) { return f.mean; },
      [](const FieldSpec& f) { return f.standard_deviation; });
}

ScalingChoice unit(const DataSpec& spec, const DataSpec& seen) {
  if (const double level = grey_level(seen); level > 0) {
    return {.scaling = {.kind = "unit", .shift = {0.0}, .scale = {1.0 / level}},
            .reason = "whole levels / " + print_value(level)};
  }
  ScalingChoice choice = per_field(
      spec, "unit", [](const FieldSpec& f) { return f.min; },
      [](const FieldSpec& f) { return f.max - f.min; });
  choice.reason = "from smallest to largest";
  if (spec.fields.size() == 1) {
    choice.reason =
        "from " + print_value(spec.fields[0].min) + " to " + print_value(spec.fields[0].max);
  }
  return choice;
}

/// Two values become 0 and 1, whatever they are.
ScalingChoice two_values(const DataSpec& spec) {
  if (all_in_unit_range(spec)) return none("all values are 0 or 1");
  ScalingChoice choice = per_field(
      spec, "unit", [](const FieldSpec& f) { return f.min; },
      [](const FieldSpec& f) { return f.max - f.min; });
  choice.reason = "two values: they become 0 and 1";
  return choice;
}

ScalingChoice choose_automatically(const DataSpec& spec, const DataSpec& seen) {
  if (seen.binary()) return two_values(spec);
  if (spec.kind == DataKind::kTable) {
    ScalingChoice choice = standardize(spec);
    choice.reason = "a table: mean 0 and deviation 1 per column";
    return choice;
  }
  if (grey_level(seen) > 0) return unit(spec, seen);
  if (all_in_unit_range(seen)) return none("all values are in [0, 1]");
  if (spec.kind == DataKind::kImage) return unit(spec, seen);
  ScalingChoice choice = standardize(spec);
  choice.reason = "values outside [0, 1]: mean 0, deviation 1";
  return choice;
}

template <class T, class Rule>
void for_each_value(const Tensor& in, const Scaling& scaling, Tensor& out, Rule rule) {
  auto from = in.values<T>();
  auto to = out.values<float>();
  const size_t width = scaling.scale.size();
  for (size_t i = 0, f = 0; i < from.size(); ++i, f = f + 1 == width ? 0 : f + 1) {
    to[i] =
        static_cast<float>(rule(static_cast<double>(from[i]), scaling.shift[f], scaling.scale[f]));
  }
}

void require_width(const Tensor& values, const Scaling& scaling) {
  const Shape& shape = values.shape();
  ISTHMUS_CHECK(!scaling.scale.empty() && scaling.scale.size() == scaling.shift.size(),
                "a scaling has as many shifts as scales");
  ISTHMUS_CHECK(scaling.scale.size() == 1 ||
                    (!shape.empty() && shape.back() == static_cast<int64_t>(scaling.scale.size())),
                "a scaling per column fits the columns");
}

}  // namespace

std::vector<std::string> scaling_words() { return {"auto", "none", "unit", "standardize"}; }

ScalingChoice choose_scaling(const DataSpec& spec, std::string_view requested,
                             const DataSpec& seen) {
  ISTHMUS_CHECK(!spec.fields.empty(), "facts were measured");
  if (requested == "auto") return choose_automatically(spec, seen);
  ScalingChoice choice;
  if (requested == "unit") {
    choice = unit(spec, seen);
  } else if (requested == "standardize") {
    choice = standardize(spec);
  } else if (requested != "none") {
    throw Error(ErrorCode::kBadValue, "\"" + escape_for_terminal(requested) + "\" is no scaling",
                "one of " + join(scaling_words(), ", "), {.key = "data.scale"});
  }
  choice.reason = "as asked";
  return choice;
}

double dynamic_range(const DataSpec& spec) {
  ISTHMUS_CHECK(!spec.fields.empty(), "facts were measured");
  const double scale = spec.scaling.scale.front();
  if (const double level = grey_level(spec); level > 0) return level * scale;
  const FieldSpec& field = spec.fields.front();
  // Reals in [0, 1] that are not scaled have the range of their kind.
  if (spec.scaling.kind == "none" && field.min >= 0 && field.max <= 1) return 1;
  return (field.max - field.min) * scale;
}

Tensor apply_scaling(const Tensor& values, const Scaling& scaling) {
  require_width(values, scaling);
  Tensor out(Dtype::kF32, values.shape());
  const auto rule = [](double v, double shift, double scale) { return (v - shift) * scale; };
  if (values.dtype() == Dtype::kU8) {
    for_each_value<uint8_t>(values, scaling, out, rule);
  } else {
    for_each_value<float>(values, scaling, out, rule);
  }
  return out;
}

Tensor invert_scaling(const Tensor& values, const Scaling& scaling) {
  require_width(values, scaling);
  Tensor out(Dtype::kF32, values.shape());
  for_each_value<float>(values, scaling, out,
                        [](double v, double shift, double scale) { return v / scale + shift; });
  return out;
}

}  // namespace isthmus
