// SPDX-License-Identifier: Apache-2.0
// Training by hand, as examples/ show it: a graph, an executor, one step after another. No
// validation, no files, no decisions.
#include "isthmus/cli/trial.h"

#include <algorithm>
#include <numeric>

#include "isthmus/base/digest.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/graph/product_flops.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/train/choices.h"

namespace isthmus {
namespace {

bool has_leaf(const Graph& graph, NodeKind kind, std::string_view name) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                     [&](const Node& node) { return node.kind == kind && node.name == name; });
}

/// 0, 1, 2, ...: (N, 1).
Tensor counted(int64_t count) {
  Tensor places(Dtype::kF32, {count, 1});
  std::iota(places.values<float>().begin(), places.values<float>().end(), 0.0f);
  return places;
}

}  // namespace

Dataset made_up_images(int64_t count, int64_t side, uint64_t seed) {
  Dataset data;
  data.spec.kind = DataKind::kImage;
  data.spec.item_shape = {side, side};
  data.spec.dtype = Dtype::kU8;
  data.spec.fields = {{.name = "",
                       .min = 0,
                       .max = 255,
                       .mean = 85,
                       .standard_deviation = 76,
                       .binary = false,
                       .constant = false,
                       .integer = true}};
  data.values = Tensor(Dtype::kU8, {count, side, side});
  data.source = "made-up images";
  const RngKey key = RngKey::from(seed, "sample/images");
  std::vector<float> draws(static_cast<size_t>(side * side));
  uint8_t* out = data.values.values<uint8_t>().data();
  for (int64_t i = 0; i < count; ++i) {
    fill_uniform(key, static_cast<uint64_t>(i), 0, 0, draws.data(), side * side);
    for (float draw : draws) *out++ = static_cast<uint8_t>(255.0f * draw * draw);
  }
  return data;
}

ModelSetup trial_model(const std::string& preset, const Dataset& data,
                       const TrialSettings& settings) {
  TrainOptions options;
  options.model.preset = preset;
  options.hold_out.val = "0";
  OptionOrigins origins;
  for (const auto& [key, value] : settings) {
    set_option(options, key, value);
    origins[key] = "flag";
  }
  const ResolvedOptions resolved = resolve_options(options, data.spec, data.num_items(), origins);
  ModelSetup setup{.model = resolved.options.model, .own = resolved.options.own, .data = data.spec};
  setup.data.scaling = resolved.scaling;
  return setup;
}

Graph trial_step(const ModelSetup& model) {
  GraphBuilder g;
  add_update(g, build_training(g, model).objectives, {});
  return std::move(g).finish();
}

Trial::Trial(const ModelSetup& model, const Dataset& data, Device& device, int64_t batch_size,
             Precision precision)
    : Trial(trial_step(model), model.data.scaling, data, device,
            {.max_rows = batch_size, .precision = precision}) {}

Trial::Trial(const Graph& graph, const Scaling& scaling, const Dataset& data, Device& device,
             CompileOptions options)
    : clock_(clock_for(device.info())),
      batch_size_(std::min(options.max_rows, data.num_items())),
      num_items_(data.num_items()) {
  product_flops_ = product_flops(graph, batch_size_);
  options.max_rows = batch_size_;
  executor_ = device.compile(graph, options);
  executor_->bind_input("x", data.values, scaling);
  if (has_leaf(graph, NodeKind::kInput, "place")) {
    executor_->bind_input("place", counted(num_items_), Scaling{});
  }
  for (const auto& [name, tensor] : initialize(graph, 0)) executor_->set(name, tensor);
  for (const auto& [name, value] : {std::pair{"learning_rate", 1e-3}, {"kl_weight", 1.0}}) {
    if (has_leaf(graph, NodeKind::kScalar, name)) executor_->set_scalar(name, value);
  }
  has_step_ = has_leaf(graph, NodeKind::kScalar, "step");
  items_.resize(static_cast<size_t>(batch_size_));
}

const Clock& Trial::clock_for(const DeviceInfo& device) {
  return device.threads == 1 ? processor_clock() : monotonic_clock();
}

double Trial::step() {
  const double begin = clock_.seconds();
  const auto epoch = static_cast<uint32_t>(done_ / steps_per_epoch());
  const int64_t first = done_ % steps_per_epoch() * batch_size_;
  const int64_t rows = std::min(batch_size_, num_items_ - first);
  const KeyedPermutation order(RngKey::from(0, "shuffle"), epoch,
                               static_cast<uint64_t>(num_items_));
  places_.resize(static_cast<size_t>(rows));
  order.take(static_cast<uint64_t>(first), places_);
  std::copy(places_.begin(), places_.end(), items_.begin());
  ++done_;
  if (has_step_) executor_->set_scalar("step", static_cast<double>(done_));
  executor_->run({.items = std::span<const int64_t>(items_).first(static_cast<size_t>(rows)),
                  .epoch = epoch,
                  .seed = 0});
  return clock_.seconds() - begin;
}

std::string digest_of_training(const ModelSetup& model, const Dataset& data, int threads,
                               Precision precision, int64_t steps) {
  const auto device = open_device({.device = "cpu", .threads = threads});
  Trial trial(model, data, *device, 64, precision);
  for (int64_t i = 0; i < steps; ++i) trial.step();
  Xxh3Stream digest;
  for (const std::string& name : trial.executor().state_names()) {
    digest.update(trial.executor().get(name).bytes());
  }
  return digest.label();
}

}  // namespace isthmus
