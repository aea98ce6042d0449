// SPDX-License-Identifier: Apache-2.0
// The layers of a model as rows of a table, read off its graph: what is printed cannot differ from
// what is trained.
#pragma once

#include <string>
#include <vector>

#include "isthmus/graph/graph.h"

namespace isthmus {

struct LayerRow {
  std::string name;        // "encoder/0"
  std::string kind;        // "linear", or "parameter" for one that stands alone
  std::string activation;  // "relu"; empty: none
  Shape weight_shape;      // (I, O)
  Shape output_shape;      // of one item: (O)
  int64_t num_parameters = 0;
};

/// One row per layer (all parameters of one scope) in order of creation; a training graph and
/// evaluation_graph() give the same rows.
std::vector<LayerRow> model_summary(const Graph& graph);

}  // namespace isthmus
