// SPDX-License-Identifier: Apache-2.0
// The zoo of priors: distributions of the latent, one file each in priors/. A prior makes its
// parameters once ("prior/...") and is asked for its distribution wherever a graph needs it.
#pragma once

#include <functional>
#include <string_view>

#include "isthmus/models/parts.h"

namespace isthmus {

/// Of "model.prior_components", which several priors own.
inline constexpr std::string_view kPriorComponentsHelp =
    "Components of the prior. Fewer for few items, which many components remember.";

struct PriorSetup {
  const ModelBuild& build;
  int64_t width = 0;                                    // Z
  std::function<Distribution(const Given&)> posterior;  // for priors made of posteriors
};

struct PriorDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view help = {};    // when to use it
  std::string_view source = {};  // key in docs/references.bib
  WithOptions<std::function<Distribution(const Given&)>(PriorSetup)> make = {};
  /// Replaces first values of the prior's parameters by others that follow from the data.
  void (*initialise)(const FitRequest&, NamedTensors& first) = nullptr;

  std::vector<BoundOption> options() const { return make.options(); }
};

namespace priors {
#define ISTHMUS_ENTRY(name) PriorDef name();
#include "isthmus/builtin_priors.inc"
#undef ISTHMUS_ENTRY
}  // namespace priors

const Registry<PriorDef>& all_priors();

}  // namespace isthmus
