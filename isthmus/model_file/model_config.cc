// SPDX-License-Identifier: Apache-2.0
// The parts of a model's configuration: options by their declaration, the data spec by hand. This
// is a trust boundary: every size is bounded here, before a graph or a tensor is made from it.
#include "isthmus/model_file/model_config.h"

#include <algorithm>
#include <cmath>

#include "isthmus/model_file/terms.h"
#include "isthmus/prob/likelihood.h"

namespace isthmus {
namespace {

constexpr int64_t kMaxItemValues = int64_t{1} << 28;
constexpr size_t kMaxNameBytes = 4096;
constexpr int64_t kMaxDecimals = 6;

[[noreturn]] void refuse(ErrorCode code, const std::string& path, const std::string& message) {
  throw Error(code, "configuration: " + path + ": " + message, {}, {.key = path});
}

Json typed_value(const BoundOption& option) {
  const std::string text = option.get();
  if (text == "none" && option.type != "text") return Json();
  if (option.type == "flag") return Json(text == "true");
  if (option.type == "integer" || option.type == "number") {
    const auto parsed = parse_json(text, {});
    if (const Json* json = std::get_if<Json>(&parsed)) return *json;
  }
  return Json(text);
}

std::string option_text(const Json& value, const std::string& path) {
  if (value.is_null()) return "none";
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.is_number()) return value.dump();
  if (value.is_string()) return value.as_string();
  refuse(ErrorCode::kModelConfig, path, "expected a plain value");
}

double finite_at(const Json& json, std::string_view key) {
  const double value = json.at(key).as_double();
  if (!std::isfinite(value)) refuse(ErrorCode::kModelValue, std::string(key), "is not finite");
  return value;
}

Json field_json(const FieldSpec& field) {
  return Json::object()
      .set("name", field.name)
      .set("min", field.min)
      .set("max", field.max)
      .set("mean", field.mean)
      .set("standard_deviation", field.standard_deviation)
      .set("step", field.step)
      .set("decimals", field.decimals)
      .set("binary", field.binary)
      .set("constant", field.constant)
      .set("integer", field.integer);
}

FieldSpec field_from_json(const Json& json) {
  require_keys(json, {"name", "min", "max", "mean", "standard_deviation", "step", "decimals",
                      "binary", "constant", "integer"});
  FieldSpec field;
  field.name = json.at("name").as_string();
  if (field.name.size() > kMaxNameBytes) {
    refuse(ErrorCode::kModelBound, "data.fields.name", "is longer than 4096 bytes");
  }
  field.min = finite_at(json, "min");
  field.max = finite_at(json, "max");
  field.mean = finite_at(json, "mean");
  field.standard_deviation = finite_at(json, "standard_deviation");
  field.binary = json.at("binary").as_bool();
  field.constant = json.at("constant").as_bool();
  field.integer = json.at("integer").as_bool();
  // Files of version 0.1 know neither.
  field.decimals = field.integer ? 0 : -1;
  if (json.find("step") != nullptr) field.step = finite_at(json, "step");
  if (const Json* decimals = json.find("decimals")) field.decimals = decimals->as_int();
  if (field.step < 0 || field.decimals < -1 || field.decimals > kMaxDecimals) {
    refuse(ErrorCode::kModelBound, "data.fields", "a step or number of decimals is out of range");
  }
  return field;
}

Json constants_json(const std::vector<ConstantColumn>& constants) {
  Json out = Json::array();
  for (const ConstantColumn& column : constants) {
    out.push_back(Json::object()
                      .set("name", column.name)
                      .set("index", column.index)
                      .set("value", column.value));
  }
  return out;
}

std::vector<ConstantColumn> constants_from_json(const Json& json, int64_t num_fields) {
  std::vector<ConstantColumn> constants;
  const auto total = num_fields + static_cast<int64_t>(json.as_array().size());
  for (const Json& entry : json.as_array()) {
    require_keys(entry, {"name", "index", "value"});
    ConstantColumn column{.name = entry.at("name").as_string(),
                          .index = entry.at("index").as_int(),
                          .value = finite_at(entry, "value")};
    const int64_t least = constants.empty() ? 0 : constants.back().index + 1;
    if (column.name.size() > kMaxNameBytes || column.index < least || column.index >= total) {
      refuse(ErrorCode::kModelBound, "data.constants", "an index or name is out of range");
    }
    constants.push_back(std::move(column));
  }
  return constants;
}

/// Up to version 0.1 one bound held for all columns, and only where all values were whole numbers.
std::vector<double> common_rounding(const DataSpec& spec) {
  const bool whole = std::all_of(spec.fields.begin(), spec.fields.end(),
                                 [](const FieldSpec& f) { return f.integer; });
  if (spec.dtype != Dtype::kU8 && !whole) return {0.0};
  double squares = 0;
  for (const double scale : spec.scaling.scale) squares += scale * scale;
  return {std::sqrt(squares / static_cast<double>(spec.scaling.scale.size()) / 12.0)};
}

Json numbers_json(const std::vector<double>& values) {
  Json out = Json::array();
  for (double v : values) out.push_back(v);
  return out;
}

std::vector<double> numbers_from_json(const Json& json, const std::string& path,
                                      int64_t num_values) {
  const Json::Array& array = json.as_array();
  if (array.size() != 1 && static_cast<int64_t>(array.size()) != num_values) {
    refuse(ErrorCode::kModelConfig, path,
           "has " + std::to_string(array.size()) + " entries, expected 1 or " +
               std::to_string(num_values));
  }
  std::vector<double> values;
  for (const Json& v : array) values.push_back(v.as_double());
  return values;
}

std::vector<double> rounding_from_json(const Json& json, int64_t num_values) {
  std::vector<double> rounding = numbers_from_json(json, "data.rounding", num_values);
  for (const double v : rounding) {
    if (!(v >= 0) || !std::isfinite(v)) {
      refuse(ErrorCode::kModelValue, "data.rounding", "must be finite and not negative");
    }
  }
  return rounding;
}

Scaling scaling_from_json(const Json& json, int64_t num_values) {
  require_keys(json, {"kind", "shift", "scale"});
  Scaling scaling;
  scaling.kind = json.at("kind").as_string();
  if (scaling.kind != "none" && scaling.kind != "unit" && scaling.kind != "standardize") {
    refuse(ErrorCode::kModelConfig, "data.scaling.kind", "is none of none, unit, standardize");
  }
  scaling.shift = numbers_from_json(json.at("shift"), "data.scaling.shift", num_values);
  scaling.scale = numbers_from_json(json.at("scale"), "data.scaling.scale", num_values);
  if (scaling.shift.size() != scaling.scale.size()) {
    refuse(ErrorCode::kModelConfig, "data.scaling", "shift and scale differ in length");
  }
  for (double s : scaling.scale) {
    if (!(s > 0) || !std::isfinite(s)) {
      refuse(ErrorCode::kModelValue, "data.scaling.scale", "must be positive and finite");
    }
  }
  for (double s : scaling.shift) {
    if (!std::isfinite(s)) refuse(ErrorCode::kModelValue, "data.scaling.shift", "is not finite");
  }
  return scaling;
}

Json condition_json(const ConditionSpec& condition) {
  Json classes = Json::array(), columns = Json::array();
  for (const std::string& name : condition.classes) classes.push_back(name);
  for (const std::string& name : condition.columns) columns.push_back(name);
  return Json::object()
      .set("classes", std::move(classes))
      .set("columns", std::move(columns))
      .set("shift", numbers_json(condition.shift))
      .set("scale", numbers_json(condition.scale));
}

ConditionSpec condition_from_json(const Json& json, const Limits& limits) {
  require_keys(json, {"classes", "columns", "shift", "scale"});
  ConditionSpec condition;
  for (const Json& name : json.at("classes").as_array()) {
    condition.classes.push_back(name.as_string());
  }
  for (const Json& name : json.at("columns").as_array()) {
    condition.columns.push_back(name.as_string());
  }
  for (const Json& v : json.at("shift").as_array()) condition.shift.push_back(v.as_double());
  for (const Json& v : json.at("scale").as_array()) condition.scale.push_back(v.as_double());
  const bool either = condition.classes.empty() != condition.columns.empty();
  const bool sizes = condition.shift.size() == condition.columns.size() &&
                     condition.scale.size() == condition.columns.size();
  bool finite = true;
  for (const double v : condition.shift) finite = finite && std::isfinite(v);
  for (const double v : condition.scale) finite = finite && std::isfinite(v) && v > 0;
  if (!either || !sizes || !finite) {
    refuse(ErrorCode::kModelConfig, "data.condition",
           "is neither classes nor columns with a shift and a positive scale each");
  }
  if (condition.width() > limits.width) {
    refuse(ErrorCode::kModelBound, "data.condition", "is wider than limits.width");
  }
  return condition;
}

Shape shape_from_json(const Json& json, const Limits& limits) {
  Shape shape;
  for (const Json& size : json.as_array()) shape.push_back(size.as_int());
  if (shape.empty() || static_cast<int64_t>(shape.size()) > limits.tensor_rank) {
    refuse(ErrorCode::kModelBound, "data.item_shape",
           "has " + std::to_string(shape.size()) + " axes, allowed are 1 to " +
               std::to_string(limits.tensor_rank));
  }
  int64_t product = 1;
  for (int64_t size : shape) {
    if (size < 1 || size > kMaxItemValues || product > kMaxItemValues / size) {
      refuse(ErrorCode::kModelBound, "data.item_shape",
             "has more than 2^28 values, or a size below 1");
    }
    product *= size;
  }
  return shape;
}

}  // namespace

Json options_json(const std::vector<BoundOption>& options) {
  Json out = Json::object();
  for (const BoundOption& option : options) out.set(option.key, typed_value(option));
  return out;
}

void read_options(const Json& json, const std::vector<BoundOption>& options,
                  const std::string& path) {
  for (const auto& [key, value] : json.as_object()) {
    const std::string place = path + "." + escape_for_terminal(key);
    const BoundOption* found = nullptr;
    for (const BoundOption& option : options) {
      if (option.key == key) found = &option;
    }
    if (found == nullptr) refuse(ErrorCode::kModelConfig, place, "is not a known key");
    const std::string text = option_text(value, place);
    try {
      found->set(text);
    } catch (const Error& error) {
      // A number in the right type but out of range is a bound, everything else the schema.
      const bool number = found->type == "integer" || found->type == "number";
      refuse(number && value.is_number() ? ErrorCode::kModelBound : ErrorCode::kModelConfig, place,
             error.message());
    }
  }
}

std::string flat_word(FlatOrder order) {
  return order == FlatOrder::kChannelsLast ? "channels_last" : "channels_first";
}

FlatOrder flat_order_from_json(const Json& json) {
  for (const FlatOrder order : {FlatOrder::kChannelsLast, FlatOrder::kChannelsFirst}) {
    if (json.as_string() == flat_word(order)) return order;
  }
  refuse(ErrorCode::kModelConfig, "data.flat_order", "is none of channels_last, channels_first");
}

Json data_spec_json(const DataSpec& spec) {
  Json shape = Json::array(), fields = Json::array();
  for (int64_t size : spec.item_shape) shape.push_back(size);
  for (const FieldSpec& field : spec.fields) fields.push_back(field_json(field));
  Json json = Json::object()
                  .set("kind", data_kind_name(spec.kind))
                  .set("item_shape", std::move(shape))
                  .set("dtype", dtype_name(spec.dtype))
                  .set("fields", std::move(fields))
                  .set("scaling", Json::object()
                                      .set("kind", spec.scaling.kind)
                                      .set("shift", numbers_json(spec.scaling.shift))
                                      .set("scale", numbers_json(spec.scaling.scale)))
                  .set("rounding", numbers_json(rounding_errors(spec)));
  if (spec.flat_order != FlatOrder::kUntold) json.set("flat_order", flat_word(spec.flat_order));
  if (!spec.constants.empty()) json.set("constants", constants_json(spec.constants));
  if (spec.condition.width() > 0) json.set("condition", condition_json(spec.condition));
  if (!spec.binarize.empty()) {
    json.set("binarize", Json::object()
                             .set("kind", spec.binarize)
                             .set("seed", static_cast<int64_t>(spec.binarize_seed)));
  }
  if (!spec.classes.empty()) {
    Json classes = Json::array();
    for (const std::string& name : spec.classes) classes.push_back(name);
    json.set("classes", std::move(classes));
  }
  return json;
}

DataSpec data_spec_from_json(const Json& json, const Limits& limits) {
  require_keys(json, {"kind", "item_shape", "dtype", "fields", "scaling", "rounding", "constants",
                      "condition", "classes", "binarize", "flat_order"});
  DataSpec spec;
  bool kind_known = false;
  for (DataKind kind : {DataKind::kImage, DataKind::kArray, DataKind::kTable}) {
    if (json.at("kind").as_string() != data_kind_name(kind)) continue;
    spec.kind = kind;
    kind_known = true;
  }
  if (!kind_known) refuse(ErrorCode::kModelConfig, "data.kind", "is none of image, array, table");
  spec.item_shape = shape_from_json(json.at("item_shape"), limits);
  const std::string& dtype = json.at("dtype").as_string();
  if (dtype != "u8" && dtype != "f32") {
    refuse(ErrorCode::kModelConfig, "data.dtype", "is none of u8, f32");
  }
  spec.dtype = dtype == "u8" ? Dtype::kU8 : Dtype::kF32;
  const Json::Array& fields = json.at("fields").as_array();
  const size_t wanted = spec.kind == DataKind::kTable ? static_cast<size_t>(spec.num_values()) : 1;
  if (fields.size() != wanted) {
    refuse(ErrorCode::kModelConfig, "data.fields",
           "has " + std::to_string(fields.size()) + " entries, expected " + std::to_string(wanted));
  }
  for (const Json& field : fields) spec.fields.push_back(field_from_json(field));
  spec.scaling = scaling_from_json(json.at("scaling"), spec.num_values());
  const Json* rounding = json.find("rounding");
  spec.rounding =
      rounding ? rounding_from_json(*rounding, spec.num_values()) : common_rounding(spec);
  if (const Json* order = json.find("flat_order")) spec.flat_order = flat_order_from_json(*order);
  if (const Json* condition = json.find("condition")) {
    spec.condition = condition_from_json(*condition, limits);
  }
  if (const Json* binarize = json.find("binarize")) {
    require_keys(*binarize, {"kind", "seed"});
    spec.binarize = binarize->at("kind").as_string();
    const int64_t seed = binarize->at("seed").as_int();
    if (spec.binarize != "static" && spec.binarize != "dynamic") {
      refuse(ErrorCode::kModelConfig, "data.binarize", "is none of static, dynamic");
    }
    if (seed < 0 || seed > int64_t{UINT32_MAX}) {
      refuse(ErrorCode::kModelBound, "data.binarize", "has a seed that is not of 32 bits");
    }
    spec.binarize_seed = static_cast<uint32_t>(seed);
  }
  if (const Json* classes = json.find("classes")) {
    for (const Json& name : classes->as_array()) spec.classes.push_back(name.as_string());
    if (static_cast<int64_t>(spec.classes.size()) > limits.width) {
      refuse(ErrorCode::kModelBound, "data.classes", "are more than limits.width");
    }
  }
  if (const Json* constants = json.find("constants")) {
    spec.constants = constants_from_json(*constants, static_cast<int64_t>(spec.fields.size()));
  }
  return spec;
}

}  // namespace isthmus
