// SPDX-License-Identifier: Apache-2.0
// The list of likelihoods, and what the facts of a data set say about them: range, rounding error
// and a first sigma. The densities themselves are in likelihoods/.
#include "isthmus/prob/likelihood.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/options.h"

namespace isthmus {
namespace {

constexpr double kSmallestStart = 1e-3;  // of a learned sigma, for data that hardly vary

double shift_of(const Scaling& s, size_t field) {
  return s.shift.empty() ? 0.0 : s.shift[std::min(field, s.shift.size() - 1)];
}
double scale_of(const Scaling& s, size_t field) {
  return s.scale.empty() ? 1.0 : s.scale[std::min(field, s.scale.size() - 1)];
}

/// Root mean square over fields of `value(field)`.
template <class F>
double rms_over_fields(const DataSpec& data, F value) {
  double sum = 0;
  for (size_t i = 0; i < data.fields.size(); ++i) {
    const double v = value(data.fields[i], std::fabs(scale_of(data.scaling, i)));
    sum += v * v;
  }
  return data.fields.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(data.fields.size()));
}

}  // namespace

std::string_view measure_name(Measure measure) {
  switch (measure) {
    case Measure::kMass:
      return "mass";
    case Measure::kDensity:
      return "density";
    case Measure::kScore:
      break;
  }
  return "score";
}

const Registry<LikelihoodDef>& all_likelihoods() {
  static const Registry<LikelihoodDef> all(
      {.noun = "likelihood", .key = "model.likelihood", .usual = "bernoulli"}, {
#define ISTHMUS_ENTRY(name) likelihoods::name(),
#include "isthmus/builtin_likelihoods.inc"
#undef ISTHMUS_ENTRY
                                                                               });
  return all;
}

bool LikelihoodDef::has_sigma() const {
  const std::vector<BoundOption> own = options();
  return std::any_of(own.begin(), own.end(),
                     [](const BoundOption& option) { return option.key == "model.sigma"; });
}

ValueRange scaled_range(const DataSpec& data) {
  ValueRange range;
  for (size_t i = 0; i < data.fields.size(); ++i) {
    const FieldSpec& field = data.fields[i];
    const double shift = shift_of(data.scaling, i), scale = scale_of(data.scaling, i);
    const double a = (field.min - shift) * scale, b = (field.max - shift) * scale;
    if (i == 0) range = {std::min(a, b), std::max(a, b)};
    range = {std::min({range.low, a, b}), std::max({range.high, a, b})};
  }
  return range;
}

bool only_zero_and_one(const DataSpec& data) {
  for (size_t i = 0; i < data.fields.size(); ++i) {
    for (const double v : {data.fields[i].min, data.fields[i].max}) {
      const double scaled = (v - shift_of(data.scaling, i)) * scale_of(data.scaling, i);
      if (scaled != 0 && scaled != 1) return false;
    }
  }
  return true;
}

void require_unit_range(const DataSpec& data, std::string_view likelihood) {
  constexpr double kRounding = 1e-6;  // of a scale that is not a power of two
  const ValueRange range = scaled_range(data);
  if (range.low >= -kRounding && range.high <= 1 + kRounding) return;
  const std::string scaled =
      data.scaling.kind == "none" ? "" : "scaled (" + data.scaling.kind + ") ";
  throw Error(ErrorCode::kValueRange,
              scaled + "the data range from " + print_value(static_cast<float>(range.low)) +
                  " to " + print_value(static_cast<float>(range.high)) + ", but likelihood " +
                  std::string(likelihood) + " needs values from 0 to 1",
              "scale them: --scale unit    or choose: --likelihood gaussian",
              {.key = "likelihood"});
}

Support unit_support(const DataSpec&, const DataSpec& given) {
  const ValueRange range = scaled_range(given);
  return {
      .text = "0 to 1", .excess = std::max({0.0, -range.low, range.high - 1}), .of_scaled = true};
}

bool accepts(const LikelihoodDef& likelihood, const DataSpec& data) {
  try {
    likelihood.check_range(data);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kValueRange) throw;
    return false;
  }
  return true;
}

std::vector<double> rounding_errors(const DataSpec& data) {
  if (!data.rounding.empty()) return data.rounding;
  if (data.fields.empty()) return {0.0};
  std::vector<double> errors;
  for (size_t i = 0; i < data.fields.size(); ++i) {
    const FieldSpec& field = data.fields[i];
    const double error = std::min(field.step / std::sqrt(12.0), field.standard_deviation);
    errors.push_back(error * std::fabs(scale_of(data.scaling, i)));
  }
  return errors;
}

double default_sigma(const DataSpec& data) {
  const double spread = rms_over_fields(
      data, [](const FieldSpec& f, double scale) { return f.standard_deviation * scale; });
  double squares = 0;
  const std::vector<double> errors = rounding_errors(data);
  for (const double error : errors) squares += error * error;
  const double rounding = std::sqrt(squares / static_cast<double>(errors.size()));
  return std::max({spread, rounding, kSmallestStart});
}

void check_sigma(const std::string& sigma) {
  if (sigma == "learned" || sigma == "per_dimension" || sigma == "optimal") return;
  double value = 0;
  parse_value("sigma", sigma, greater_than(0), value);
}

double sigma_value(double log_sigma, double min_sigma) {
  return std::sqrt(std::exp(2 * log_sigma) + min_sigma * min_sigma);
}

}  // namespace isthmus
