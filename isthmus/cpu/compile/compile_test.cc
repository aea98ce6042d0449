// SPDX-License-Identifier: Apache-2.0
// The passes of the compiler on a step small enough to be read, and graphs whose values are wanted
// in several forms at once, against the double reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "isthmus/cpu/compile/memory.h"
#include "isthmus/cpu/cpu_device.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/testing/leaf_values.h"
#include "isthmus/testing/rounded_reference.h"

namespace isthmus {
namespace {

const Initializer kGlorot = {.kind = "glorot_uniform"};

/// One layer with its gradient, and a weight that follows it.
Graph one_layer() {
  GraphBuilder g;
  const Value x = g.input("x", {3});
  const Value w = g.parameter("w", {3, 2}, kGlorot), b = g.parameter("b", {2}, {});
  const Value h = g.relu(g.add(g.matmul(x, w), b));
  const Value loss = g.batch_mean(g.sum(h));
  g.output("loss", loss);
  const Value slope = differentiate(g, loss, {w})[0];
  g.assign(w, g.sub(w, g.mul(slope, g.scalar("rate"))));
  return std::move(g).finish();
}

struct Passes {
  explicit Passes(Graph given, Precision precision)
      : graph(std::move(given)),
        plan(make_plan(graph)),
        uses(find_uses(graph, plan)),
        forms(choose_forms(uses, precision)),
        groups(cut_groups(uses, forms, 100)),
        memory(assign_memory(uses, forms, groups)) {}
  Graph graph;
  Plan plan;
  Uses uses;
  Forms forms;
  Groups groups;
  StepMemory memory;
};

TEST(CompilerPasses, PrintWhatTheyDecideOfOneLayer) {
  const Passes p(one_layer(), Precision::kBF16);
  EXPECT_EQ(R"(%0 x  read by %3 %19
%1 w  read by %3 %22
%2 b  read by %4
%3 matmul  read by %4
%4 add  read by %5
%5 relu  read by %6 %17
%6 sum  read by %7
%7 batch_sum  read by %10
%8   read by %9
%9 reciprocal  read by %10 %12
%10 mul  output
%11   read by %12
%12 mul  read by %18
%13 to_rows  is %12  read by %18
%14 reshape  is %12  read by %18
%15 broadcast  is %12  read by %18
%16   read by %17
%17 greater  read by %18
%18 mul  read by %19
%19 outer_sum  read by %21
%20 rate  read by %21
%21 mul  read by %22
%22 sub
)",
            print_uses(p.uses));
  EXPECT_EQ(R"(%0 x  input, read where it is stored, bf16 rows for %3, kept transposed for %19
%3 matmul  product
%4 add  chunk
%5 relu  chunk
%6 sum  chunk, partial sums for %7
%7 batch_sum  batch sum
%10 mul  chunk
%17 greater  chunk
%18 mul  chunk, kept for %19
%19 outer_sum  batch products
%21 mul  chunk
%22 sub  chunk
packed %1
)",
            print_forms(p.uses, p.forms));
  EXPECT_EQ(R"(block 32, panel 128
stage 0
  32 items
     %0
     %3
    chunks %4 %5 %6 %17 %18
%22 over %1
)",
            print_groups(p.groups));
  EXPECT_EQ(R"(%0  stored 0, rows of 3
%1  arena 0, rows of 2
%2  arena 32, rows of 2
%3  block 0, rows of 2
%4  scratch 0, rows of 2
%5  scratch 1, rows of 2
%6  block 80, rows of 1
%7  arena 288, rows of 1
%8  arena 64, rows of 1
%9  arena 192, rows of 1
%10  arena 256, rows of 1
%11  arena 96, rows of 1
%12  arena 224, rows of 1
%13  arena 224, rows of 1
%14  arena 224, rows of 1
%15  arena 224, rows of 1
%16  arena 128, rows of 1
%17  scratch 2, rows of 2
%18  scratch 3, rows of 2
%19  tile 0, rows of 2
%20  arena 160, rows of 1
%21  scratch 0, rows of 2
%22  arena 0, rows of 2
%18  kept
)",
            print_memory(p.uses, p.memory));
}

/// Runs a graph on the device and in the reference whose products round their operands.
void expect_equals_reference(const Graph& graph, int64_t rows, Precision precision) {
  const auto device = make_cpu_device(2);
  const auto executor = device->compile(graph, {.max_rows = rows, .precision = precision});
  ReferenceRun run(graph, rows);
  for (const auto& [name, tensor] : initialize(graph, 5)) {
    executor->set(name, tensor);
    const auto values = tensor.values<float>();
    run.set(name, {values.begin(), values.end()});
  }
  for (const Node& node : graph.nodes()) {
    if (node.kind != NodeKind::kInput) continue;
    Shape shape = node.type.shape;
    shape.insert(shape.begin(), rows);
    const std::vector<double> drawn = case_values(node.name, value_count(shape), 0, 1);
    const std::vector<float> stored(drawn.begin(), drawn.end());
    executor->bind_input(node.name, Tensor::from<float>(shape, stored), {});
    run.set(node.name, {stored.begin(), stored.end()});
  }
  std::vector<int64_t> items(static_cast<size_t>(rows));
  std::iota(items.begin(), items.end(), 0);
  executor->run({.items = items});
  run.run();
  std::vector<RefArray> want;
  for (uint32_t i = 0; i < graph.nodes().size(); ++i) want.push_back(run.value(i));
  if (precision == Precision::kBF16) want = with_rounded_operands(graph, run, rows);
  for (const auto& [name, node] : graph.outputs()) {
    const auto got = executor->rows(name);
    double scale = 1e-6;
    for (double value : want[node].data) scale = std::max(scale, std::fabs(value));
    ASSERT_EQ(want[node].data.size(), got.size()) << name;
    for (size_t k = 0; k < got.size(); ++k) {
      ASSERT_NEAR(want[node].data[k], static_cast<double>(got[k]), 1e-2 * scale)
          << name << " [" << k << "], " << precision_name(precision) << "\n"
          << executor->plan_text();
    }
  }
}

class ManyForms : public testing::TestWithParam<Precision> {};

/// The fused likelihood does not write its logits; a product that reads them, too, needs them.
TEST_P(ManyForms, OfLogitsThatAProductReadsTooAreThere) {
  GraphBuilder g;
  const Value x = g.input("x", {6});
  const Value t =
      g.add(g.matmul(x, g.parameter("w", {6, 6}, kGlorot)), g.parameter("b", {6}, kGlorot));
  const Value p = g.sum(g.bernoulli_log_prob(t, x));
  g.output("log_prob", p);
  g.output("gradient", g.sub(x, g.sigmoid(t)));
  g.output("code", g.matmul(t, g.parameter("v", {6, 3}, kGlorot)));
  expect_equals_reference(std::move(g).finish(), 70, GetParam());
}

/// An operand is rounded for one run of groups; between these runs lie others.
TEST_P(ManyForms, OfARunAreMadeAgainForALaterOneOfAsManyItems) {
  GraphBuilder g;
  const Value x = g.input("x", {20});
  const Value y = g.input("y", {32 * 32});
  const Value h = g.relu(
      g.add(g.matmul(x, g.parameter("a", {20, 8}, kGlorot)), g.parameter("b", {8}, kGlorot)));
  const Value image = g.reshape({{"shape", Shape{32, 32, 1}}}, y);
  const Value wide = g.relu(g.conv2d(image, g.parameter("k", {3, 3, 1, 16}, kGlorot)));
  const Value back = g.conv2d(wide, g.parameter("l", {3, 3, 16, 1}, kGlorot));
  const Value flat = g.reshape({{"shape", Shape{1024}}}, back);
  const Value code = g.matmul(flat, g.parameter("c", {1024, 8}, kGlorot));
  // Both factors wait for the images.
  g.output("late", g.matmul(g.mul(h, code), g.parameter("d", {8, 4}, kGlorot)));
  g.output("input", g.matmul(x, g.parameter("e", {20, 4}, kGlorot)));
  g.output("hidden", g.mul(code, g.matmul(h, g.parameter("f", {8, 8}, kGlorot))));
  expect_equals_reference(std::move(g).finish(), 64, GetParam());
}

INSTANTIATE_TEST_SUITE_P(OfBothPrecisions, ManyForms,
                         testing::Values(Precision::kF32, Precision::kBF16), [](const auto& given) {
                           return std::string(precision_name(given.param));
                         });

}  // namespace
}  // namespace isthmus
