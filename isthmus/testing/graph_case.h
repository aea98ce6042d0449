// SPDX-License-Identifier: Apache-2.0
// From an OpCase to a graph with values, so that the reference and a device can run the same thing.
//
// The leaves are named "in0", "in1", ...: inputs if per row, parameters if once, scalars if
// float64. Outputs: "out", the value of the operation; with kGradients also "objective", the sum of
// out times the leaf "projection", and "gradient0", ... with respect to each input; with kSecond
// also "objective2", the projected sum of those gradients (leaves "projection0", ...), and
// "second0", ...
//
//   GraphCase one = make_graph_case(op, op.cases[0], 5, CaseOutputs::kGradients);
//   ReferenceRun run(one.graph, one.rows);
//   for (const CaseLeaf& leaf : one.leaves) run.set(leaf.name, leaf.values);
//   run.run();  // run.output("out").data
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/graph/op.h"

namespace isthmus {

/// A leaf of the graph and its values (rows x row shape); each value is exact in float32.
struct CaseLeaf {
  NodeKind kind = NodeKind::kInput;
  std::string name = {};
  ValueType type = {};
  std::vector<double> values = {};
};

struct GraphCase {
  Graph graph = {};
  std::vector<CaseLeaf> leaves = {};  // in the order of the graph's nodes, noise included
  int64_t rows = 1;
};

enum class CaseOutputs { kValue, kGradients, kSecond };

/// `count` values in [low, high], a fixed function of `name`.
inline std::vector<double> case_values(const std::string& name, int64_t count, double low,
                                       double high) {
  const RngKey key = RngKey::from(1, "case/" + name);
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) {
    const float u = uniform_from_word(philox4x32(key, {static_cast<uint32_t>(i), 0, 0, 0})[0]);
    values.push_back(static_cast<float>(low + (high - low) * static_cast<double>(u)));
  }
  return values;
}

inline Value case_leaf(GraphBuilder& g, const std::string& name, const ValueType& type) {
  if (type.dtype == Dtype::kF64) return g.scalar(name);
  if (type.extent == Extent::kPerRow) return g.input(name, type.shape);
  return g.parameter(name, type.shape, {});
}

/// The sum over everything of value times a new leaf of its type.
inline Value project(GraphBuilder& g, Value value, const std::string& leaf) {
  const ValueType type = g.type(value);
  Value product = g.sum_items(g.mul(value, case_leaf(g, leaf, type)));
  return type.extent == Extent::kPerRow ? g.batch_sum(product) : product;
}

/// Values of input `index` of a case: given, whole numbers, or drawn.
inline std::vector<double> input_values(const OpCase& c, size_t index, int64_t count) {
  const std::string name = "in" + std::to_string(index);
  std::vector<double> values = case_values(name, count, c.low, c.high);
  if (c.index_input == static_cast<int>(index)) {
    values = case_values(name, count, 0, static_cast<double>(c.index_size));
    for (double& v : values) v = static_cast<double>(static_cast<int64_t>(v));
  } else if (index == 0 && !c.values.empty()) {
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(c.values[i % c.values.size()]);
    }
  }
  return values;
}

inline void add_gradient_outputs(GraphBuilder& g, Value out, const Values& inputs,
                                 CaseOutputs outputs) {
  const Value objective = project(g, out, "projection");
  const Values gradients = differentiate(g, objective, inputs);
  g.output("objective", objective);
  for (size_t i = 0; i < inputs.size(); ++i) g.output("gradient" + std::to_string(i), gradients[i]);
  if (outputs != CaseOutputs::kSecond) return;
  Value sum = g.constant(0.0);
  for (size_t i = 0; i < inputs.size(); ++i) {
    sum = g.add(sum, project(g, gradients[i], "projection" + std::to_string(i)));
  }
  const Values second = differentiate(g, sum, inputs);
  g.output("objective2", sum);
  for (size_t i = 0; i < inputs.size(); ++i) g.output("second" + std::to_string(i), second[i]);
}

inline GraphCase make_graph_case(const OpDef& op, const OpCase& c, int64_t rows,
                                 CaseOutputs outputs = CaseOutputs::kValue) {
  GraphBuilder g;
  Values inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    inputs.push_back(case_leaf(g, "in" + std::to_string(i), c.inputs[i]));
  }
  const Value out = g.call(op, c.attrs, inputs);
  g.output("out", out);
  if (outputs != CaseOutputs::kValue) add_gradient_outputs(g, out, inputs, outputs);

  GraphCase made = {.graph = std::move(g).finish(), .rows = rows};
  for (const Node& node : made.graph.nodes()) {
    if (node.kind == NodeKind::kOp || node.name.empty()) continue;
    const int64_t count =
        value_count(node.type.shape) * (node.type.extent == Extent::kPerRow ? rows : 1);
    const bool noise = node.kind == NodeKind::kUniform || node.kind == NodeKind::kNormal;
    const bool input = !noise && node.name.starts_with("in");
    made.leaves.push_back({.kind = node.kind,
                           .name = node.name,
                           .type = node.type,
                           .values = input
                                         ? input_values(c, std::stoul(node.name.substr(2)), count)
                                         : case_values(node.name, count, noise ? 0.0 : -1.0, 1.0)});
  }
  return made;
}

}  // namespace isthmus
