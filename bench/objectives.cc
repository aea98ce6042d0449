// SPDX-License-Identifier: Apache-2.0
// Steps of objectives that are more than one forward pass per item, each against the step of a
// plain VAE 784-128-20 measured in turn with it: several draws, importance weights, a mixture of
// posteriors as prior, a full covariance.
//
//   objectives_bench [BATCH [RUNS [THREADS]]]        --plan CASE prints its plan
#include <time.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>

#include "isthmus/base/clock.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/runtime/open_device.h"

namespace isthmus {
namespace {

constexpr int64_t kD = 784, kH = 128, kZ = 20, kItems = 2048, kPseudo = 500;
constexpr double kLog2Pi = 1.8378770664093454836;

struct Layer {
  Value weight, bias;
};

Layer layer(GraphBuilder& g, const std::string& name, int64_t in, int64_t out) {
  return {g.parameter(name + "/weight", {in, out}, {.kind = "glorot_uniform"}),
          g.parameter(name + "/bias", {out}, {})};
}

Value apply(GraphBuilder& g, const Layer& l, Value x) {
  return g.add(g.matmul(x, l.weight), l.bias);
}

struct Normals {
  Value mean, log_var;
};

struct Nets {
  Layer hidden, heads, back, out;
  explicit Nets(GraphBuilder& g, int64_t heads_width = 2 * kZ)
      : hidden(layer(g, "e0", kD, kH)),
        heads(layer(g, "e1", kH, heads_width)),
        back(layer(g, "d0", kZ, kH)),
        out(layer(g, "d1", kH, kD)) {}
  Normals encode(GraphBuilder& g, Value x) const {
    const Value h = apply(g, heads, g.relu(apply(g, hidden, x)));
    return {g.slice({{"begin", 0}, {"end", kZ}}, h),
            g.soft_bound(g.slice({{"begin", kZ}, {"end", 2 * kZ}}, h))};
  }
  Value log_likelihood(GraphBuilder& g, Value z, Value x) const {
    const Value logits = apply(g, out, g.relu(apply(g, back, z)));
    return g.sum(g.bernoulli_log_prob(logits, x));
  }
};

Value draw(GraphBuilder& g, const Normals& q, const Shape& shape) {
  const Value deviation = g.exp(g.mul(q.log_var, g.constant(0.5)));
  return g.add(q.mean, g.mul(deviation, g.normal("z", shape)));
}

Value log_normal(GraphBuilder& g, const Normals& q, Value z) {
  const Value distance = g.mul(g.square(g.sub(z, q.mean)), g.exp(g.neg(q.log_var)));
  return g.mul(g.sum(g.add(g.add(distance, q.log_var), g.constant(kLog2Pi))), g.constant(-0.5));
}

Value log_standard(GraphBuilder& g, Value z) {
  return g.mul(g.sum(g.add(g.square(z), g.constant(kLog2Pi))), g.constant(-0.5));
}

Value kl(GraphBuilder& g, const Normals& q) {
  const Value each = g.sub(g.expm1(q.log_var), q.log_var);
  return g.mul(g.sum(g.add(each, g.square(q.mean))), g.constant(0.5));
}

/// `draws` 0: one draw without an axis of its own.
Value vae(GraphBuilder& g, int64_t draws) {
  const Nets nets(g);
  const Value x = g.input("x", {kD});
  const Normals q = nets.encode(g, x);
  const Value z = draw(g, q, draws == 0 ? Shape{kZ} : Shape{draws, kZ});
  Value fit = nets.log_likelihood(g, z, x);
  if (draws > 0) fit = g.mean(fit);
  return g.batch_mean(g.sub(kl(g, q), fit));
}

Value importance_weighted(GraphBuilder& g, int64_t draws) {
  const Nets nets(g);
  const Value x = g.input("x", {kD});
  const Normals q = nets.encode(g, x);
  const Value z = draw(g, q, {draws, kZ});
  const Value ratio = g.sub(log_standard(g, z), log_normal(g, q, z));
  const Value log_w = g.add(nets.log_likelihood(g, z, x), ratio);
  return g.neg(g.batch_mean(g.logsumexp(log_w)));
}

/// log p(z) = log mean_c N(z; m_c, v_c), the posterior of pseudo-input c, by two products.
Value mixture_of_posteriors(GraphBuilder& g) {
  const Nets nets(g);
  const Value x = g.input("x", {kD});
  const Normals q = nets.encode(g, x);
  const Value z = draw(g, q, {kZ});
  const Value pseudo = g.parameter("pseudo", {kPseudo, kD}, {.kind = "normal", .value = 0.1});
  const Value h = apply(g, nets.heads, g.relu(apply(g, nets.hidden, pseudo)));
  const Value mean = g.slice({{"begin", 0}, {"end", kZ}}, h);
  const Value log_var = g.soft_bound(g.slice({{"begin", kZ}, {"end", 2 * kZ}}, h));
  const Value precision = g.exp(g.neg(log_var));
  const Value scaled = g.mul(mean, precision);
  const Value constants = g.sum(g.add(g.add(g.mul(mean, scaled), log_var), g.constant(kLog2Pi)));
  const Attrs tb = {{"transpose_b", 1}};
  const Value squares = g.mul(g.matmul(tb, g.square(z), precision), g.constant(-0.5));
  const Value each =
      g.sub(g.add(squares, g.matmul(tb, z, scaled)), g.mul(constants, g.constant(0.5)));
  const Value prior = g.sub(g.logsumexp(each), g.constant(std::log(double{kPseudo})));
  const Value fit = nets.log_likelihood(g, z, x);
  return g.batch_mean(g.sub(log_normal(g, q, z), g.add(fit, prior)));
}

/// z = mean + L noise with a full (Z, Z) factor per item.
Value full_covariance(GraphBuilder& g) {
  const Nets nets(g, kZ + kZ * kZ);
  const Value x = g.input("x", {kD});
  const Value h = apply(g, nets.heads, g.relu(apply(g, nets.hidden, x)));
  const Value mean = g.slice({{"begin", 0}, {"end", kZ}}, h);
  const Value factor =
      g.reshape({{"shape", Shape{kZ, kZ}}}, g.slice({{"begin", kZ}, {"end", kZ + kZ * kZ}}, h));
  const Value noise = g.reshape({{"shape", Shape{1, kZ}}}, g.normal("z", {kZ}));
  const Value z = g.add(mean, g.sum(g.mul(factor, noise)));
  const Value fit = nets.log_likelihood(g, z, x);
  return g.batch_mean(g.sub(log_standard(g, z), fit));
}

struct Case {
  std::string name;
  std::function<Value(GraphBuilder&)> objective;
  double passes = 1;  // decoder passes per item
};

/// A chain of products that stays in the L2 cache: the most that products reach here.
Value peak(GraphBuilder& g) {
  const Value w = g.parameter("w", {256, 256}, {.kind = "glorot_uniform"});
  Value product = g.slice({{"begin", 0}, {"end", 256}}, g.input("x", {kD}));
  for (int i = 0; i < 32; ++i) product = g.matmul(product, w);
  return g.batch_mean(g.sum(product));
}

std::vector<Case> cases() {
  return {{"vae", [](GraphBuilder& g) { return vae(g, 0); }},
          {"vae_2_draws", [](GraphBuilder& g) { return vae(g, 2); }, 2},
          {"vae_5_draws", [](GraphBuilder& g) { return vae(g, 5); }, 5},
          {"iwae_5", [](GraphBuilder& g) { return importance_weighted(g, 5); }, 5},
          {"iwae_50", [](GraphBuilder& g) { return importance_weighted(g, 50); }, 50},
          {"mixture_500", [](GraphBuilder& g) { return mixture_of_posteriors(g); }},
          {"full_covariance", [](GraphBuilder& g) { return full_covariance(g); }},
          {"peak", peak, 0}};
}

struct Running {
  std::unique_ptr<Executor> executor;
  double best_ms = 1e30;
};

Running start(Device& device, const Case& c, int64_t batch, Precision precision,
              const Tensor& images) {
  GraphBuilder g;
  const Value objective = c.objective(g);
  if (c.passes > 0) add_update(g, objective, {}, {});
  g.output("objective", objective);
  const Graph graph = std::move(g).finish();
  Running r{device.compile(graph, {.max_rows = batch, .precision = precision})};
  for (const auto& [name, tensor] : initialize(graph, 0)) r.executor->set(name, tensor);
  r.executor->bind_input("x", images, {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}});
  r.executor->set_scalar("learning_rate", 1e-3);
  r.executor->set_scalar("step", 1);
  return r;
}

/// Processor time: with one thread, what a machine that others use leaves comparable.
double processor_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

void time_step(Running& r, int64_t batch, bool alone) {
  std::vector<int64_t> items(static_cast<size_t>(batch));
  std::iota(items.begin(), items.end(), 0);
  for (int64_t& i : items) i = i * 7 % kItems;
  const auto now = [&] { return alone ? processor_seconds() : monotonic_clock().seconds(); };
  const double begin = now();
  r.executor->run({.items = items});
  r.best_ms = std::min(r.best_ms, 1e3 * (now() - begin));
}

double product_mflop(const Case& c) {
  if (c.passes == 0) return 32 * 2.0 * 256 * 256 / 1e6;
  const double encoder = 2.0 * (2 * kD * kH + 3 * kH * 2 * kZ);
  return (encoder + c.passes * 2.0 * 3 * (kZ * kH + kH * kD)) / 1e6;
}

void print_case(const Case& c, const Running& r, double vae_ms, int64_t batch, bool profile) {
  std::printf("%-16s %9.3f ms  %6.2f x  %7.1f GFLOP/s  %6.1f MiB", c.name.c_str(), r.best_ms,
              r.best_ms / vae_ms, product_mflop(c) * static_cast<double>(batch) / r.best_ms,
              static_cast<double>(r.executor->num_bytes()) / 1048576.0);
  const StepProfile p = r.executor->profile();
  const double f = 1e3 / static_cast<double>(p.steps);
  if (profile) {
    std::printf("  gemm %.2f lik %.2f opt %.2f pack %.2f in %.2f wait %.2f other %.2f", f * p.gemm,
                f * p.likelihood, f * p.optimizer, f * p.packing, f * p.input, f * p.barrier,
                f * p.other);
  }
  std::printf("\n");
  for (const std::string& name : r.executor->warnings())
    std::printf("  WARNING %s\n", name.c_str());
}

int run(int argc, char** argv) {
  const bool plan = argc > 2 && std::string(argv[1]) == "--plan";
  const int64_t batch = argc > 1 && !plan ? std::atoll(argv[1]) : 512;
  const int64_t runs = argc > 2 && !plan ? std::atoll(argv[2]) : 20;
  Tensor images(Dtype::kU8, {kItems, kD});
  auto values = images.values<uint8_t>();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
  const int64_t threads = argc > 3 ? std::atoll(argv[3]) : 0;
  DeviceOptions options;
  if (threads > 0) options.threads = static_cast<int>(threads);
  const auto device = open_device(options);
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    std::vector<Running> running;
    for (const Case& c : cases()) {
      running.push_back(start(*device, c, batch, precision, images));
      if (plan && c.name == argv[2])
        std::printf("%s", running.back().executor->plan_text().c_str());
    }
    if (plan) continue;
    for (int64_t k = 0; k < runs; ++k) {
      for (Running& r : running) time_step(r, batch, threads == 1);
    }
    std::printf("%s, batch %lld\n", std::string(precision_name(precision)).c_str(),
                static_cast<long long>(batch));
    for (size_t k = 0; k < running.size(); ++k) {
      print_case(cases()[k], running[k], running[0].best_ms, batch, true);
    }
  }
  return 0;
}

}  // namespace
}  // namespace isthmus

int main(int argc, char** argv) { return isthmus::run(argc, argv); }
