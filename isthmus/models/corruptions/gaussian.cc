// SPDX-License-Identifier: Apache-2.0
// Normal noise on every value: x + level e, e ~ N(0, 1). Not clamped: noise that stops at black and
// white would tell the encoder where the item is black and white.
#include "isthmus/models/corruption.h"

namespace isthmus {
namespace {

struct GaussianNoiseOptions {
  double level = 0.3;
  static constexpr auto fields() {
    return std::tuple{field(&GaussianNoiseOptions::level, kLevelKey, greater_than(0), kLevelHelp,
                            kLevelPresentation)};
  }
};

Value add_noise(const ModelBuild& b, Value x, const GaussianNoiseOptions& options) {
  require_noise(b.setup.data, options.level);
  Value noise = b.g.normal("corruption", b.g.shape(x));
  return b.g.add(x, b.g.mul(noise, b.g.constant(options.level)));
}

}  // namespace

CorruptionDef corruptions::gaussian() {
  return {.name = "gaussian",
          .summary = "normal noise on every value; the level is its standard deviation",
          .help = "the one to begin with, and where new data carry noise of a sensor",
          .source = "Vincent2010",
          .corrupt = add_noise};
}

}  // namespace isthmus
