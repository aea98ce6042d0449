// SPDX-License-Identifier: Apache-2.0
// Convolutional steps, whose large values go through a block a few items at a time: values and
// gradients against the double reference, the same bits for any number of threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "isthmus/cpu/cpu_device.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/testing/rounded_reference.h"

namespace isthmus {
namespace {

constexpr int64_t kSide = 16, kPixels = kSide * kSide;

/// An autoencoder of images whose hidden images have 4,096 values: too many for a block.
Graph convolutional_step() {
  GraphBuilder g;
  const Initializer glorot = {.kind = "glorot_uniform"};
  const auto weight = [&](const char* name, const Shape& shape) {
    return g.parameter(name, shape, glorot);
  };
  const Value x = g.input("x", {kPixels});
  const Value image = g.reshape({{"shape", Shape{kSide, kSide, 1}}}, x);
  const Value wide = g.relu(g.add(g.conv2d(image, weight("a", {3, 3, 1, 16})), weight("b", {16})));
  const Attrs two = {{"stride", 2}};
  const Value half = g.relu(g.conv2d(two, wide, weight("c", {4, 4, 16, 8})));
  const Value flat = g.reshape({{"shape", Shape{512}}}, half);
  const Value code = g.matmul(flat, weight("d", {512, 5}));
  const Value back = g.reshape({{"shape", Shape{8, 8, 8}}}, g.matmul(code, weight("e", {5, 512})));
  const Value large = g.relu(g.conv2d_transpose(two, back, weight("f", {4, 4, 16, 8})));
  const Value y = g.conv2d(large, weight("h", {3, 3, 16, 1}));
  const Value loss =
      g.batch_mean(g.sum_items(g.square(g.sub(g.reshape({{"shape", Shape{kPixels}}}, y), x))));
  g.output("loss", loss);
  g.output("code", code);
  const Values parameters = g.parameters();
  const Values gradients = differentiate(g, loss, parameters);
  for (size_t k = 0; k < parameters.size(); ++k) {
    g.output("gradient/" + g.node(parameters[k]).name, gradients[k]);
  }
  return std::move(g).finish();
}

struct Case {
  explicit Case(int64_t rows_of_batch) : rows(rows_of_batch), graph(convolutional_step()) {
    for (int64_t i = 0; i < rows * kPixels; ++i) {
      x.push_back(static_cast<float>(std::sin(0.37 * static_cast<double>(i)) * 0.5 + 0.5));
    }
  }
  std::vector<std::vector<float>> run(int threads, Precision precision) const {
    const auto device = make_cpu_device(threads);
    // Room for a whole batch, of which the step uses a part.
    const auto executor =
        device->compile(graph, {.max_rows = std::max<int64_t>(rows, 48), .precision = precision});
    Tensor values(Dtype::kF32, {rows, kPixels});
    std::copy(x.begin(), x.end(), values.values<float>().begin());
    executor->bind_input("x", values, Scaling{});
    for (const auto& [name, tensor] : initialize(graph, 3)) executor->set(name, tensor);
    std::vector<int64_t> items(static_cast<size_t>(rows));
    std::iota(items.begin(), items.end(), 0);
    executor->run({.items = items});
    executor->run({.items = items});  // the second time memory holds the first step's values
    std::vector<std::vector<float>> outputs;
    for (const auto& [name, node] : graph.outputs()) {
      if (name == "code") {
        const auto code = executor->rows(name);
        outputs.emplace_back(code.begin(), code.end());
      } else if (name == "loss") {
        outputs.push_back({static_cast<float>(executor->scalar(name))});
      } else {
        const Tensor t = executor->once(name);
        outputs.emplace_back(t.values<float>().begin(), t.values<float>().end());
      }
    }
    return outputs;
  }
  std::vector<RefArray> reference(Precision precision) const {
    ReferenceRun run(graph, rows);
    for (const auto& [name, tensor] : initialize(graph, 3)) {
      const auto values = tensor.values<float>();
      run.set(name, {values.begin(), values.end()});
    }
    run.set("x", {x.begin(), x.end()});
    run.run();
    if (precision == Precision::kBF16) return with_rounded_operands(graph, run, rows);
    std::vector<RefArray> values;
    for (uint32_t i = 0; i < graph.nodes().size(); ++i) values.push_back(run.value(i));
    return values;
  }
  int64_t rows;
  Graph graph;
  std::vector<float> x;
};

class Passes : public testing::TestWithParam<int64_t> {};

/// bf16: an operand that float32 puts on the other side of a rounding border differs by 2^-8 of
/// itself; sums of hundreds of products differ by far less of the largest gradient.
TEST_P(Passes, EqualTheReferenceForAnyThreads) {
  const Case c(GetParam());
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    const auto want = c.reference(precision);
    const auto one = c.run(1, precision), three = c.run(3, precision);
    const double tolerance = precision == Precision::kF32 ? 2e-5 : 1e-2;
    for (size_t o = 0; o < one.size(); ++o) {
      const auto& [name, node] = c.graph.outputs()[o];
      const std::vector<double>& truth = want[node].data;
      ASSERT_EQ(truth.size(), one[o].size());
      double scale = 1e-6;
      for (double v : truth) scale = std::max(scale, std::fabs(v));
      for (size_t i = 0; i < truth.size(); ++i) {
        ASSERT_NEAR(truth[i], static_cast<double>(one[o][i]), tolerance * scale)
            << name << " [" << i << "], " << precision_name(precision);
      }
      EXPECT_EQ(0, std::memcmp(one[o].data(), three[o].data(), one[o].size() * sizeof(float)))
          << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, Passes, testing::Values(1, 31, 64, 130));

TEST(PassesOfImages, InMoreBlocksThanPartsAreSummedInTheSameOrderByAnyThread) {
  const Case c(1100);
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    const auto one = c.run(1, precision), three = c.run(3, precision);
    for (size_t o = 0; o < one.size(); ++o) {
      EXPECT_EQ(0, std::memcmp(one[o].data(), three[o].data(), one[o].size() * sizeof(float)))
          << c.graph.outputs()[o].first;
    }
  }
}

int times(const std::string& text, const std::string& word) {
  int count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

TEST(PassesOfImages, GoOverFewItemsOfImagesAndOverWholeBlocksOfOtherValues) {
  const auto device = make_cpu_device(1);
  const std::string plan = device->compile(convolutional_step(), {.max_rows = 512})->plan_text();
  EXPECT_NE(std::string::npos, plan.find("  passes of ")) << plan;
  EXPECT_NE(std::string::npos, plan.find("\n  rows  %")) << plan;
  EXPECT_NE(std::string::npos, plan.find("add to a part 144x1x")) << plan;
  // The four kernels are summed in parts; only the factors of the two dense layers are kept.
  EXPECT_EQ(4, times(plan, "add to a part ")) << plan;
  EXPECT_EQ(2, times(plan, "keep transposed")) << plan;
}

// The mask of a relu's gradient was written beside its images in the forward half of a step and
// read from memory in the other half.
TEST(PassesOfImages, MakeTheMaskOfAReluWhereItsGradientReadsIt) {
  const auto device = make_cpu_device(1);
  const std::string plan = device->compile(convolutional_step(), {.max_rows = 512})->plan_text();
  EXPECT_EQ(0, times(plan, "relu greater")) << plan;
  EXPECT_EQ(3, times(plan, "greater mul")) << plan;
}

// A flat image of 8,192 values was taken for an image: its dense layer read all of its weight for
// every two items.
TEST(PassesOfImages, DoNotTakeInADenseLayerHoweverWide) {
  GraphBuilder g;
  const Value image = g.reshape({{"shape", Shape{kSide, kSide, 1}}}, g.input("x", {kPixels}));
  const Value a = g.parameter("a", {4, 4, 1, 128}, {.kind = "glorot_uniform"});
  const Value b = g.parameter("b", {8192, 64}, {.kind = "glorot_uniform"});
  const Value flat =
      g.reshape({{"shape", Shape{8192}}}, g.relu(g.conv2d({{"stride", 2}}, image, a)));
  g.output("code", g.matmul(flat, b));
  const auto device = make_cpu_device(1);
  const std::string plan = device->compile(std::move(g).finish(), {.max_rows = 128})->plan_text();
  EXPECT_NE(std::string::npos, plan.find("  passes of ")) << plan;
  EXPECT_NE(std::string::npos, plan.find("block 32")) << plan;
  EXPECT_NE(std::string::npos, plan.find("matmul 32x64x8192")) << plan;
}

/// Sums per channel are small: they lie between large images and pass with them.
TEST(PassesOfImages, TakeAlongWhatLiesBetweenThemAndMultipliesNothing) {
  GraphBuilder g;
  const Initializer glorot = {.kind = "glorot_uniform"};
  const Value x = g.reshape({{"shape", Shape{32, 32, 1}}}, g.input("x", {32 * 32}));
  Value y = g.conv2d(x, g.parameter("a", {3, 3, 1, 16}, glorot));
  y = g.relu(g.group_norm({{"groups", 4}}, y));
  g.output("y", g.sum_items(g.conv2d(y, g.parameter("b", {3, 3, 16, 16}, glorot))));
  const auto device = make_cpu_device(1);
  const std::string plan = device->compile(std::move(g).finish(), {.max_rows = 512})->plan_text();
  EXPECT_EQ(1, times(plan, "  passes of ")) << plan;
}

}  // namespace
}  // namespace isthmus
