// SPDX-License-Identifier: Apache-2.0
// verify: proves the invariants of a graph again, from nothing but its nodes. finish() and every
// pass over a graph end with it; a failure is a bug of isthmus, never of a user.
#include <set>

#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

bool is_stored(const Node& node) {
  return node.kind == NodeKind::kParameter || node.kind == NodeKind::kState;
}

ValueType leaf_type(const Node& node) {
  switch (node.kind) {
    case NodeKind::kInput:
    case NodeKind::kNormal:
    case NodeKind::kUniform:
      return per_row(node.type.shape);
    case NodeKind::kParameter:
    case NodeKind::kState:
      return once(node.type.shape);
    case NodeKind::kConstant:
      return {node.constant.dtype(), node.constant.shape(), Extent::kOnce};
    case NodeKind::kScalar:
    case NodeKind::kRows:
    case NodeKind::kOp:
      break;
  }
  return scalar_type();
}

void verify_op(const Graph& graph, uint32_t index, const std::string& place) {
  const Node& node = graph.nodes()[index];
  ISTHMUS_CHECK(node.op != nullptr && node.op->infer && !node.op->expand,
                place + "not a primitive");
  std::vector<ValueType> types;
  for (uint32_t input : node.inputs) {
    ISTHMUS_CHECK(input < index, place + "an input comes later");
    types.push_back(graph.nodes()[input].type);
  }
  const ValueType derived = node.op->infer(node.attrs, types);
  const RowUse rows = node.op->rows;
  ISTHMUS_CHECK(rows != RowUse::kBatchSum || node.type.extent == Extent::kOnce,
                place + "a sum over the batch with rows");
  ISTHMUS_CHECK(rows != RowUse::kBatchWise || node.type.extent == Extent::kPerRow,
                place + "a batch-wise value without rows");
  ISTHMUS_CHECK(derived == node.type,
                place + "type " + type_text(node.type) + ", derived " + type_text(derived));
}

/// Stored tensors share one space of names, noise streams another.
std::string name_key(const Node& node) {
  if (is_stored(node)) return "stored:" + node.name;
  if (node.kind == NodeKind::kNormal || node.kind == NodeKind::kUniform)
    return "noise:" + node.name;
  return std::to_string(static_cast<int>(node.kind)) + ":" + node.name;
}

}  // namespace

void verify(const Graph& graph) {
  std::set<std::string> names;
  const uint32_t count = static_cast<uint32_t>(graph.nodes().size());
  for (uint32_t i = 0; i < count; ++i) {
    const Node& node = graph.nodes()[i];
    const std::string place = "node %" + std::to_string(i) + ": ";
    if (node.kind == NodeKind::kOp) {
      verify_op(graph, i, place);
      continue;
    }
    ISTHMUS_CHECK(node.inputs.empty() && node.op == nullptr, place + "a leaf with inputs");
    ISTHMUS_CHECK(node.type == leaf_type(node), place + "a leaf of type " + type_text(node.type));
    if (node.kind == NodeKind::kConstant) continue;
    ISTHMUS_CHECK(names.insert(name_key(node)).second, place + "name '" + node.name + "' twice");
  }
  std::set<uint32_t> assigned;
  for (const Assignment& a : graph.assignments()) {
    ISTHMUS_CHECK(a.state < count && a.value < count, "an assignment of no node");
    const Node& state = graph.nodes()[a.state];
    ISTHMUS_CHECK(is_stored(state), "an assignment to what is neither parameter nor state");
    ISTHMUS_CHECK(state.type == graph.nodes()[a.value].type, "an assignment of another type");
    ISTHMUS_CHECK(assigned.insert(a.state).second, "'" + state.name + "' is assigned twice");
  }
  std::set<std::string> outputs;
  for (const auto& [name, index] : graph.outputs()) {
    ISTHMUS_CHECK(index < count, "output '" + name + "' of no node");
    ISTHMUS_CHECK(outputs.insert(name).second, "output '" + name + "' twice");
  }
}

}  // namespace isthmus
