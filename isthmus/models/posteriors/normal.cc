// SPDX-License-Identifier: Apache-2.0
// The diagonal normal posterior: a mean and a log variance per latent.
#include "isthmus/models/posterior.h"

namespace isthmus {
namespace {

Distribution make_normal(const ModelBuild& b, Value heads) {
  return normal_distribution(b.g, normal_from(b.g, heads));
}

}  // namespace

PosteriorDef posteriors::normal() {
  return {.name = "normal",
          .summary = "a mean and a variance per latent",
          .help = "the one to begin with",
          .source = "Kingma2014",
          .num_heads = [](int64_t latent_dim) { return 2 * latent_dim; },
          .make = make_normal};
}

}  // namespace isthmus
