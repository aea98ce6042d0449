// SPDX-License-Identifier: Apache-2.0
// The standard normal prior: no parameters, KL in closed form against a normal posterior.
#include "isthmus/models/prior.h"

namespace isthmus {
namespace {

std::function<Distribution(const Given&)> make_normal(PriorSetup setup) {
  return [width = setup.width](const Given&) { return standard_normal_distribution(width); };
}

}  // namespace

PriorDef priors::normal() {
  return {.name = "normal",
          .summary = "N(0, I)",
          .help = "the one to begin with; another prior has to beat it",
          .make = make_normal};
}

}  // namespace isthmus
