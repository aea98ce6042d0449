// SPDX-License-Identifier: Apache-2.0
// Runs a graph in double precision from leaf values by name, and proves its gradients by central
// differences.
//
//   LeafValues leaves = drawn_leaves(graph, 4);
//   leaves["x"] = {...};
//   double objective = run_reference(graph, 4, leaves).output("objective").data[0];
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "isthmus/graph/op.h"
#include "isthmus/testing/graph_case.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {

using LeafValues = std::map<std::string, std::vector<double>>;

/// `count` standard normals in double, a fixed function of `name`.
inline std::vector<double> normal_values(const std::string& name, int64_t count) {
  const std::vector<double> u = case_values(name, 2 * count, 0, 1);
  std::vector<double> values;
  for (size_t i = 0; i < u.size(); i += 2) {
    values.push_back(std::sqrt(-2 * std::log(u[i])) * std::cos(2 * std::numbers::pi * u[i + 1]));
  }
  return values;
}

/// Values for every leaf but states: normals for normal noise, (0, 1) for uniform noise and inputs,
/// (-0.8, 0.8) for parameters, 1 for scalars.
inline LeafValues drawn_leaves(const Graph& graph, int64_t rows) {
  LeafValues leaves;
  for (const Node& node : graph.nodes()) {
    if (node.kind == NodeKind::kOp || node.kind == NodeKind::kState || node.name.empty()) continue;
    const int64_t count =
        value_count(node.type.shape) * (node.type.extent == Extent::kPerRow ? rows : 1);
    std::vector<double>& values = leaves[node.name];
    if (node.kind == NodeKind::kNormal) {
      values = normal_values(node.name, count);
    } else if (node.kind == NodeKind::kScalar) {
      values = {1.0};
    } else {
      const bool parameter = node.kind == NodeKind::kParameter;
      values = case_values(node.name, count, parameter ? -0.8 : 0.0, parameter ? 0.8 : 1.0);
    }
  }
  return leaves;
}

/// Leaves that the graph does not have are left out.
inline ReferenceRun run_reference(const Graph& graph, int64_t rows, const LeafValues& leaves) {
  ReferenceRun run(graph, rows);
  for (const Node& node : graph.nodes()) {
    const auto found = leaves.find(node.name);
    if (node.kind != NodeKind::kOp && found != leaves.end()) run.set(node.name, found->second);
  }
  run.run();
  return run;
}

/// Adds outputs "gradient/<name>" of the objective with respect to every parameter.
inline void output_gradients(GraphBuilder& g, Value objective) {
  const Values parameters = g.parameters();
  const Values gradients = differentiate(g, objective, parameters);
  for (size_t i = 0; i < parameters.size(); ++i) {
    g.output("gradient/" + g.node(parameters[i]).name, gradients[i]);
  }
}

/// Every entry of every "gradient/..." output against central differences of "objective".
inline void expect_gradients_equal_differences(const Graph& graph, int64_t rows,
                                               const LeafValues& leaves) {
  const ReferenceRun run = run_reference(graph, rows, leaves);
  for (uint32_t index : graph.parameters()) {
    const std::string& name = graph.nodes()[index].name;
    const std::vector<double>& gradient = run.output("gradient/" + name).data;
    double magnitude = 1;
    for (double entry : gradient) magnitude = std::max(magnitude, std::fabs(entry));
    for (size_t i = 0; i < gradient.size(); ++i) {
      const double step = 1e-5;
      LeafValues moved = leaves;
      moved[name][i] += step;
      const double above = run_reference(graph, rows, moved).output("objective").data[0];
      moved[name][i] -= 2 * step;
      const double below = run_reference(graph, rows, moved).output("objective").data[0];
      const double difference = (above - below) / (2 * step);
      EXPECT_TRUE(tolerance::within(gradient[i], difference, tolerance::kGradientF64, magnitude))
          << name << "[" << i << "]: gradient " << gradient[i] << ", difference " << difference;
    }
  }
}

}  // namespace isthmus
