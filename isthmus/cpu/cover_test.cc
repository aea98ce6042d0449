// SPDX-License-Identifier: Apache-2.0
// What runs where: every operation has a kernel, what has none is named, and nothing that such an
// operation reads or says can damage memory or end the process. Values are compared with the
// reference in conformance_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "isthmus/cpu/cpu_device.h"
#include "isthmus/testing/graph_case.h"

namespace isthmus {
namespace {

Tensor tensor_of(const std::vector<float>& values, Shape shape) {
  Tensor t(Dtype::kF32, std::move(shape));
  std::copy(values.begin(), values.end(), t.values<float>().begin());
  return t;
}

std::vector<float> values_of(const Tensor& t) {
  return {t.values<float>().begin(), t.values<float>().end()};
}

std::vector<int64_t> first_items(int64_t count) {
  std::vector<int64_t> items(static_cast<size_t>(count));
  std::iota(items.begin(), items.end(), 0);
  return items;
}

std::unique_ptr<Executor> compiled(const Graph& graph, int64_t rows,
                                   Precision precision = Precision::kF32) {
  static const auto device = make_cpu_device(2);
  return device->compile(graph, {.max_rows = rows, .precision = precision});
}

TEST(Warnings, NameNoOperationOfTheListAndNoneOfItsGradients) {
  for (const OpDef& op : all_ops()) {
    for (const OpCase& c : op.cases) {
      const bool gradient = c.check_gradient && op.gradient;
      const GraphCase one =
          make_graph_case(op, c, 5, gradient ? CaseOutputs::kSecond : CaseOutputs::kValue);
      for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
        const auto executor = compiled(one.graph, 5, precision);
        EXPECT_EQ(std::vector<std::string>{}, executor->warnings()) << op.name << "\n"
                                                                    << executor->plan_text();
      }
    }
  }
}

/// Twice its input, the slow way.
OpDef doubled() {
  return {.name = "doubled", .infer = same_type_as_input, .reference = [](const RefCall& c) {
            for (size_t i = 0; i < c.out.data.size(); ++i) c.out.data[i] = 2 * c.in[0]->data[i];
          }};
}

TEST(Warnings, NameWhatHasNoKernelAndNotTheScalarsThatNeedNone) {
  const OpDef op = doubled();
  GraphBuilder g;
  const Value x = g.input("x", {2, 3});
  const Value rate = g.exp(g.mul(g.scalar("rate"), g.constant(2.0)));
  g.output("y", g.mul(g.call(op, {}, {g.relu(x)}), rate));
  const auto executor = compiled(std::move(g).finish(), 4);
  EXPECT_EQ(std::vector<std::string>{"doubled f32 (B, 2, 3)"}, executor->warnings());
  EXPECT_NE(std::string::npos, executor->plan_text().find("warning: no kernel")) << "not said";
  EXPECT_THROW(require_kernels(*executor, "a step"), Error);
}

/// The sum over the batch of the largest value of each row: not one of the known sums.
OpDef sum_of_largest() {
  return {.name = "sum_of_largest",
          .infer = [](const Attrs&, const std::vector<ValueType>&) { return once({}); },
          .rows = RowUse::kBatchSum,
          .reference =
              [](const RefCall& c) {
                for (int64_t r = 0; r < c.rows; ++r) {
                  const double* row = c.in[0]->row(r);
                  c.out.data[0] += *std::max_element(row, row + c.in[0]->row_size());
                }
              }};
}

TEST(BatchSums, ThatTheDeviceDoesNotKnowReadAllRowsOfAComputedValue) {
  const OpDef op = sum_of_largest();
  for (const int64_t rows : {1, 31, 64, 130}) {
    GraphBuilder g;
    const Value x = g.input("x", {3});
    g.output("all", g.call(op, {}, {g.square(g.add(x, g.constant(1.0)))}));
    const Value every = g.to_rows(g.broadcast({{"shape", Shape{3}}}, g.square(g.scalar("s"))));
    g.output("uniform", g.call(op, {}, {every}));
    const auto executor = compiled(std::move(g).finish(), rows);
    std::vector<float> values;
    double want = 0;
    for (int64_t r = 0; r < rows; ++r) {
      const auto f = static_cast<float>(r % 7);
      for (const float v : {f, 1.0f, -0.5f}) values.push_back(v);
      want += std::max(4.0, static_cast<double>((f + 1) * (f + 1)));
    }
    executor->bind_input("x", tensor_of(values, {rows, 3}), Scaling{});
    executor->set_scalar("s", 3.0);
    executor->run({.items = first_items(rows)});
    EXPECT_EQ(want, executor->scalar("all")) << rows << " rows";
    EXPECT_EQ(9.0 * static_cast<double>(rows), executor->scalar("uniform")) << rows << " rows";
  }
}

TEST(Indices, OutsideTheirTableFailTheStepAndNotTheProcess) {
  for (const float wrong : {4.0f, -1.0f, 0.5f, std::nanf(""), 1e30f}) {
    GraphBuilder g;
    const Value index = g.input("index", {});
    const Value table = g.parameter("table", {4, 3}, {});
    const Value rows = g.gather(table, index);
    g.output("sum", g.batch_sum(g.sum_items(rows)));
    g.output("scattered", g.scatter_sum({{"size", 4}}, index, g.square(rows)));
    const auto executor = compiled(std::move(g).finish(), 40);
    executor->set("table", tensor_of(std::vector<float>(12, 2.0f), {4, 3}));
    std::vector<float> indices(40, 1.0f);
    indices[17] = wrong;
    executor->bind_input("index", tensor_of(indices, {40}), Scaling{});
    EXPECT_THROW(executor->run({.items = first_items(40)}), Error) << wrong;
    executor->run({.items = first_items(10)});
    EXPECT_EQ(60.0, executor->scalar("sum"));
    EXPECT_EQ((std::vector<float>{0, 0, 0, 40, 40, 40, 0, 0, 0, 0, 0, 0}),
              values_of(executor->once("scattered")));
  }
}

/// In place, and where somebody reads the table as it was: the last row of an index counts.
TEST(Indices, NameTheRowsOfAStateThatAreReplaced) {
  for (const bool is_read : {false, true}) {
    GraphBuilder g;
    const Value index = g.input("index", {}), x = g.input("x", {2});
    const Value table = g.parameter("table", {4, 2}, {});
    g.assign(table, g.replace_rows(table, index, g.neg(x)));
    g.output("sum", g.batch_sum(g.sum_items(x)));
    if (is_read) g.output("before", g.sum_items(table));
    const auto executor = compiled(std::move(g).finish(), 5);
    executor->set("table", tensor_of({1, 2, 3, 4, 5, 6, 7, 8}, {4, 2}));
    executor->bind_input("index", tensor_of({2, 0, 2, 4, 9}, {5}), Scaling{});
    executor->bind_input("x", tensor_of({1, 1, 2, 3, 4, 5, 6, 6, 7, 7}, {5, 2}), Scaling{});
    executor->run({.items = first_items(5)});
    EXPECT_EQ((std::vector<float>{-2, -3, 3, 4, -4, -5, 7, 8}), values_of(executor->get("table")));
    if (is_read) {
      EXPECT_EQ(36.0, executor->scalar("before"));
    }
    executor->run({.items = first_items(1)});  // of a partial batch only what is there
    EXPECT_EQ((std::vector<float>{-2, -3, 3, 4, -1, -1, 7, 8}), values_of(executor->get("table")));
  }
}

TEST(Indices, MayBeAColumnOfAWiderValue) {
  GraphBuilder g;
  const Value x = g.input("x", {3});
  const Value both = g.add(x, g.constant(1.0));
  const Value index = g.reshape({{"shape", Shape{}}},
                                g.sum({{"keep", 1}}, g.slice({{"begin", 0}, {"end", 1}}, both)));
  const Value rows = g.slice({{"begin", 1}, {"end", 3}}, both);
  g.output("sum", g.scatter_sum({{"size", 3}}, index, rows));
  const auto executor = compiled(std::move(g).finish(), 3);
  executor->bind_input("x", tensor_of({0, 1, 2, 1, 3, 4, 0, 5, 6}, {3, 3}), Scaling{});
  executor->run({.items = first_items(3)});
  EXPECT_EQ((std::vector<float>{0, 0, 8, 10, 4, 5}), values_of(executor->once("sum")));
}

TEST(Views, AreReadByALaterStage) {
  GraphBuilder g;
  const Value twice = g.mul(g.input("x", {3}), g.constant(2.0));
  const Value part = g.slice({{"begin", 1}, {"end", 3}}, twice);
  const Value centred = g.sub(part, g.batch_mean(part));
  g.output("spread", g.batch_sum(g.sum_items(g.square(centred))));
  const auto executor = compiled(std::move(g).finish(), 2);
  executor->bind_input("x", tensor_of({9, 1, 2, 9, 3, 6}, {2, 3}), Scaling{});
  executor->run({.items = first_items(2)});
  EXPECT_EQ(2.0 * (2 * 2 + 4 * 4), executor->scalar("spread"));
}

TEST(References, ThatThrowFailTheStepAndNotTheProcess) {
  OpDef op = doubled();
  op.reference = [](const RefCall&) { ISTHMUS_CHECK(false, "never right"); };
  GraphBuilder g;
  g.output("y", g.call(op, {}, {g.input("x", {3})}));
  const auto executor = compiled(std::move(g).finish(), 4);
  executor->bind_input("x", tensor_of(std::vector<float>(12, 1.0f), {4, 3}), Scaling{});
  EXPECT_THROW(executor->run({.items = first_items(4)}), InternalError);
}

TEST(Assignments, GiveAwayTheOldValueOfAStateThatIsUpdatedToo) {
  GraphBuilder g;
  const Value w = g.parameter("w", {2}, {}), old = g.state("old", {2}, 0.0);
  g.assign(w, g.add(w, g.constant(1.0)));
  g.assign(old, w);
  const auto executor = compiled(std::move(g).finish(), 1);
  executor->set("w", tensor_of({5, 6}, {2}));
  executor->run({.items = first_items(1)});
  EXPECT_EQ((std::vector<float>{6, 7}), values_of(executor->get("w")));
  EXPECT_EQ((std::vector<float>{5, 6}), values_of(executor->get("old")));
}

TEST(Assignments, Swap) {
  GraphBuilder g;
  const Value a = g.parameter("a", {2}, {}), b = g.parameter("b", {2}, {});
  g.assign(a, b);
  g.assign(b, a);
  const auto executor = compiled(std::move(g).finish(), 1);
  executor->set("a", tensor_of({1, 2}, {2}));
  executor->set("b", tensor_of({3, 4}, {2}));
  executor->run({.items = first_items(1)});
  EXPECT_EQ((std::vector<float>{3, 4}), values_of(executor->get("a")));
  EXPECT_EQ((std::vector<float>{1, 2}), values_of(executor->get("b")));
}

TEST(Bf16Products, PackAReshapedWeightByItsNewShapeAndAgainWhenItChanges) {
  GraphBuilder g;
  const Value w = g.parameter("w", {12}, {});
  const Value matrix = g.reshape({{"shape", Shape{3, 4}}}, w);
  const Value back = g.reshape({{"shape", Shape{4, 3}}}, w);
  g.output("y", g.matmul(g.matmul(g.input("x", {3}), matrix), back));
  g.assign(w, g.mul(w, g.constant(2.0)));
  const auto executor = compiled(std::move(g).finish(), 1, Precision::kBF16);
  executor->set("w", tensor_of({1, 2, 3, 4, 0, 1, 0, 1, 2, 0, 1, 0}, {12}));
  executor->bind_input("x", tensor_of({1, 2, 3}, {1, 3}), Scaling{});
  const auto y = [&] {
    executor->run({.items = first_items(1)});
    const auto rows = executor->rows("y");
    return std::vector<float>(rows.begin(), rows.end());
  };
  EXPECT_EQ((std::vector<float>{23, 26, 37}), y());  // (7 4 6 6) times (1 2 3, 4 0 1, 0 1 2, 0 1 0)
  EXPECT_EQ((std::vector<float>{92, 104, 148}), y());
}

TEST(Kernels, AreThoseThatTheProgramRuns) {
  const OpDef op = doubled();
  GraphBuilder g;
  const Value x = g.input("x", {4});
  const Value w = g.parameter("w", {4, 6}, {}), b = g.parameter("b", {6}, {});
  const Value h = g.relu(g.add(g.matmul(x, w), b));
  const Value pairs = g.transpose(g.reshape({{"shape", Shape{2, 3}}}, g.softmax(h)));
  g.output("y", g.sort_rows(g.sum(g.call(op, {}, {pairs}))));
  g.output("rate", g.exp(g.scalar("rate")));
  const std::vector<OperationKernel> expected = {{"matmul", "product"},
                                                 {"add", "fused into bias_relu"},
                                                 {"relu", "fused into bias_relu"},
                                                 {"softmax", "reduction"},
                                                 {"reshape", "no work"},
                                                 {"transpose", "move"},
                                                 {"doubled", "interpreter"},
                                                 {"sum", "chunk"},
                                                 {"sort_rows", "batch kernel"}};
  const Graph graph = std::move(g).finish();
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    const auto executor = compiled(graph, 70, precision);
    EXPECT_EQ(expected, executor->kernels()) << executor->plan_text();
  }
}

/// Values with draws or components are wide: a chunk is some of their rows, not all of an item's.
TEST(Chunks, OfValuesWithLeadingAxesStayInTheL1Cache) {
  for (const Shape& shape : {Shape{50, 784}, Shape{50, 20}, Shape{7, 5, 300}, Shape{3, 1}}) {
    GraphBuilder g;
    const Value x = g.input("x", shape);
    g.output("y", g.sum(g.square(g.exp(x))));
    const std::string plan = compiled(std::move(g).finish(), 64)->plan_text();
    const size_t at = plan.find("chunks of ");
    ASSERT_NE(std::string::npos, at) << plan;
    size_t read = 0;
    const std::string sizes = plan.substr(at + 10);
    const int64_t rows = std::stol(sizes, &read), cols = std::stol(sizes.substr(read + 1));
    EXPECT_EQ(shape.back(), cols) << plan;
    EXPECT_LE(rows * cols * 4, 8192) << plan;
  }
}

float rounded_to_bf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// Products of kOnce matrices in one stage: the second factor of each is made by an operation.
TEST(Bf16Products, OfOnceMatricesRoundTheirOperandsAndNothingElse) {
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      constexpr int64_t kM = 70, kK = 37, kN = 45;
      GraphBuilder g;
      const Value a = g.parameter("a", ta ? Shape{kK, kM} : Shape{kM, kK}, {});
      const Value b = g.parameter("b", tb ? Shape{kN, kK} : Shape{kK, kN}, {});
      const Attrs attrs = {{"transpose_a", ta ? 1 : 0}, {"transpose_b", tb ? 1 : 0}};
      g.output("c", g.matmul(attrs, g.neg(a), g.neg(b)));
      const auto executor = compiled(std::move(g).finish(), 1, Precision::kBF16);
      std::vector<float> av(kM * kK), bv(kK * kN);
      for (size_t i = 0; i < av.size(); ++i) av[i] = static_cast<float>(std::sin(0.7 * double(i)));
      for (size_t i = 0; i < bv.size(); ++i) bv[i] = static_cast<float>(std::cos(1.3 * double(i)));
      executor->set("a", tensor_of(av, ta ? Shape{kK, kM} : Shape{kM, kK}));
      executor->set("b", tensor_of(bv, tb ? Shape{kN, kK} : Shape{kK, kN}));
      executor->run({.items = first_items(1)});
      const std::vector<float> c = values_of(executor->once("c"));
      for (int64_t i = 0; i < kM; ++i) {
        for (int64_t j = 0; j < kN; ++j) {
          double want = 0;
          for (int64_t k = 0; k < kK; ++k) {
            const float x = av[static_cast<size_t>(ta ? k * kM + i : i * kK + k)];
            const float y = bv[static_cast<size_t>(tb ? j * kK + k : k * kN + j)];
            want +=
                static_cast<double>(rounded_to_bf16(x)) * static_cast<double>(rounded_to_bf16(y));
          }
          ASSERT_NEAR(want, c[static_cast<size_t>(i * kN + j)], 1e-5) << ta << tb << i << " " << j;
        }
      }
    }
  }
}

}  // namespace
}  // namespace isthmus
