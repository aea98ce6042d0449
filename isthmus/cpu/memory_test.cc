// SPDX-License-Identifier: Apache-2.0
// No operation writes outside of its memory, and none reads what this step has not written: gaps
// keep their pattern, and NaN in all that is to be written first changes no bit.
#include <gtest/gtest.h>

#include <cstring>

#include "isthmus/testing/case_on_device.h"
#include "isthmus/testing/memory_watch.h"

namespace isthmus {
namespace {

struct Watched {
  std::vector<std::vector<float>> plain, poisoned;  // outputs
  std::vector<std::string> broken;
};

std::vector<std::vector<float>> outputs_of(const CpuExecutor& executor, const GraphCase& c) {
  std::vector<std::vector<float>> outputs;
  for (const auto& [name, node] : c.graph.outputs()) {
    outputs.push_back(read_output(executor, c.graph, name));
  }
  return outputs;
}

/// A step in fresh memory, then one in poisoned memory, of fewer rows than there is memory for.
Watched run_watched(const GraphCase& c, int64_t max_rows, Precision precision) {
  ThreadPool pool(3);
  const ArithmeticGuard guard;
  CpuExecutor executor(c.graph, {.max_rows = max_rows, .precision = precision}, pool);
  bind_leaves(executor, c);
  std::vector<int64_t> items(static_cast<size_t>(c.rows));
  for (size_t i = 0; i < items.size(); ++i) items[i] = static_cast<int64_t>(i);
  Watched watched;
  executor.run({.items = items});
  watched.plain = outputs_of(executor, c);
  MemoryWatch watch(executor);
  watch.poison();
  executor.run({.items = items});
  watched.poisoned = outputs_of(executor, c);
  watched.broken = watch.broken_gaps();
  return watched;
}

void expect_stays_inside(const OpDef& op, size_t k, int64_t rows, int64_t max_rows,
                         Precision precision) {
  const OpCase& one = op.cases[k];
  const bool gradient = one.check_gradient && op.gradient;
  const GraphCase c =
      make_graph_case(op, one, rows, gradient ? CaseOutputs::kSecond : CaseOutputs::kValue);
  SCOPED_TRACE(std::string(op.name) + " case " + std::to_string(k) + ", " + std::to_string(rows) +
               " of " + std::to_string(max_rows) + " rows, " +
               std::string(precision_name(precision)));
  const Watched watched = run_watched(c, max_rows, precision);
  EXPECT_EQ(std::vector<std::string>{}, watched.broken);
  for (size_t o = 0; o < watched.plain.size(); ++o) {
    const auto &plain = watched.plain[o], &poisoned = watched.poisoned[o];
    EXPECT_EQ(0, std::memcmp(plain.data(), poisoned.data(), plain.size() * sizeof(float)))
        << c.graph.outputs()[o].first;
  }
}

class OperationMemory : public testing::TestWithParam<std::string> {};

TEST_P(OperationMemory, IsWrittenBeforeItIsReadAndNothingElse) {
  const OpDef& op = find_op(GetParam());
  for (size_t k = 0; k < op.cases.size(); ++k) {
    for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
      expect_stays_inside(op, k, 1, 1, precision);
      expect_stays_inside(op, k, 31, 70, precision);
      expect_stays_inside(op, k, 70, 70, precision);
    }
    expect_stays_inside(op, k, 600, 1100, Precision::kF32);
  }
}

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const OpDef& op : all_ops()) names.emplace_back(op.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(AllOps, OperationMemory, testing::ValuesIn(op_names()),
                         [](const auto& each) { return each.param; });

/// The watch itself: a write behind a value and one behind a region are found.
TEST(MemoryWatch, NamesTheGapThatWasWrittenTo) {
  GraphBuilder g;
  g.output("y", g.exp(g.input("x", {3})));
  const Graph graph = std::move(g).finish();
  ThreadPool pool(1);
  const ArithmeticGuard guard;
  CpuExecutor executor(graph, {.max_rows = 4}, pool);
  const MemoryWatch watch(executor);
  EXPECT_EQ(std::vector<std::string>{}, watch.broken_gaps());
  const Place& y = executor.machine().program.memory.places[graph.output("y")];
  executor.machine().batch[y.offset + 4 * y.row_stride] = 1;
  *executor.regions().back().end = std::byte{0};
  EXPECT_EQ((std::vector<std::string>{
                "behind the region gemm_scratch",
                "behind the value at " + std::to_string(y.offset + 12) + " of the batch"}),
            watch.broken_gaps());
}

}  // namespace
}  // namespace isthmus
