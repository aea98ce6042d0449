// SPDX-License-Identifier: Apache-2.0
// What a model trains on: named terms, and one objective or several, each with the parameters that
// it moves. All objectives are differentiated at the same weights and take effect together.
#pragma once

#include <string>
#include <vector>

#include "isthmus/graph/graph.h"

namespace isthmus {

/// A number that is reported by its name, in nats per item: summed over values and latents,
/// averaged over the batch, never weighted.
struct Term {
  std::string name;  // "reconstruction" "kl" "mmd"
  Value mean;        // ()
};

struct Objective {
  Value value;                // (): what is reported as minimised
  Value differentiated = {};  // a surrogate whose gradient is wanted instead; invalid: `value`
  /// What it moves; empty: all that no other objective moves alone. A parameter of several
  /// objectives takes the sum of their changes, each with an optimizer state of its own.
  Values parameters = {};
  std::string name = {};  // "critic"; empty for the model's own
  double rate = 1;        // times the learning rate
};

struct Training {
  std::vector<Objective> objectives;  // the model's own first
  std::vector<Term> terms;            // reconstruction first, then kl where there is one
  /// (d objective / d kl) / (d objective / d reconstruction) once warm-up is over.
  double beta = 1;
};

}  // namespace isthmus
