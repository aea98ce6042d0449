// SPDX-License-Identifier: Apache-2.0
// All that a model's graphs depend on.
#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "isthmus/models/model_options.h"
#include "isthmus/tensor/data_spec.h"

namespace isthmus {

/// The options are resolved: nothing is `auto` but sigma and init. Of the data only shape, scaling
/// and the facts behind a learned sigma are used.
struct ModelSetup {
  ModelOptions model;
  OwnOptions own;  // of the chosen definitions: model, prior, posterior, likelihood, corruption
  DataSpec data;
  std::optional<double> initial_sigma = {};  // else default_sigma(data)

  static constexpr auto fields() {
    using O = ModelSetup;
    return std::tuple{nested(&O::model, "model", "Network and distributions."),
                      owned(&O::own, all_model_options)};
  }
};

/// The definitions that a setup chooses.
std::vector<const OptionOwner*> chosen_owners(const ModelSetup& setup);

}  // namespace isthmus
