// SPDX-License-Identifier: Apache-2.0
// Nodes that no result needs are gone from a graph: what is counted is what is wanted.
#include "isthmus/graph/product_flops.h"

#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

double flops_of(const Graph& graph, const Node& node, int64_t rows) {
  const auto input = [&](size_t i) -> const ValueType& {
    return graph.nodes()[node.inputs[i]].type;
  };
  const auto count = [&](const ValueType& type) {
    const auto values = static_cast<double>(value_count(type.shape));
    return type.extent == Extent::kPerRow ? values * static_cast<double>(rows) : values;
  };
  if (node.op->name == "outer_sum") {
    return 2 * count(input(0)) * static_cast<double>(input(1).shape.back());
  }
  if (node.op->name != "matmul") return 0;
  const Shape& a = input(0).shape;
  const bool transposed = node.attrs.integer("transpose_a", 0) != 0;
  return 2 * count(node.type) * static_cast<double>(transposed ? a[a.size() - 2] : a.back());
}

}  // namespace

double product_flops(const Graph& graph, int64_t rows) {
  double flops = 0;
  for (const Node& node : graph.nodes()) {
    if (node.kind == NodeKind::kOp) flops += flops_of(graph, node, rows);
  }
  return flops;
}

}  // namespace isthmus
