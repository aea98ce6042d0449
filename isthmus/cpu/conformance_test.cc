// SPDX-License-Identifier: Apache-2.0
// Every operation on this device against its double-precision reference: values, first and second
// gradients, several numbers of threads (same bits), several numbers of rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "isthmus/base/thread_pool.h"
#include "isthmus/cpu/cpu_device.h"
#include "isthmus/testing/graph_case.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

Tensor to_tensor(const std::vector<double>& values, Shape shape) {
  Tensor t(Dtype::kF32, std::move(shape));
  auto out = t.values<float>();
  for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<float>(values[i]);
  return t;
}

/// Leaves of noise are drawn by the device; such cases are compared in their own test.
bool has_noise(const GraphCase& c) {
  return std::any_of(c.leaves.begin(), c.leaves.end(), [](const CaseLeaf& l) {
    return l.kind == NodeKind::kNormal || l.kind == NodeKind::kUniform;
  });
}

void bind_leaves(Executor& executor, const GraphCase& c) {
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

std::vector<float> read_output(const Executor& executor, const Graph& graph,
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

std::vector<std::vector<float>> run_case(const GraphCase& c, int threads, Precision precision) {
  auto device = make_cpu_device(threads);
  auto executor = device->compile(c.graph, {.max_rows = c.rows, .precision = precision});
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

/// Sums of float32 products: the tolerance is relative to the largest value of the output.
void expect_near(const std::vector<float>& got, const std::vector<double>& want,
                 const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  double scale = 1;
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

class OpConformance : public testing::TestWithParam<std::string> {};

TEST_P(OpConformance, EqualsTheReferenceForAnyThreadsAndRows) {
  const OpDef& op = find_op(GetParam());
  int compared = 0;
  for (size_t k = 0; k < op.cases.size(); ++k) {
    for (const int64_t rows : {int64_t{1}, int64_t{5}, int64_t{70}}) {
      const bool gradient = op.cases[k].check_gradient && op.gradient;
      const GraphCase c = make_graph_case(op, op.cases[k], rows,
                                          gradient ? CaseOutputs::kSecond : CaseOutputs::kValue);
      if (has_noise(c)) continue;
      const std::string what = GetParam() + " case " + std::to_string(k) + ", " +
                               std::to_string(rows) + " rows, output ";
      ReferenceRun reference(c.graph, rows);
      for (const CaseLeaf& leaf : c.leaves) reference.set(leaf.name, leaf.values);
      reference.run();
      const auto one = run_case(c, 1, Precision::kF32);
      const auto three = run_case(c, 3, Precision::kF32);
      for (size_t o = 0; o < one.size(); ++o) {
        const std::string& name = c.graph.outputs()[o].first;
        expect_near(one[o], reference.output(name).data, what + name);
        EXPECT_EQ(0, std::memcmp(one[o].data(), three[o].data(), one[o].size() * 4))
            << what << name;
        ++compared;
      }
    }
  }
  const auto& attributes = op.attributes;
  const bool draws = std::find(attributes.begin(), attributes.end(), "stream") != attributes.end();
  EXPECT_TRUE(compared > 0 || draws);
}

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const OpDef& op : all_ops()) names.emplace_back(op.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(AllOps, OpConformance, testing::ValuesIn(op_names()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace isthmus
