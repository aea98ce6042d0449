// SPDX-License-Identifier: Apache-2.0
// model_summary: groups the parameters of a graph by scope and finds, for each layer, its matrix
// product and its activation among the nodes made in that scope.
#include "isthmus/models/summary.h"

#include <algorithm>

#include "isthmus/graph/op.h"
#include "isthmus/nn/activations.h"

namespace isthmus {
namespace {

std::string scope_of(const std::string& parameter_name) {
  const size_t slash = parameter_name.rfind('/');
  return slash == std::string::npos ? parameter_name : parameter_name.substr(0, slash);
}

/// Completes a row from the operations of its scope. Forward nodes come before those of gradients,
/// so the first activation that is met is the layer's.
void read_operations(const Graph& graph, LayerRow& row) {
  const std::vector<std::string> activations = activation_names();
  for (const Node& node : graph.nodes()) {
    if (node.kind != NodeKind::kOp || node.scope != row.name) continue;
    const std::string op(node.op->name);
    if (op == "matmul" && row.kind == "parameter") {
      row.kind = "linear";
      row.output_shape = {row.weight_shape.back()};
    }
    // Convolutions are products with the windows of an image, or windows added up.
    if (op == "matmul" && row.weight_shape.size() == 4) {
      row.kind = "conv2d";
      row.output_shape = node.type.shape;
    }
    if (op == "fold" && row.weight_shape.size() == 4) {
      row.kind = "conv2d_transpose";
      row.output_shape = node.type.shape;
    }
    const bool is_activation =
        std::find(activations.begin(), activations.end(), op) != activations.end();
    if (row.kind == "linear" && row.activation.empty() && is_activation) row.activation = op;
  }
}

}  // namespace

std::vector<LayerRow> model_summary(const Graph& graph) {
  std::vector<LayerRow> rows;
  for (uint32_t index : graph.parameters()) {
    const Node& parameter = graph.nodes()[index];
    const std::string scope = scope_of(parameter.name);
    if (rows.empty() || rows.back().name != scope) {
      rows.push_back({.name = scope,
                      .kind = parameter.name.ends_with("/scale") ? "norm" : "parameter",
                      .activation = {},
                      .weight_shape = parameter.type.shape,
                      .output_shape = parameter.type.shape,
                      .num_parameters = 0});
    }
    rows.back().num_parameters += value_count(parameter.type.shape);
  }
  for (LayerRow& row : rows) read_operations(graph, row);
  return rows;
}

}  // namespace isthmus
