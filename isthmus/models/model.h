// SPDX-License-Identifier: Apache-2.0
// The zoo of models: which parts there are and how the terms combine. No loop, file, device,
// optimizer or precision.
//
//   ModelSetup setup{.model = options, .objective = objective, .data = dataset.spec()};
//   GraphBuilder g;
//   ModelOutput model = build_training(g, setup);
//   add_update(g, model.objective, optimizer);
//   Graph step = std::move(g).finish();
//
// Graphs for using a trained model are in inference.h; they call the same parts (parts.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/graph/graph.h"
#include "isthmus/losses/elbo.h"
#include "isthmus/models/model_options.h"
#include "isthmus/prob/likelihood.h"
#include "isthmus/prob/normal.h"
#include "isthmus/tensor/data_spec.h"

namespace isthmus {

/// All that a model's graphs depend on. The options are resolved: nothing is `auto` but sigma and
/// init. Of the data only shape, scaling and the facts behind a learned sigma are used.
struct ModelSetup {
  ModelOptions model;
  ObjectiveOptions objective;
  DataSpec data;
  std::optional<double> initial_sigma = {};  // else default_sigma(data)
};

/// What a model is given.
struct ModelInputs {
  Value x;                                 // (B, D)
  const Likelihood* likelihood = nullptr;  // its parameters exist already
  Value kl_weight;                         // float64 (): warm-up
};

/// What a model gives back. Values that it does not have are invalid.
struct ModelOutput {
  std::optional<Normal> posterior = {};  // (B, Z)
  Value z;                               // (B, Z) or (B, L, Z): draws, or the code
  Value params;                          // (B, P D) or (B, L, P D)
  ElboTerms terms;                       // (B), never weighted
  Value kl_per_dim;                      // (B, Z)
  Value reconstruction;                  // (): batch mean of its term
  Value kl;                              // (): batch mean of its term
  Value objective;                       // (): what is minimised
};

struct ModelDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view source = {};  // key in docs/references.bib
  bool has_posterior = true;     // false: the elbo does not exist
  ModelOutput (*build)(GraphBuilder& g, const ModelInputs& in, const ModelSetup& setup) = nullptr;
};

namespace models {
#define ISTHMUS_ENTRY(name) ModelDef name();
#include "isthmus/builtin_models.inc"
#undef ISTHMUS_ENTRY
}  // namespace models

const std::vector<ModelDef>& all_models();
/// Error E2003 with the nearest name.
const ModelDef& find_model(std::string_view name);

/// The input "x" with the item's shape, likelihood and model. Outputs (): "objective",
/// "reconstruction", and "kl" if there is a posterior. Scalars: "kl_weight" if there is a
/// posterior. Noise: stream "posterior". Errors: E2003 for options, E3404 for data outside the
/// support.
ModelOutput build_training(GraphBuilder& g, const ModelSetup& setup);

/// Weight of kl at full warm-up: 1, or beta in beta_vae (4 unless set).
double beta_of(const ModelOptions& options);

/// What is added to a log density of the scaled values to make it the log density of the values in
/// the units of the data: the sum of log scale over the values of an item. 0 for a mass, NaN for a
/// score.
double log_scale(const ModelSetup& setup);
/// Whose density the elbo of a model is: "the data", "standardized values", "values scaled to [0,
/// 1]", "the data (a mass)", "grey values (a score)".
std::string density_of(const ModelSetup& setup);

/// "sigma" resolved: learned, per_dimension for tables, 1 (squared error) for a model without a
/// posterior, or as the user said.
std::string resolved_sigma(const ModelSetup& setup);

}  // namespace isthmus
