// SPDX-License-Identifier: Apache-2.0
// The zoo of models: which parts there are and how the terms combine. No loop, file, device,
// optimizer or precision.
//
//   ModelSetup setup{.model = options, .own = own, .data = dataset.spec()};
//   GraphBuilder g;
//   const Training training = build_training(g, setup);
//   add_update(g, training.objectives, optimizer);
//   Graph step = std::move(g).finish();
//
// Graphs for using a trained model are in inference.h; they call the same parts (parts.h).
#pragma once

#include <string>

#include "isthmus/models/parts.h"

namespace isthmus {

/// The input "x" with the item's shape, likelihood and model; a model that keeps something for each
/// training item also has the input "place" (1), the number of the item among them. Outputs ():
/// "objective" (those of further objectives are "objective/<name>"), and "term/<name>" for each
/// term. Scalars: those that the model asks for, as "kl_weight". Noise: streams "posterior",
/// "corruption", and those of dropout. Errors: E2003 for options, E2202 for a model that is
/// fitted without steps, E3404 for data outside the support.
Training build_training(GraphBuilder& g, const ModelSetup& setup);
inline constexpr std::string_view kTermPrefix = "term/";

/// What a graph of this model begins with: the inputs that it needs, flattened.
ModelBuild start_build(GraphBuilder& g, const ModelSetup& setup, Mode mode);
Given given_data(const ModelBuild& b);
/// The condition alone, input "context" (C), where the data have one.
Given given_condition(const ModelBuild& b);

/// What is added to a log density of the scaled values to make it the log density of the values in
/// the units of the data: the sum of log scale over the values of an item. 0 for a mass, NaN for a
/// score.
double log_scale(const ModelSetup& setup);
/// Whose density the elbo of a model is: "the data", "standardized values", "values scaled to [0,
/// 1]", "the data (a mass)", "grey values (a score)".
std::string density_of(const ModelSetup& setup);

/// What a learned sigma cannot go below: rounding_errors(), or their root mean square in a model
/// with one sigma.
std::vector<double> least_sigma(const ModelSetup& setup);

/// "sigma" resolved: learned, per_dimension for tables, 1 (squared error) for a model without a
/// posterior, or as the user said.
std::string resolved_sigma(const ModelSetup& setup);

}  // namespace isthmus
