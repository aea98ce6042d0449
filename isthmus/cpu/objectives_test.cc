// SPDX-License-Identifier: Apache-2.0
// Whole objectives with more than one pass per item, on the device against the double reference:
// several draws, importance weights, a mixture of posteriors as prior, a full covariance. All
// gradients, at numbers of rows that fill a block, a part of one, and several panels; the same bits
// for one thread and three; nothing in the interpreter.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

#include "isthmus/cpu/cpu_device.h"
#include "isthmus/testing/graph_case.h"
#include "isthmus/testing/rounded_reference.h"

namespace isthmus {
namespace {

constexpr int64_t kD = 37, kH = 18, kZ = 4, kPseudo = 70;

struct Normals {
  Value mean, log_var;
};

Value linear(GraphBuilder& g, const std::string& name, Value x, int64_t width) {
  const GraphBuilder::Scope scope(g, name);
  return g.add(g.matmul(x, g.parameter("w", {g.shape(x).back(), width}, {})),
               g.parameter("b", {width}, {}));
}

struct Layer {
  Value w, b;
  Value operator()(GraphBuilder& g, Value x) const { return g.add(g.matmul(x, w), b); }
};

Layer layer(GraphBuilder& g, const std::string& name, int64_t in, int64_t out) {
  return {g.parameter(name + "/w", {in, out}, {}), g.parameter(name + "/b", {out}, {})};
}

struct Nets {
  Layer hidden, heads;
  explicit Nets(GraphBuilder& g)
      : hidden(layer(g, "e0", kD, kH)), heads(layer(g, "e1", kH, 2 * kZ)) {}
  Normals encode(GraphBuilder& g, Value x) const {
    const Value h = heads(g, g.relu(hidden(g, x)));
    return {g.slice({{"begin", 0}, {"end", kZ}}, h),
            g.soft_bound(g.slice({{"begin", kZ}, {"end", 2 * kZ}}, h))};
  }
};

Value fit(GraphBuilder& g, Value z, Value x) {
  return g.sum(g.bernoulli_log_prob(linear(g, "d1", g.relu(linear(g, "d0", z, kH)), kD), x));
}

Value draw(GraphBuilder& g, const Normals& q, const Shape& shape) {
  return g.add(q.mean, g.mul(g.exp(g.mul(q.log_var, g.constant(0.5))), g.input("noise", shape)));
}

Value log_normal(GraphBuilder& g, const Normals& q, Value z) {
  const Value distance = g.mul(g.square(g.sub(z, q.mean)), g.exp(g.neg(q.log_var)));
  return g.mul(g.sum(g.add(distance, q.log_var)), g.constant(-0.5));
}

Value several_draws(GraphBuilder& g, int64_t draws) {
  const Value x = g.input("x", {kD});
  const Normals q = Nets(g).encode(g, x);
  const Value z = draw(g, q, {draws, kZ});
  const Value kl = g.sub(log_normal(g, q, z), g.mul(g.sum(g.square(z)), g.constant(-0.5)));
  const Value per_latent = g.mean({{"axis", -2}}, g.square(z));
  return g.batch_mean(g.add(g.mean(g.sub(kl, fit(g, z, x))), g.sum(per_latent)));
}

/// The divergence from draws, per latent.
Value sampled_divergence(GraphBuilder& g, int64_t draws) {
  const Value x = g.input("x", {kD});
  const Normals q = Nets(g).encode(g, x);
  const Value z = draw(g, q, {draws, kZ});
  const Value distance = g.mul(g.square(g.sub(z, q.mean)), g.exp(g.neg(q.log_var)));
  const Value each = g.mul(g.sub(g.sub(g.square(z), distance), q.log_var), g.constant(0.5));
  const Value kl = g.sum(g.mean({{"axis", -2}}, each));
  g.output("kl", g.batch_mean(kl));
  return g.batch_mean(g.sub(kl, g.mean(fit(g, z, x))));
}

/// The widths of the outputs are learned per value.
Value gaussian_draws(GraphBuilder& g, int64_t draws) {
  const Value x = g.input("x", {kD});
  const Normals q = Nets(g).encode(g, x);
  const Value means = linear(g, "d0", draw(g, q, {draws, kZ}), kD);
  const Value log_var = g.parameter("log_var", {kD}, {});
  const Value squares = g.mul(g.square(g.sub(x, means)), g.exp(g.neg(log_var)));
  return g.batch_mean(g.mean(g.add(g.sum(squares), g.sum_items(log_var))));
}

Value importance_weighted(GraphBuilder& g, int64_t draws) {
  const Value x = g.input("x", {kD});
  const Normals q = Nets(g).encode(g, x);
  const Value z = draw(g, q, {draws, kZ});
  const Value ratio = g.sub(g.mul(g.sum(g.square(z)), g.constant(-0.5)), log_normal(g, q, z));
  const Value log_w = g.add(fit(g, z, x), ratio);
  const Value weights = g.stop_gradient(g.softmax(log_w));
  const Value surrogate = g.sum(g.mul(g.square(weights), log_w));
  return g.neg(g.batch_mean(g.add(g.logsumexp(log_w), surrogate)));
}

Value mixture_of_posteriors(GraphBuilder& g, int64_t) {
  const Nets nets(g);
  const Value x = g.input("x", {kD});
  const Normals q = nets.encode(g, x);
  const Value z = draw(g, q, {kZ});
  const Normals p = nets.encode(g, g.sigmoid(g.parameter("pseudo", {kPseudo, kD}, {})));
  const Value precision = g.exp(g.neg(p.log_var)), scaled = g.mul(p.mean, precision);
  const Value constants = g.sum(g.add(g.mul(p.mean, scaled), p.log_var));
  const Attrs tb = {{"transpose_b", 1}};
  const Value squares = g.mul(g.matmul(tb, g.square(z), precision), g.constant(-0.5));
  const Value each =
      g.sub(g.add(squares, g.matmul(tb, z, scaled)), g.mul(constants, g.constant(0.5)));
  return g.batch_mean(g.sub(log_normal(g, q, z), g.add(fit(g, z, x), g.logsumexp(each))));
}

Value full_covariance(GraphBuilder& g, int64_t) {
  const Value x = g.input("x", {kD});
  const Value h = linear(g, "e0", x, kZ + kZ * kZ);
  const Value factor =
      g.reshape({{"shape", Shape{kZ, kZ}}}, g.slice({{"begin", kZ}, {"end", kZ + kZ * kZ}}, h));
  const Value noise = g.reshape({{"shape", Shape{1, kZ}}}, g.input("noise", {kZ}));
  const Value z = g.add(g.slice({{"begin", 0}, {"end", kZ}}, h), g.sum(g.mul(factor, noise)));
  const Value covariance = g.matmul({{"transpose_b", 1}}, factor, factor);
  return g.batch_mean(g.sub(g.sum_items(g.square(covariance)), fit(g, z, x)));
}

/// One learned row for all items, through a layer, beside rows of their own.
Value learned_row(GraphBuilder& g, int64_t) {
  const Value start = g.to_rows(g.parameter("start", {kD}, {}));
  const Value h = g.relu(linear(g, "s", start, kH));
  const Value own = linear(g, "e0", g.input("x", {kD}), kH);
  const Value both = g.concat({{"axis", -1}}, h, own, g.parameter("tail", {3}, {}));
  return g.batch_mean(g.add(g.logsumexp(both), g.sum(g.square(linear(g, "d", both, kZ)))));
}

GraphCase with_gradients(const std::function<Value(GraphBuilder&, int64_t)>& objective,
                         int64_t draws, int64_t rows) {
  GraphBuilder g;
  const Value value = objective(g, draws);
  g.output("objective", value);
  const Values parameters = g.parameters();
  const Values gradients = differentiate(g, value, parameters);
  for (size_t k = 0; k < parameters.size(); ++k) {
    g.output("gradient of " + g.node(parameters[k]).name, gradients[k]);
  }
  GraphCase made = {.graph = std::move(g).finish(), .rows = rows};
  for (const Node& n : made.graph.nodes()) {
    if (n.kind != NodeKind::kInput && n.kind != NodeKind::kParameter) continue;
    const int64_t count =
        value_count(n.type.shape) * (n.kind == NodeKind::kInput ? rows : int64_t{1});
    const double size = n.kind == NodeKind::kInput ? 1.0 : 0.5;
    const double low = n.name == "x" ? 0.0 : -size;
    made.leaves.push_back({n.kind, n.name, n.type, case_values(n.name, count, low, size)});
  }
  return made;
}

Tensor leaf_tensor(const CaseLeaf& leaf, int64_t rows) {
  Shape shape = leaf.type.shape;
  if (leaf.kind == NodeKind::kInput) shape.insert(shape.begin(), rows);
  Tensor t(Dtype::kF32, shape);
  for (size_t i = 0; i < leaf.values.size(); ++i) {
    t.values<float>()[i] = static_cast<float>(leaf.values[i]);
  }
  return t;
}

std::vector<std::vector<float>> outputs_of(const GraphCase& c, int threads, Precision precision,
                                           std::string* plan = nullptr) {
  const auto device = make_cpu_device(threads);
  const auto executor = device->compile(c.graph, {.max_rows = c.rows, .precision = precision});
  EXPECT_EQ(std::vector<std::string>{}, executor->warnings()) << executor->plan_text();
  if (plan != nullptr) *plan = executor->plan_text();
  for (const CaseLeaf& leaf : c.leaves) {
    if (leaf.kind == NodeKind::kInput) {
      executor->bind_input(leaf.name, leaf_tensor(leaf, c.rows), Scaling{});
    } else {
      executor->set(leaf.name, leaf_tensor(leaf, c.rows));
    }
  }
  std::vector<int64_t> items(static_cast<size_t>(c.rows));
  std::iota(items.begin(), items.end(), 0);
  executor->run({.items = items});
  std::vector<std::vector<float>> all;
  for (const auto& [name, node] : c.graph.outputs()) {
    const Tensor t = executor->once(name);
    all.emplace_back(t.values<float>().begin(), t.values<float>().end());
  }
  return all;
}

/// Largest difference as a part of the largest value.
double distance(const std::vector<float>& got, const std::vector<double>& want) {
  double difference = 0, scale = 1e-30;
  for (size_t i = 0; i < got.size(); ++i) {
    difference = std::max(difference, std::fabs(static_cast<double>(got[i]) - want[i]));
    scale = std::max(scale, std::fabs(want[i]));
  }
  return std::isfinite(difference) ? difference / scale : 1e30;
}

void expect_equals_the_reference(const std::function<Value(GraphBuilder&, int64_t)>& objective,
                                 int64_t draws, int64_t rows) {
  SCOPED_TRACE(std::to_string(draws) + " draws, " + std::to_string(rows) + " rows");
  const GraphCase c = with_gradients(objective, draws, rows);
  ReferenceRun reference(c.graph, rows);
  for (const CaseLeaf& leaf : c.leaves) reference.set(leaf.name, leaf.values);
  reference.run();
  const std::vector<RefArray> rounded = with_rounded_operands(c.graph, reference, rows);
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    // An operand next to a border between two bf16 values may be rounded to the other one.
    const bool fp32 = precision == Precision::kF32;
    const double tolerance = fp32 ? 2e-5 : 4e-3;
    const auto one = outputs_of(c, 1, precision), three = outputs_of(c, 3, precision);
    for (size_t k = 0; k < one.size(); ++k) {
      const std::string& name = c.graph.outputs()[k].first;
      const uint32_t node = c.graph.outputs()[k].second;
      EXPECT_LE(distance(one[k], (fp32 ? reference.value(node) : rounded[node]).data), tolerance)
          << precision_name(precision) << " " << name;
      EXPECT_EQ(0, std::memcmp(one[k].data(), three[k].data(), one[k].size() * 4))
          << precision_name(precision) << " " << name;
    }
  }
}

TEST(SeveralDraws, EqualTheReference) {
  for (const int64_t draws : {1, 2, 5, 7}) {
    for (const int64_t rows : {1, 31, 130}) {
      expect_equals_the_reference(several_draws, draws, rows);
      expect_equals_the_reference(sampled_divergence, draws, rows);
      expect_equals_the_reference(gaussian_draws, draws, rows);
    }
  }
}

TEST(ImportanceWeights, EqualTheReference) {
  for (const int64_t draws : {1, 5, 50}) {
    for (const int64_t rows : {1, 31, 70}) {
      expect_equals_the_reference(importance_weighted, draws, rows);
    }
  }
}

TEST(MixtureOfPosteriors, EqualsTheReference) {
  for (const int64_t rows : {1, 31, 600}) {
    expect_equals_the_reference(mixture_of_posteriors, 1, rows);
  }
}

TEST(UniformRows, EqualTheReference) {
  for (const int64_t rows : {1, 31, 130}) expect_equals_the_reference(learned_row, 1, rows);
}

TEST(FullCovariance, EqualsTheReference) {
  for (const int64_t rows : {1, 31, 130}) expect_equals_the_reference(full_covariance, 1, rows);
}

TEST(SeveralDraws, TakeLossAndGradientFromOnePass) {
  std::string plan;
  outputs_of(with_gradients(several_draws, 5, 64), 1, Precision::kBF16, &plan);
  EXPECT_NE(std::string::npos, plan.find("bernoulli_with_gradient")) << plan;
  outputs_of(with_gradients(importance_weighted, 5, 64), 1, Precision::kF32, &plan);
  EXPECT_NE(std::string::npos, plan.find("bernoulli_with_gradient")) << plan;
}

}  // namespace
}  // namespace isthmus
