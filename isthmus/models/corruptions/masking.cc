// SPDX-License-Identifier: Apache-2.0
// A share of the values set to 0: black where pixels go from 0 to 1, the mean of a standardized
// column.
#include "isthmus/models/corruption.h"

namespace isthmus {
namespace {

struct MaskingOptions {
  double level = 0.25;
  static constexpr auto fields() {
    return std::tuple{
        field(&MaskingOptions::level, kLevelKey, kShareBounds, kLevelHelp, kLevelPresentation)};
  }
};

Value mask(const ModelBuild& b, Value x, const MaskingOptions& options) {
  Value u = b.g.uniform("corruption", b.g.shape(x));
  return b.g.mul(x, b.g.greater_equal(u, b.g.constant(options.level)));
}

}  // namespace

CorruptionDef corruptions::masking() {
  return {.name = "masking",
          .summary = "values set to 0; the level is their share",
          .help = "for features that fill in what is missing from what is there",
          .source = "Vincent2008",
          .corrupt = mask};
}

}  // namespace isthmus
