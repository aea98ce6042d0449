// SPDX-License-Identifier: Apache-2.0
// Fits a model to a few items in double, without a run: passes over the items are the reference
// interpreter over all of them at once.
//
//   const FitCase c{.setup = density_setup("chow_liu", 4, "bernoulli"), .x = items};
//   const std::vector<double> log_p = run_items(evaluation_graph(c.setup), fitted(c), "log_prob",
//   x);
#pragma once

#include "isthmus/models/inference.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {

struct FitCase {
  ModelSetup setup;
  std::vector<float> x;  // (N, D)
  std::vector<int32_t> labels = {};
};

/// Of items of `width` values between 0 and 1 and `classes` classes, named 0, 1, ...
inline ModelSetup density_setup(const std::string& model, int64_t width,
                                const std::string& likelihood, int classes = 0) {
  ModelSetup setup{.model = {.name = model, .likelihood = likelihood},
                   .data = {.item_shape = {width}}};
  for (int64_t j = 0; j < width; ++j) {
    setup.data.fields.push_back(
        {.name = std::to_string(j), .min = 0, .max = 1, .mean = 0.5, .standard_deviation = 0.5});
  }
  for (int c = 0; c < classes; ++c) setup.data.classes.push_back(std::to_string(c));
  return setup;
}

inline LeafValues leaves_of(const NamedTensors& tensors) {
  LeafValues leaves;
  for (const auto& [name, tensor] : tensors) {
    leaves[name].assign(tensor.values<float>().begin(), tensor.values<float>().end());
  }
  return leaves;
}

inline NamedTensors fitted_parameters(const FitCase& c) {
  const int64_t width = c.setup.data.num_values();
  const int64_t rows = static_cast<int64_t>(c.x.size()) / width;
  const size_t classes = c.setup.data.classes.size();
  const auto prepare = [&](const Graph& given) -> ItemPass {
    return [&c, rows, classes, graph = given](const NamedTensors& parameters, uint32_t) {
      LeafValues leaves = leaves_of(parameters);
      leaves["x"].assign(c.x.begin(), c.x.end());
      std::vector<double> label(c.labels.size() * classes);
      for (size_t i = 0; i < c.labels.size(); ++i) {
        label[i * classes + static_cast<size_t>(c.labels[i])] = 1;
      }
      leaves["label"] = label;
      const ReferenceRun run = run_reference(graph, rows, leaves);
      Sums sums;
      for (const auto& [name, node] : graph.outputs()) sums[name] = run.output(name).data;
      return sums;
    };
  };
  FitRequest request{.setup = c.setup, .rows = rows_of(c.x, width)};
  request.labels = c.labels;
  request.prepare = prepare;
  return all_models().find(c.setup.model.name).fit(request, c.setup.own);
}

inline LeafValues fitted(const FitCase& c) { return leaves_of(fitted_parameters(c)); }

/// An output of all rows of x (N, D); noise is a fixed function of the name of its stream.
inline std::vector<double> run_items(const Graph& graph, const LeafValues& parameters,
                                     const std::string& output, const std::vector<double>& x,
                                     int64_t width) {
  const int64_t rows = static_cast<int64_t>(x.size()) / width;
  LeafValues leaves = drawn_leaves(graph, rows);
  for (const auto& [name, values] : parameters) leaves[name] = values;
  leaves["x"] = x;
  return run_reference(graph, rows, leaves).output(output).data;
}

/// Draws of a model without a latent, (rows, D), with noise that is a fixed function of the name of
/// its stream; nothing when they still change after D + 1 sweeps.
inline std::vector<double> run_draws(const ModelSetup& setup, const LeafValues& parameters,
                                     int64_t rows) {
  const Graph graph = draw_graph(setup);
  LeafValues leaves = drawn_leaves(graph, rows);
  for (const auto& [name, values] : parameters) leaves[name] = values;
  const int64_t width = setup.data.num_values();
  std::vector<double> x(static_cast<size_t>(rows * width));
  for (int64_t sweep = 0; sweep <= width; ++sweep) {
    leaves["x"] = x;
    std::vector<double> next = run_reference(graph, rows, leaves).output("x").data;
    if (next == x && sweep > 0) return x;
    x = std::move(next);
  }
  leaves["x"] = x;
  if (run_reference(graph, rows, leaves).output("x").data != x) return {};
  return x;
}

/// All 2^width items of values 0 and 1.
inline std::vector<double> all_bits(int width) {
  std::vector<double> x;
  for (int item = 0; item < 1 << width; ++item) {
    for (int j = 0; j < width; ++j) x.push_back((item >> j) & 1);
  }
  return x;
}

inline double sum_of_exp(const std::vector<double>& logs) {
  double sum = 0;
  for (const double log : logs) sum += std::exp(log);
  return sum;
}

/// Of doing something that must fail; kInternal when it does not.
inline ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

}  // namespace isthmus
