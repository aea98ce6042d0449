// SPDX-License-Identifier: Apache-2.0
// Shot noise: every value is counted in quanta of level^2, so that a value v of the model's scale
// keeps its mean and has the deviation level sqrt(v).
#include <cmath>

#include "isthmus/models/corruption.h"
#include "isthmus/prob/likelihood.h"

namespace isthmus {
namespace {

struct ShotNoiseOptions {
  double level = 0.2;
  static constexpr auto fields() {
    return std::tuple{field(&ShotNoiseOptions::level, kLevelKey, greater_than(0), kLevelHelp,
                            kLevelPresentation)};
  }
};

Value count_quanta(const ModelBuild& b, Value x, const ShotNoiseOptions& options) {
  const ValueRange range = scaled_range(b.setup.data);
  if (range.low < 0) {
    throw Error(ErrorCode::kConflict,
                "corruption shot counts quanta, and the data reach down to " +
                    print_value(range.low) + " on the model's scale",
                "use --corruption gaussian, or a scale without negative values (--scale none)",
                {.key = "model.corruption"});
  }
  require_noise(b.setup.data, options.level, std::sqrt(range.high));
  GraphBuilder& g = b.g;
  const Value quantum = g.constant(options.level * options.level);
  return g.mul(g.poisson_draw({{"stream", "corruption"}}, g.div(x, quantum)), quantum);
}

}  // namespace

CorruptionDef corruptions::shot() {
  return {.name = "shot",
          .summary = "Poisson counts of quanta; the level is the deviation of a value of 1",
          .help = "where a sensor counts photons or particles, so that bright values are noisier",
          .corrupt = count_quanta};
}

}  // namespace isthmus
