// SPDX-License-Identifier: Apache-2.0
// ReferenceRun: interprets a graph with the double-precision references of its operations, node by
// node. Slow and obvious on purpose: it is the truth that kernels are compared with.
#include <algorithm>

#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

RefArray empty_array(const ValueType& type, int64_t rows) {
  RefArray array{.type = type, .rows = type.extent == Extent::kPerRow ? rows : 1, .data = {}};
  array.data.assign(static_cast<size_t>(array.rows * array.row_size()), 0.0);
  return array;
}

}  // namespace

ReferenceRun::ReferenceRun(const Graph& graph, int64_t rows)
    : graph_(graph), rows_(rows), set_(graph.nodes().size(), false) {
  for (const Node& node : graph.nodes()) values_.push_back(empty_array(node.type, rows));
  for (uint32_t i = 0; i < values_.size(); ++i) prepare_leaf(i);
}

void ReferenceRun::prepare_leaf(uint32_t index) {
  const Node& node = graph_.nodes()[index];
  std::vector<double>& data = values_[index].data;
  if (node.kind == NodeKind::kRows) {
    data[0] = static_cast<double>(rows_);
  } else if (node.kind == NodeKind::kState) {
    std::fill(data.begin(), data.end(), node.initializer.value);
  } else if (node.kind == NodeKind::kConstant && node.constant.dtype() == Dtype::kF64) {
    data[0] = node.constant.values<double>()[0];
  } else if (node.kind == NodeKind::kConstant) {
    const auto values = node.constant.values<float>();
    std::copy(values.begin(), values.end(), data.begin());
  } else {
    return;
  }
  set_[index] = true;
}

void ReferenceRun::set(std::string_view leaf, std::vector<double> values) {
  for (size_t i = 0; i < values_.size(); ++i) {
    const Node& node = graph_.nodes()[i];
    if (node.kind == NodeKind::kOp || node.name.empty() || node.name != leaf) continue;
    ISTHMUS_CHECK(values.size() == values_[i].data.size(),
                  "'" + node.name + "' got " + std::to_string(values.size()) + " values, needs " +
                      std::to_string(values_[i].data.size()));
    values_[i].data = std::move(values);
    set_[i] = true;
    return;
  }
  ISTHMUS_CHECK(false, "the graph has no leaf '" + std::string(leaf) + "'");
}

void ReferenceRun::compute(uint32_t index) {
  const Node& node = graph_.nodes()[index];
  ISTHMUS_CHECK(node.op->reference, std::string(node.op->name) + " has no reference");
  std::vector<const RefArray*> in;
  for (uint32_t input : node.inputs) in.push_back(&values_[input]);
  std::fill(values_[index].data.begin(), values_[index].data.end(), 0.0);
  node.op->reference({.attrs = node.attrs, .in = in, .rows = rows_, .out = values_[index]});
}

void ReferenceRun::run() {
  for (uint32_t i = 0; i < values_.size(); ++i) {
    const Node& node = graph_.nodes()[i];
    if (node.kind == NodeKind::kOp) {
      compute(i);
    } else {
      ISTHMUS_CHECK(set_[i], "leaf '" + node.name + "' has no values");
    }
  }
}

const RefArray& ReferenceRun::value(uint32_t node) const { return values_.at(node); }

const RefArray& ReferenceRun::output(std::string_view name) const {
  return value(graph_.output(name));
}

const RefArray& ReferenceRun::assigned(std::string_view state) const {
  for (const Assignment& a : graph_.assignments()) {
    if (graph_.nodes()[a.state].name == state) return value(a.value);
  }
  ISTHMUS_CHECK(false, "the graph assigns nothing to '" + std::string(state) + "'");
}

}  // namespace isthmus
