// SPDX-License-Identifier: Apache-2.0
// Batch-wise operations inside programs: batches that fill no block, partial batches, threads,
// gradients, and what surrounds them: uniform values, views, chains and assignments.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "isthmus/base/rng_key.h"
#include "isthmus/cpu/cpu_device.h"
#include "isthmus/exec/plan.h"
#include "isthmus/graph/op.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

constexpr int64_t kRows = 513, kCols = 5;

std::vector<float> data() {
  std::vector<float> values(kRows * 2 * kCols);
  fill_normal(RngKey{3, 4}, 0, 0, 0, values.data(), kRows * 2 * kCols);
  return values;
}

/// All batch-wise operations on functions of x (B, 10), weighted row by row, and the gradients with
/// respect to x, a weight that x runs through, and log_var.
Graph everything(bool exclude_self) {
  GraphBuilder g;
  const Value x = g.input("x", {2 * kCols});
  const Value log_var = g.parameter("log_var", {}, {});
  const Value w = g.parameter("w", {2 * kCols, 2 * kCols}, {});
  const Value h = g.add(x, g.matmul(x, w));
  const Value a = g.slice({{"axis", -1}, {"begin", 0}, {"end", kCols}}, h);
  const Value b = g.slice({{"axis", -1}, {"begin", kCols}, {"end", 2 * kCols}}, h);
  const auto kernel = [&](const char* name, Value u, Value v) {
    return g.kernel_sum({{"kernel", name},
                         {"scales", std::vector<double>{1, 10}},
                         {"exclude_self", int64_t{exclude_self}}},
                        u, v);
  };
  const Value first = g.slice({{"axis", -1}, {"begin", 0}, {"end", 1}}, h);
  const Value weight = g.sum_items(first);
  const Value mixture = g.pair_logsumexp({{"exclude_self", int64_t{exclude_self}}}, a, b, log_var);
  // A chain: the sorted rows are compared with the rows themselves.
  const Value sorted = g.sort_rows(g.sub(h, g.sort_rows(g.neg(h))));
  Value total = g.batch_mean(kernel("imq", a, a));
  total = g.add(total, g.batch_mean(g.mul(weight, kernel("rbf", a, b))));
  total = g.add(total, g.batch_mean(g.mul(weight, mixture)));
  total = g.add(total, g.batch_mean(g.sum_items(g.mul(g.square(sorted), h))));
  // Uniform rows: every pair has the same distance.
  const Value uniform = g.to_rows(g.broadcast({{"shape", Shape{kCols}}}, g.exp(log_var)));
  total = g.add(total, g.batch_mean(kernel("imq", uniform, b)));
  g.output("total", total);
  g.output("imq", kernel("imq", a, a));
  g.output("mixture", mixture);
  g.output("sorted", sorted);
  const Values gradients = differentiate(g, total, {h, w, log_var});
  g.output("dh", gradients[0]);
  g.output("dw", gradients[1]);
  g.output("dlog_var", gradients[2]);
  return std::move(g).finish();
}

using Outputs = std::map<std::string, std::vector<double>>;

Outputs run_device(const Graph& graph, int64_t max_rows, int64_t rows, int threads,
                   Precision precision = Precision::kF32) {
  auto device = make_cpu_device(threads);
  auto executor = device->compile(graph, {.max_rows = max_rows, .precision = precision});
  Tensor x(Dtype::kF32, {kRows, 2 * kCols}), log_var(Dtype::kF32, {});
  const auto values = data();
  std::copy(values.begin(), values.end(), x.values<float>().begin());
  log_var.values<float>()[0] = -0.5f;
  executor->bind_input("x", x, Scaling{});
  executor->set("log_var", log_var);
  std::vector<int64_t> items(static_cast<size_t>(max_rows));
  for (size_t i = 0; i < items.size(); ++i) items[i] = static_cast<int64_t>(i);
  // A full batch first: what it leaves behind must not reach a partial one.
  executor->run({.items = items});
  items.resize(static_cast<size_t>(rows));
  executor->run({.items = items});
  Outputs outputs;
  for (const auto& [name, node] : graph.outputs()) {
    if (graph.nodes()[node].type.extent == Extent::kPerRow) {
      const auto span = executor->rows(name);
      outputs[name] = {span.begin(), span.end()};
    } else if (graph.nodes()[node].type.shape.empty()) {
      outputs[name] = {executor->scalar(name)};
    } else {
      const Tensor t = executor->once(name);
      outputs[name] = {t.values<float>().begin(), t.values<float>().end()};
    }
  }
  return outputs;
}

Outputs run_reference(const Graph& graph, int64_t rows) {
  ReferenceRun reference(graph, rows);
  const auto values = data();
  reference.set("x", {values.begin(), values.begin() + rows * 2 * kCols});
  reference.set("log_var", {-0.5});
  reference.set("w", std::vector<double>(4 * kCols * kCols));
  reference.run();
  Outputs outputs;
  for (const auto& [name, node] : graph.outputs()) outputs[name] = reference.value(node).data;
  return outputs;
}

void expect_near(const Outputs& outputs, const Outputs& expected) {
  for (const auto& [name, got] : outputs) {
    const std::vector<double>& want = expected.at(name);
    ASSERT_EQ(got.size(), want.size()) << name;
    double scale = 1;
    for (double v : want) scale = std::max(scale, std::fabs(v));
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_TRUE(tolerance::within(got[i], want[i], tolerance::kGradientF32 / 100, scale))
          << name << "[" << i << "]: " << got[i] << ", not " << want[i];
    }
  }
}

TEST(BatchWise, EqualsTheReferenceForAnyRowsAndPartialBatches) {
  for (const bool exclude_self : {false, true}) {
    const Graph graph = everything(exclude_self);
    for (const int64_t rows : {1, 31, 64, 513}) {
      SCOPED_TRACE(rows);
      if (rows == 513 && !exclude_self) continue;  // the reference is slow
      const Outputs expected = run_reference(graph, rows);
      expect_near(run_device(graph, rows, rows, 2), expected);
      if (rows < 513) expect_near(run_device(graph, 513, rows, 2), expected);
    }
  }
}

TEST(BatchWise, AViewReadInALaterStageLiesInTheBatch) {
  GraphBuilder g;
  const Value x = g.input("x", {2 * kCols});
  const Value twice = g.add(x, x);
  const Value part = g.slice({{"axis", -1}, {"begin", kCols}, {"end", 2 * kCols}}, twice);
  g.output("centred", g.sub(part, g.to_rows(g.batch_mean(part))));
  const Graph graph = std::move(g).finish();
  ReferenceRun reference(graph, 70);
  const auto values = data();
  reference.set("x", {values.begin(), values.begin() + 70 * 2 * kCols});
  reference.run();
  const auto device = make_cpu_device(2);
  auto executor = device->compile(graph, {.max_rows = 70});
  Tensor stored(Dtype::kF32, {kRows, 2 * kCols});
  std::copy(values.begin(), values.end(), stored.values<float>().begin());
  executor->bind_input("x", stored, Scaling{});
  std::vector<int64_t> items(70);
  for (size_t i = 0; i < items.size(); ++i) items[i] = static_cast<int64_t>(i);
  executor->run({.items = items});
  const auto rows = executor->rows("centred");
  expect_near({{"centred", {rows.begin(), rows.end()}}},
              {{"centred", reference.output("centred").data}});
}

TEST(BatchWise, ThreadsDoNotChangeABit) {
  const Graph graph = everything(true);
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    const Outputs one = run_device(graph, 513, 500, 1, precision);
    for (const int threads : {2, 3}) {
      const Outputs more = run_device(graph, 513, 500, threads, precision);
      for (const auto& [name, values] : one) EXPECT_EQ(values, more.at(name)) << name;
    }
  }
}

TEST(BatchWise, APartialBatchIsABatchOfThatSize) {
  const Graph graph = everything(false);
  const Outputs whole = run_device(graph, 100, 100, 2), part = run_device(graph, 513, 100, 2);
  for (const char* name : {"imq", "mixture", "sorted"}) {
    EXPECT_EQ(whole.at(name), part.at(name)) << name;
  }
}

TEST(BatchWise, ASingleRowWithoutItselfHasNoMixture) {
  const Outputs outputs = run_device(everything(true), 64, 1, 1);
  EXPECT_EQ(outputs.at("mixture"), std::vector<double>{0});
  EXPECT_EQ(outputs.at("imq"), std::vector<double>{0});
}

TEST(BatchWise, AGradientOfKernelsVisitsThePairsOfTheirSumWithIt) {
  GraphBuilder g;
  const Value h = g.mul(g.input("x", {2 * kCols}), g.constant(2.0));
  const Attrs attrs = {{"kernel", "imq"}, {"scales", std::vector<double>{1, 10}}};
  const Value sums = g.kernel_sum(attrs, h, h);
  g.output("sums", sums);
  g.output("dh", differentiate(g, g.batch_mean(sums), {h})[0]);
  const Graph graph = std::move(g).finish();
  auto executor = make_cpu_device(1)->compile(graph, {.max_rows = 64});
  const std::string program = executor->plan_text();
  EXPECT_NE(program.find("kernel_sum_gradient and %"), std::string::npos) << program;
  EXPECT_EQ(program.find("kernel_sum\n"), std::string::npos) << program;
}

TEST(BatchWise, PlanAndProgramNameTheBatchStep) {
  const Graph graph = everything(false);
  const auto device = make_cpu_device(1);
  auto executor = device->compile(graph, {.max_rows = 64});
  const std::string program = executor->plan_text(), plan = print_plan(graph, make_plan(graph));
  EXPECT_NE(plan.find("  batch 1x1:"), std::string::npos) << plan;
  for (const char* op : {"kernel_sum", "kernel_sum_gradient", "sort_rows_gradient"}) {
    EXPECT_TRUE(std::string_view(program).find(op) != std::string_view::npos) << op;
  }
  EXPECT_NE(program.find("sort_rows_gradient with its order"), std::string::npos) << program;
  EXPECT_EQ(program.find("reference kernel_sum"), std::string::npos);
}

}  // namespace
}  // namespace isthmus
