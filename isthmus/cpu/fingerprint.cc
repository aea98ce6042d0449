// SPDX-License-Identifier: Apache-2.0
// The arithmetic fingerprint: what our kernels really compute here, as one digest. Every
// elementwise kernel by itself, and two programs as they are compiled for a run, whose steps are
// made of everything else: products of both precisions, fused patterns, reductions, kernels over
// the batch, windows and noise.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "isthmus/base/digest.h"
#include "isthmus/base/thread_pool.h"
#include "isthmus/cpu/cpu_executor.h"
#include "isthmus/cpu/fingerprint.h"
#include "isthmus/cpu/processor.h"

namespace isthmus {
namespace {

constexpr int64_t kItems = 70, kPixels = 48;  // more than a block, not whole vectors

/// Adam as optim/adam.cc builds it; the CPU runs these nodes as one pass.
void add_adam(GraphBuilder& g, Value weight, Value gradient) {
  const Value m = g.state_like(weight, "m"), v = g.state_like(weight, "v");
  const Value m_next = g.lerp(m, gradient, g.constant(0.1));
  const Value v_next = g.lerp(v, g.square(gradient), g.constant(0.001));
  g.assign(m, m_next);
  g.assign(v, v_next);
  const Value root = g.add(g.sqrt(g.mul(v_next, g.constant(1000.0))), g.constant(1e-8));
  const Value step = g.mul(g.mul(m_next, g.constant(10.0)), g.scalar("rate"));
  g.assign(weight, g.sub(weight, g.div(step, root)));
}

struct Layers {
  GraphBuilder& g;
  Value dense(Value x, const char* name, int64_t width) const {
    const GraphBuilder::Scope scope(g, name);
    const Value w = g.parameter("w", {g.shape(x).back(), width}, {});
    return g.add(g.matmul(x, w), g.parameter("b", {width}, {}));
  }
};

/// The images and codes that both programs learn from.
struct Start {
  Value x, z;
};

Start add_encoder(GraphBuilder& g) {
  const Layers layers{g};
  const Value x = g.input("x", {kPixels});
  const Value heads = layers.dense(g.relu(layers.dense(x, "hidden", 33)), "heads", 10);
  const Value mean = g.slice({{"begin", 0}, {"end", 5}}, heads);
  const Value log_var = g.slice({{"begin", 5}, {"end", 10}}, heads);
  const Value noise = g.normal("z", {5});
  const Value pick = g.sub(g.uniform("u", {5}), g.constant(0.5));
  const Value z = g.add(g.add(mean, g.mul(g.exp(g.mul(log_var, g.constant(0.5))), noise)), pick);
  return {x, z};
}

Value add_likelihood(GraphBuilder& g, const Start& start) {
  const Layers layers{g};
  const Value hidden = g.relu(layers.dense(start.z, "d0", kPixels));
  const Value maps = g.reshape({{"shape", Shape{3, 4, 4}}}, hidden);
  const Value kernel = g.parameter("kernel", {4, 4, 1, 4}, {});
  const Value image = g.conv2d_transpose({{"stride", 2}}, maps, kernel);
  const Value flat = g.reshape({{"shape", Shape{kPixels}}}, image);
  const Value logits = g.add(flat, g.parameter("bias", {kPixels}, {}));
  return g.sum(g.bernoulli_log_prob(logits, start.x));
}

/// What reads the whole batch, and reductions that are not the last axis's sum.
Value add_terms(GraphBuilder& g, const Start& start) {
  const Attrs pairs = {
      {"kernel", "imq"}, {"scales", std::vector<double>{0.5, 2.0}}, {"exclude_self", 1}};
  const Attrs near = {{"kernel", "rbf"}, {"scales", std::vector<double>{1.0}}};
  const Value mmd = g.add(g.kernel_sum(pairs, start.z, start.z),
                          g.kernel_sum(near, start.z, g.normal("prior", {5})));
  const Value sorted = g.sum_items(g.square(g.sort_rows(start.z)));
  const Value soft = g.softmax(g.reshape({{"shape", Shape{5, 1}}}, start.z));
  const Value mixed =
      g.sum_items(g.mul(soft, g.logsumexp(g.reshape({{"shape", Shape{1, 5}}}, start.z))));
  return g.add(g.add(mmd, sorted), mixed);
}

Tensor fixed_tensor(std::string_view purpose, const Shape& shape, float scale) {
  Tensor t(Dtype::kF32, shape);
  auto values = t.values<float>();
  fill_normal(RngKey::from(1, purpose), 0, 0, 0, values.data(), t.num_values());
  for (float& v : values) v *= scale;
  return t;
}

void add_program(Xxh3Stream& digest, ThreadPool& pool, Precision precision) {
  const Graph graph = fingerprint_step();
  CpuExecutor executor(graph, {.max_rows = kItems, .precision = precision}, pool);
  for (const Node& n : graph.nodes()) {
    if (n.kind != NodeKind::kParameter) continue;
    const auto inputs = static_cast<float>(std::max<int64_t>(1, value_count(n.type.shape)));
    executor.set(n.name, fixed_tensor(n.name, n.type.shape, 2 / std::sqrt(inputs)));
  }
  Tensor images(Dtype::kU8, {kItems, kPixels});
  auto bytes = images.values<uint8_t>();
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 37 % 251);
  executor.bind_input("x", images, {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}});
  executor.set_scalar("rate", 1e-3);
  std::vector<int64_t> items(kItems);
  std::iota(items.begin(), items.end(), 0);
  for (uint32_t epoch = 0; epoch < 2; ++epoch) {
    executor.run({.items = items, .epoch = epoch, .seed = 7});
  }
  digest.update(std::as_bytes(executor.rows("per_item")));
  for (const std::string& name : executor.state_names()) {
    digest.update(std::as_bytes(executor.get(name).values<float>()));
  }
}

void add_kernels(Xxh3Stream& digest) {
  const Tensor x = fixed_tensor("check/x", {1000}, 1);
  std::vector<float> y(1000);
  for (std::string_view name : elementwise_kernel_names()) {
    ElementwiseCall call{.rows = 1, .cols = 1000};
    for (Operand& in : call.in) in = {x.values<float>().data(), 0, 1, 1};
    call.dst = y.data();
    call.dst_stride = call.cols;
    find_elementwise_kernel(name)(call);
    digest.update(std::as_bytes(std::span(y)));
  }
}

}  // namespace

Graph fingerprint_step() {
  GraphBuilder g;
  const Start start = add_encoder(g);
  const Value per_item = g.sub(add_terms(g, start), add_likelihood(g, start));
  const Value loss = g.batch_mean(per_item);
  g.output("per_item", per_item);
  const Values weights = g.parameters();
  const Values gradients = differentiate(g, loss, weights);
  for (size_t k = 0; k < weights.size(); ++k) add_adam(g, weights[k], gradients[k]);
  return std::move(g).finish();
}

const std::string& arithmetic_fingerprint() {
  static const std::string label = [] {
    const ArithmeticGuard guard;
    ThreadPool pool(1);
    Xxh3Stream digest;
    restrict_kernels();
    add_kernels(digest);
    add_program(digest, pool, Precision::kF32);
    add_program(digest, pool, Precision::kBF16);
    return digest.label();
  }();
  return label;
}

}  // namespace isthmus
