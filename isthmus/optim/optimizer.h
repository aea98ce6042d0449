// SPDX-License-Identifier: Apache-2.0
// Update rules as graph nodes, one file per rule, and the one call that turns an objective into a
// training step.
//
//   add_update(g, training.objectives, {.name = "adam"});
//   Graph step = std::move(g).finish();      // scalars: "learning_rate", and "step" for adam
//
// State is named after its parameter: "opt/m/encoder/0/weight", "opt/critic/m/..." of an objective
// with a name. `assign` takes effect when the step
// ends, so all rules read the old values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/registry.h"
#include "isthmus/graph/graph.h"
#include "isthmus/losses/objective.h"
#include "isthmus/optim/optimizer_options.h"

namespace isthmus {

/// One parameter and what a rule may use. The scalars and all that is made of them are float64:
/// 1 - beta2^step cancels in float32.
struct Update {
  Value parameter;      // any shape
  Value current;        // what the change is added to: the parameter, or its value changed already
  Value gradient;       // the parameter's shape
  Value learning_rate;  // float64 ()
  Value step;           // float64 (), counts from 1
  std::string state = "opt";  // states are "<state>/m/<name of the parameter>"
};

struct OptimizerDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view help = {};    // when to use it
  std::string_view source = {};  // key in docs/references.bib
  /// Assigns its states and returns the parameter's next value, which wrappers may change.
  WithOptions<Value(GraphBuilder&, const Update&)> build = {};

  std::vector<BoundOption> options() const { return build.options(); }
};

namespace optimizers {
#define ISTHMUS_ENTRY(name) OptimizerDef name();
#include "isthmus/builtin_optimizers.inc"
#undef ISTHMUS_ENTRY
}  // namespace optimizers

const Registry<OptimizerDef>& all_optimizers();

/// In front of the name of a parameter: its running mean.
inline constexpr std::string_view kEmaPrefix = "ema/";

/// Differentiates each objective with respect to the parameters that it moves (all that no other
/// moves, if it names none) and adds the rule that `options` names; all at the weights before the
/// step. With max_grad_norm the gradients of an objective are scaled by min(1, max_grad_norm /
/// norm), norm being that of all of them together, which becomes the output "grad_norm" (of the
/// first objective). With `ema` the states "ema/<parameter>" follow the parameters as running means
/// of this decay: mean <- d mean + (1 - d) next, d = min(ema, (1 + t) / (10 + t)), t steps being
/// behind; they have to start as the parameters do.
void add_update(GraphBuilder& g, const std::vector<Objective>& objectives,
                const OptimizerOptions& options, std::optional<double> max_grad_norm = {},
                std::optional<double> ema = {});
/// Of a single objective that moves all parameters.
void add_update(GraphBuilder& g, Value objective, const OptimizerOptions& options,
                std::optional<double> max_grad_norm = {});

/// Options of adam and adamw.
struct AdamOptions {
  double weight_decay = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;

  static constexpr auto fields() {
    using O = AdamOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{
        field(
            &O::weight_decay, "optimizer.weight_decay", at_least(0),
            "Pull of weights towards 0: added to the gradient (adam, sgd), apart from it (adamw)."),
        field(&O::beta1, "optimizer.beta1", kDecay, "Decay of the gradient's mean.", rare),
        field(&O::beta2, "optimizer.beta2", kDecay, "Decay of its square's mean.", rare),
        field(&O::epsilon, "optimizer.epsilon", greater_than(0),
              "Added to the root of the square's mean.", rare)};
  }
};

/// The next first and second moment of Adam, corrected for their start at zero; assigns both.
/// adam and adamw differ only in what they do with them.
Value adam_change(GraphBuilder& g, const Update& update, Value gradient,
                  const AdamOptions& options);

}  // namespace isthmus
