// SPDX-License-Identifier: Apache-2.0
// Update rules as graph nodes, one file per rule, and the one call that turns an objective into a
// training step.
//
//   add_update(g, model.objective, {.name = "adam"});
//   Graph step = std::move(g).finish();      // scalars: "learning_rate", and "step" for adam
//
// State is named after its parameter: "opt/m/encoder/0/weight". `assign` takes effect when the step
// ends, so all rules read the old values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/graph/graph.h"
#include "isthmus/optim/optimizer_options.h"

namespace isthmus {

/// One parameter and what a rule may use. The scalars and all that is made of them are float64:
/// 1 - beta2^step cancels in float32.
struct Update {
  Value parameter;      // any shape
  Value gradient;       // the parameter's shape
  Value learning_rate;  // float64 ()
  Value step;           // float64 (), counts from 1
};

struct OptimizerDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view source = {};  // key in docs/references.bib
  void (*build)(GraphBuilder& g, const Update& update, const OptimizerOptions& options) = nullptr;
};

namespace optimizers {
#define ISTHMUS_ENTRY(name) OptimizerDef name();
#include "isthmus/builtin_optimizers.inc"
#undef ISTHMUS_ENTRY
}  // namespace optimizers

const std::vector<OptimizerDef>& all_optimizers();
/// Error E2003 with the nearest name.
const OptimizerDef& find_optimizer(std::string_view name);

/// Differentiates the objective (a scalar) with respect to every parameter of the builder and adds
/// the rule that `options` names. With max_grad_norm all gradients are scaled by
/// min(1, max_grad_norm / norm), norm being that of all of them together, which becomes the output
/// "grad_norm".
void add_update(GraphBuilder& g, Value objective, const OptimizerOptions& options,
                std::optional<double> max_grad_norm = {});

/// The next first and second moment of Adam, corrected for their start at zero; assigns both.
/// adam and adamw differ only in what they do with them.
Value adam_change(GraphBuilder& g, const Update& update, Value gradient,
                  const OptimizerOptions& options);

}  // namespace isthmus
