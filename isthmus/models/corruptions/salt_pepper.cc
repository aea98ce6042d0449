// SPDX-License-Identifier: Apache-2.0
// A share of the values set to the smallest or the largest value of the data, half of them each; of
// a table, of their own column.
#include <algorithm>

#include "isthmus/models/corruption.h"

namespace isthmus {
namespace {

struct SaltPepperOptions {
  double level = 0.1;
  static constexpr auto fields() {
    return std::tuple{
        field(&SaltPepperOptions::level, kLevelKey, kShareBounds, kLevelHelp, kLevelPresentation)};
  }
};

/// Smallest and largest values on the model's scale: numbers, or one for each column (D).
struct Ends {
  Value low, high;
};

Ends ends_of(GraphBuilder& g, const DataSpec& data) {
  if (data.fields.size() <= 1) {
    const ValueRange range = scaled_range(data);
    return {g.constant(range.low), g.constant(range.high)};
  }
  const Shape columns = {static_cast<int64_t>(data.fields.size())};
  Tensor low(Dtype::kF32, columns), high(Dtype::kF32, columns);
  for (size_t i = 0; i < data.fields.size(); ++i) {
    DataSpec column;
    column.fields = {data.fields[i]};
    const size_t at = data.scaling.scale.size() == 1 ? 0 : i;
    column.scaling.shift = {data.scaling.shift[at]};
    column.scaling.scale = {data.scaling.scale[at]};
    const ValueRange range = scaled_range(column);
    low.values<float>()[i] = static_cast<float>(range.low);
    high.values<float>()[i] = static_cast<float>(range.high);
  }
  return {g.constant(low), g.constant(high)};
}

Value sprinkle(const ModelBuild& b, Value x, const SaltPepperOptions& options) {
  GraphBuilder& g = b.g;
  const Ends ends = ends_of(g, b.setup.data);
  Value u = g.uniform("corruption", g.shape(x));
  Value salted = g.select(g.greater_equal(u, g.constant(1 - options.level / 2)), ends.high, x);
  return g.select(g.greater_equal(u, g.constant(options.level / 2)), salted, ends.low);
}

}  // namespace

CorruptionDef corruptions::salt_pepper() {
  return {
      .name = "salt_pepper",
      .summary = "values set to the smallest or the largest of the data; the level is their share",
      .help = "where new data have dead or saturated pixels",
      .source = "Vincent2010",
      .corrupt = sprinkle};
}

}  // namespace isthmus
