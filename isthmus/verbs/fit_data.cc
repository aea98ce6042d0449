// SPDX-License-Identifier: Apache-2.0
// Compares the facts of given data with the likelihood and with the facts of training. No value is
// changed here.
#include "isthmus/verbs/fit_data.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/data/condition.h"

namespace isthmus {
namespace {

/// Outside of the support by up to this share: values a little brighter than the brightest of
/// training. The log probability goes on smoothly there.
constexpr double kTolerated = 0.1;
constexpr double kRounding = 1e-6;  // of a scale that is not a power of two
/// A column whose mean has moved by this many deviations, or whose deviation has changed by this
/// factor, has other units or another meaning.
constexpr double kFarMean = 10, kFarDeviation = 10;
/// Images whose brightest pixel is this much darker than that of training were stored with fewer
/// bits.
constexpr double kFarLevels = 64;

std::string number(double value) { return print_value(static_cast<float>(value)); }

/// "0 to 255" of the stored values.
std::string stored_range(const DataSpec& spec) {
  double low = spec.fields.front().min, high = spec.fields.front().max;
  for (const FieldSpec& field : spec.fields) {
    low = std::min(low, field.min);
    high = std::max(high, field.max);
  }
  return number(low) + " to " + number(high);
}

void require_support(const DataSpec& fitted, const ModelSetup& model) {
  const LikelihoodDef& likelihood = all_likelihoods().find(model.model.likelihood);
  if (likelihood.support == nullptr) return;
  const Support support = likelihood.support(model.data, fitted);
  if (support.excess <= kTolerated) return;
  const ValueRange range = scaled_range(fitted);
  const std::string scaled = support.of_scaled ? ": scaled as there they would be " +
                                                     number(range.low) + " to " + number(range.high)
                                               : "";
  throw Error(ErrorCode::kValueRange,
              "the data range from " + stored_range(fitted) + ", those of training from " +
                  stored_range(model.data) + scaled + ", but likelihood " +
                  std::string(likelihood.name) + " needs " + support.text,
              "give the data in the units of training");
}

std::string moved_text(const FieldSpec& here, double mean, double deviation) {
  const std::string name = here.name.empty() ? "" : "\"" + here.name + "\" ";
  return name + "(mean " + number(here.mean) + ", in training " + number(mean) + " +- " +
         number(deviation) + ")";
}

/// Columns (or all pixels) that are far from where they were in training.
std::vector<std::string> moved_fields(const DataSpec& fitted, const DataSpec& trained) {
  std::vector<std::string> moved;
  for (size_t i = 0; i < std::min(fitted.fields.size(), trained.fields.size()); ++i) {
    const FieldSpec &here = fitted.fields[i], &then = trained.fields[i];
    const double spread = std::max(then.standard_deviation, then.step);
    if (spread <= 0) continue;
    const bool dark = trained.kind == DataKind::kImage && kFarLevels * here.max < then.max;
    const bool far = dark || std::fabs(here.mean - then.mean) > kFarMean * spread ||
                     here.standard_deviation > kFarDeviation * spread;
    if (!far) continue;
    moved.push_back(moved_text(here, then.mean, then.standard_deviation));
  }
  return moved;
}

/// The same of the columns that are the model's condition, which are none of an item's.
void add_moved_conditions(const DataSpec& opened, const ConditionSpec& condition,
                          std::vector<std::string>& moved) {
  for (size_t c = 0; c < condition.columns.size(); ++c) {
    const double mean = condition.shift[c], spread = 1 / condition.scale[c];
    for (const FieldSpec& here : opened.fields) {
      if (here.name != condition.columns[c]) continue;
      const bool far = std::fabs(here.mean - mean) > kFarMean * spread ||
                       here.standard_deviation > kFarDeviation * spread;
      if (far) moved.push_back(moved_text(here, mean, spread));
    }
  }
}

std::vector<std::string> revived_columns(const DataSpec& opened, const DataSpec& trained) {
  std::vector<std::string> names;
  for (const ConstantColumn& constant : trained.constants) {
    for (const FieldSpec& field : opened.fields) {
      if (field.name != constant.name) continue;
      if (!field.constant || field.min != constant.value) names.push_back(field.name);
    }
  }
  return names;
}

}  // namespace

std::string some_names(const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  return escape_for_terminal(shown_list(names, kShown));
}

DataSpec joined_facts(const DataSpec& a, const DataSpec& b) {
  DataSpec joined = a;
  for (size_t i = 0; i < std::min(a.fields.size(), b.fields.size()); ++i) {
    FieldSpec& field = joined.fields[i];
    const FieldSpec& other = b.fields[i];
    const bool alike = other.min >= field.min && other.max <= field.max;
    field.binary = field.binary && other.binary && alike;
    field.constant = field.constant && other.constant && alike;
    field.integer = field.integer && other.integer;
    field.min = std::min(field.min, other.min);
    field.max = std::max(field.max, other.max);
  }
  return joined;
}

std::vector<FieldSpec> matching_fields(const DataSpec& opened, const DataSpec& wanted) {
  if (opened.fields.size() == wanted.fields.size()) return opened.fields;
  std::unordered_map<std::string_view, const FieldSpec*> by_name;
  for (const FieldSpec& field : opened.fields) by_name.emplace(field.name, &field);
  std::vector<FieldSpec> fields;
  for (const FieldSpec& field : wanted.fields) {
    const auto at = by_name.find(field.name);
    if (at != by_name.end()) fields.push_back(*at->second);
  }
  return fields;
}

Dataset fit_to_model(const Dataset& data, const ModelSetup& model) {
  Dataset fitted = conform(data, model.data);
  require_support(fitted.spec, model);
  return fitted;
}

std::vector<DataWarning> warnings_of(const DataSpec& opened, const DataSpec& fitted,
                                     const ModelSetup& model) {
  std::vector<DataWarning> warnings;
  const LikelihoodDef& likelihood = all_likelihoods().find(model.model.likelihood);
  require_support(fitted, model);
  const Support support =
      likelihood.support != nullptr ? likelihood.support(model.data, fitted) : Support{};
  if (support.excess > kRounding) {
    const ValueRange range = scaled_range(fitted);
    const std::string ranges = support.of_scaled
                                   ? "scaled as in training the data range from " +
                                         number(range.low) + " to " + number(range.high)
                                   : "the data range from " + stored_range(fitted);
    warnings.push_back({"W3408", ranges + ", a little outside of " + support.text,
                        support.of_scaled ? "the elbo counts these values as they are"
                                          : "the elbo counts these values as the nearest level"});
  }
  const Measure trained = likelihood.measure(model.data), here = likelihood.measure(fitted);
  if (trained == Measure::kMass && here != Measure::kMass) {
    warnings.push_back({"W3408",
                        "the model was trained on two values, the data have others between them",
                        "their elbo is a score, not a likelihood"});
  }
  std::vector<std::string> moved = moved_fields(fitted, model.data);
  add_moved_conditions(opened, model.data.condition, moved);
  if (!moved.empty()) {
    warnings.push_back({"W3408", "the data are far from those of training: " + some_names(moved),
                        "check units and columns"});
  }
  const std::vector<std::string> revived = revived_columns(opened, model.data);
  if (!revived.empty()) {
    warnings.push_back({"W3409",
                        "columns that held one value in training have others here, and are left "
                        "out: " +
                            some_names(revived),
                        "train on data in which they vary, if they matter"});
  }
  return warnings;
}

std::vector<DataWarning> warnings_of_given(const ConditionSpec& condition,
                                           const std::vector<std::string>& given) {
  if (condition.columns.empty() || given.empty()) return {};
  const std::vector<float> row = condition_row(condition, given);
  std::vector<std::string> far;
  for (size_t c = 0; c < row.size(); ++c) {
    if (std::fabs(static_cast<double>(row[c])) <= kFarMean) continue;
    far.push_back("\"" + condition.columns[c] + "\" (in training " + number(condition.shift[c]) +
                  " +- " + number(1 / condition.scale[c]) + ")");
  }
  if (far.empty()) return {};
  return {{"W3408", "the condition is far from those of training: " + some_names(far),
           "check units and columns"}};
}

}  // namespace isthmus
