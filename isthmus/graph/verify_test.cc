// SPDX-License-Identifier: Apache-2.0
// verify notices each broken invariant. A finished graph cannot be broken from outside, so the test
// casts const away from graphs that it owns.
#include <gtest/gtest.h>

#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

/// %0 x, %1 w, %2 matmul, %3 noise, %4 add, %5 batch_sum, %6 sum to w's shape; w <- %6.
Graph small_graph() {
  GraphBuilder g;
  Value x = g.input("x", {3}), w = g.parameter("w", {3, 3}, {});
  Value y = g.matmul(x, w);
  Value sum = g.batch_sum(g.add(y, g.normal("noise", {3})));
  g.assign(w, g.broadcast({{"shape", Shape{3, 3}}}, sum));
  g.output("sum", sum);
  return std::move(g).finish();
}

template <class F>
void expect_broken(const F& change) {
  Graph graph = small_graph();
  verify(graph);
  change(graph, const_cast<std::vector<Node>&>(graph.nodes()));
  EXPECT_THROW(verify(graph), InternalError);
}

TEST(Verify, NoticesTypesThatDoNotFollow) {
  expect_broken([](Graph&, auto& nodes) { nodes[2].type.shape = {4}; });
  expect_broken([](Graph&, auto& nodes) { nodes[5].type.extent = Extent::kPerRow; });
  expect_broken([](Graph&, auto& nodes) { nodes[0].type.extent = Extent::kOnce; });
  expect_broken([](Graph&, auto& nodes) { nodes[1].type.dtype = Dtype::kF64; });
}

TEST(Verify, NoticesInputsThatComeLater) {
  expect_broken([](Graph&, auto& nodes) { nodes[2].inputs[0] = 3; });
  expect_broken([](Graph&, auto& nodes) { nodes[4].inputs[1] = 4; });
}

TEST(Verify, NoticesNamesThatAppearTwice) {
  expect_broken([](Graph&, auto& nodes) {
    nodes[0].kind = NodeKind::kUniform;
    nodes[0].name = "noise";
  });
  expect_broken([](Graph& graph, auto&) {
    using Outputs = std::vector<std::pair<std::string, uint32_t>>;
    const_cast<Outputs&>(graph.outputs()).emplace_back("sum", 0);
  });
}

TEST(Verify, NoticesCompositesAndLeavesWithInputs) {
  expect_broken([](Graph&, auto& nodes) { nodes[5].op = &find_op("batch_mean"); });
  expect_broken([](Graph&, auto& nodes) { nodes[2].op = nullptr; });
  expect_broken([](Graph&, auto& nodes) { nodes[3].inputs = {0}; });
}

TEST(Verify, NoticesAssignmentsThatDoNotFit) {
  const auto assignments = [](Graph& graph) -> std::vector<Assignment>& {
    return const_cast<std::vector<Assignment>&>(graph.assignments());
  };
  expect_broken([&](Graph& graph, auto&) { assignments(graph)[0].state = 0; });
  expect_broken([&](Graph& graph, auto&) { assignments(graph)[0].value = 5; });
  expect_broken([&](Graph& graph, auto&) { assignments(graph)[0].value = 99; });
  expect_broken([&](Graph& graph, auto&) { assignments(graph).push_back(assignments(graph)[0]); });
}

}  // namespace
}  // namespace isthmus
