// SPDX-License-Identifier: Apache-2.0
// Small models of numbers for tests of training rules: the terms by name, objectives by place.
// Not part of the product.
#pragma once

#include "isthmus/models/model.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {

/// 4 values in [0, 1], a gaussian with sigma 1, one hidden layer of 3 and 2 latents.
inline ModelSetup small_model(const std::string& name,
                              std::map<std::string, std::string> own = {}) {
  ModelSetup setup{
      .model = {.name = name, .latent_dim = "2", .likelihood = "gaussian"},
      .own = {.texts = {{"model.hidden", "3"}, {"model.activation", "tanh"}, {"model.sigma", "1"}}},
      .data = {.item_shape = {4}, .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3}}}};
  for (auto& [key, value] : own) setup.own.texts[key] = value;
  return setup;
}

/// The training graph without an update: "objective", "term/<name>", "objective/<name>".
inline Graph training_graph(const ModelSetup& setup) {
  GraphBuilder g;
  build_training(g, setup);
  return std::move(g).finish();
}

inline double output_of(const ReferenceRun& run, const std::string& name) {
  return run.output(name).data[0];
}

}  // namespace isthmus
