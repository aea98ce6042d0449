// SPDX-License-Identifier: Apache-2.0
// A GraphCase on a device, and its outputs beside those of the reference. Not part of the product.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "isthmus/exec/executor.h"
#include "isthmus/testing/graph_case.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {

inline Tensor to_tensor(const std::vector<double>& values, Shape shape) {
  Tensor t(Dtype::kF32, std::move(shape));
  auto out = t.values<float>();
  for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<float>(values[i]);
  return t;
}

/// Leaves of noise are drawn by the device; such cases are compared in their own test.
inline bool has_noise(const GraphCase& c) {
  return std::any_of(c.leaves.begin(), c.leaves.end(), [](const CaseLeaf& l) {
    return l.kind == NodeKind::kNormal || l.kind == NodeKind::kUniform;
  });
}

inline void bind_leaves(Executor& executor, const GraphCase& c) {
  for (const CaseLeaf& leaf : c.leaves) {
    if (leaf.kind == NodeKind::kInput) {
      Shape shape = leaf.type.shape;
      shape.insert(shape.begin(), c.rows);
      executor.bind_input(leaf.name, to_tensor(leaf.values, shape), Scaling{});
    } else if (leaf.kind == NodeKind::kParameter) {
      executor.set(leaf.name, to_tensor(leaf.values, leaf.type.shape));
    } else if (leaf.kind == NodeKind::kScalar) {
      executor.set_scalar(leaf.name, leaf.values[0]);
    }
  }
}

inline std::vector<float> read_output(const Executor& executor, const Graph& graph,
                                      const std::string& name) {
  const Node& n = graph.nodes()[graph.output(name)];
  if (n.type.extent == Extent::kPerRow) {
    const auto rows = executor.rows(name);
    return {rows.begin(), rows.end()};
  }
  if (n.type.dtype == Dtype::kF64) return {static_cast<float>(executor.scalar(name))};
  const Tensor t = executor.once(name);
  return {t.values<float>().begin(), t.values<float>().end()};
}

/// All outputs after one step.
inline std::vector<std::vector<float>> run_case(const GraphCase& c, Device& device,
                                                Precision precision) {
  auto executor = device.compile(c.graph, {.max_rows = c.rows, .precision = precision});
  bind_leaves(*executor, c);
  std::vector<int64_t> items(static_cast<size_t>(c.rows));
  for (size_t i = 0; i < items.size(); ++i) items[i] = static_cast<int64_t>(i);
  executor->run({.items = items});
  std::vector<std::vector<float>> outputs;
  for (const auto& [name, node] : c.graph.outputs()) {
    outputs.push_back(read_output(*executor, c.graph, name));
  }
  return outputs;
}

/// Sums of float32 products: the tolerance is relative to the largest value of the output, or to
/// `least`.
inline void expect_near(const std::vector<float>& got, const std::vector<double>& want,
                        const std::string& what, double least = 1) {
  ASSERT_EQ(got.size(), want.size()) << what;
  double scale = least;
  for (double w : want) {
    if (std::isfinite(w)) scale = std::max(scale, std::fabs(w));
  }
  for (size_t i = 0; i < got.size(); ++i) {
    if (std::fabs(want[i]) > 3e38) continue;  // beyond float32
    ASSERT_TRUE(tolerance::within(static_cast<double>(got[i]), want[i],
                                  tolerance::kGradientF32 / 100, scale))
        << what << " [" << i << "]: " << got[i] << ", reference " << want[i];
  }
}

/// Every output of the case: near the reference, and the same bits on both devices. Returns how
/// many were compared. `least_of_sums`: as `least`, of outputs without rows.
inline int expect_equals_the_reference(const GraphCase& c, Device& one, Device& several,
                                       const std::string& what, double least_of_sums = 1) {
  ReferenceRun reference(c.graph, c.rows);
  for (const CaseLeaf& leaf : c.leaves) reference.set(leaf.name, leaf.values);
  reference.run();
  const auto first = run_case(c, one, Precision::kF32);
  const auto second = run_case(c, several, Precision::kF32);
  for (size_t o = 0; o < first.size(); ++o) {
    const std::string& name = c.graph.outputs()[o].first;
    const RefArray& want = reference.output(name);
    const bool has_rows = want.type.extent == Extent::kPerRow;
    expect_near(first[o], want.data, what + name, has_rows ? 1 : least_of_sums);
    EXPECT_EQ(0, std::memcmp(first[o].data(), second[o].data(), first[o].size() * 4))
        << what << name;
  }
  return static_cast<int>(first.size());
}

}  // namespace isthmus
