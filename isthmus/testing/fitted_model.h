// SPDX-License-Identifier: Apache-2.0
// Fits of models in tests, with passes over the items in double.
//
//   const Fitted gmm = fitted(setup, x);
//   std::vector<double> log_p = gmm.run(evaluation_graph(gmm.setup), x, "log_prob");
#pragma once

#include <string>
#include <vector>

#include "isthmus/models/inference.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {

inline LeafValues leaves_of(const NamedTensors& parameters) {
  LeafValues leaves;
  for (const auto& [name, tensor] : parameters) {
    leaves[name].assign(tensor.values<float>().begin(), tensor.values<float>().end());
  }
  return leaves;
}

/// Sums over all items by the reference.
inline ItemPass reference_pass(const Graph& graph, const std::vector<float>& x, int64_t width) {
  return [graph, x, rows = static_cast<int64_t>(x.size()) / width](const NamedTensors& parameters,
                                                                   uint32_t) {
    LeafValues leaves = leaves_of(parameters);
    leaves["x"].assign(x.begin(), x.end());
    const ReferenceRun run = run_reference(graph, rows, leaves);
    Sums sums;
    for (const auto& [name, node] : graph.outputs()) sums[name] = run.value(node).data;
    return sums;
  };
}

struct Fitted {
  ModelSetup setup;  // with what the fit has decided
  NamedTensors parameters;
  FitReport report;

  /// Noise is that of drawn_leaves(); scalars are 1.
  std::vector<double> run(const Graph& graph, const std::vector<double>& x,
                          const std::string& output, int64_t rows = 0) const {
    if (rows == 0) rows = static_cast<int64_t>(x.size()) / setup.data.num_values();
    LeafValues leaves = drawn_leaves(graph, rows);
    for (auto& [name, values] : leaves_of(parameters)) leaves[name] = values;
    leaves["x"] = x;
    return run_reference(graph, rows, leaves).output(output).data;
  }
  std::vector<double> log_prob(const std::vector<double>& x) const {
    return run(evaluation_graph(setup), x, "log_prob");
  }
  std::vector<double> draws(int64_t rows) const { return run(draw_graph(setup), {}, "x", rows); }
};

inline Fitted fitted(const ModelSetup& setup, const std::vector<float>& x, uint64_t seed = 0) {
  const int64_t width = setup.data.num_values();
  Fitted f{.setup = setup};
  f.parameters =
      all_models()
          .find(setup.model.name)
          .fit({.setup = setup,
                .rows = rows_of(x, width),
                .seed = seed,
                .prepare = [&](const Graph& graph) { return reference_pass(graph, x, width); },
                .report = &f.report},
               setup.own);
  for (const FitReport::Decided& d : f.report.decided) f.setup.own.texts[d.key] = d.value;
  return f;
}

}  // namespace isthmus
