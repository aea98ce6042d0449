// SPDX-License-Identifier: Apache-2.0
// Training by hand, as examples/ show it: a graph, an executor, one step after another. No
// validation, no files, no decisions.
#include "isthmus/cli/trial.h"

#include <algorithm>

#include "isthmus/base/clock.h"
#include "isthmus/base/digest.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/models/summary.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/train/choices.h"

namespace isthmus {
namespace {

double product_flops(const Graph& graph) {
  double flops = 0;
  bool first = true;
  for (const LayerRow& layer : model_summary(graph)) {
    if (layer.kind != "linear") continue;
    const auto weights = static_cast<double>(value_count(layer.weight_shape));
    // Forward, gradient of the weights, gradient of the input; the data need none.
    flops += (first ? 4 : 6) * weights;
    first = false;
  }
  return flops;
}

bool has_scalar(const Graph& graph, std::string_view name) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(), [&](const Node& node) {
    return node.kind == NodeKind::kScalar && node.name == name;
  });
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

ModelSetup trial_model(const std::string& preset, const Dataset& data) {
  TrainOptions options;
  options.model.preset = preset;
  options.hold_out.val = "0";
  const ResolvedOptions resolved = resolve_options(options, data.spec, data.num_items(), {});
  ModelSetup setup{.model = resolved.options.model, .own = resolved.options.own, .data = data.spec};
  setup.data.scaling = resolved.scaling;
  return setup;
}

Trial::Trial(const ModelSetup& model, const Dataset& data, Device& device, int64_t batch_size,
             Precision precision)
    : batch_size_(std::min(batch_size, data.num_items())), num_items_(data.num_items()) {
  GraphBuilder g;
  add_update(g, build_training(g, model).objectives, {});
  const Graph graph = std::move(g).finish();
  flops_per_item_ = product_flops(graph);
  executor_ = device.compile(graph, {.max_rows = batch_size_, .precision = precision});
  executor_->bind_input("x", data.values, model.data.scaling);
  for (const auto& [name, tensor] : initialize(graph, 0)) executor_->set(name, tensor);
  executor_->set_scalar("learning_rate", 1e-3);
  if (has_scalar(graph, "kl_weight")) executor_->set_scalar("kl_weight", 1.0);
  items_.resize(static_cast<size_t>(batch_size_));
}

double Trial::step() {
  const double begin = monotonic_clock().seconds();
  const auto epoch = static_cast<uint32_t>(done_ / steps_per_epoch());
  const int64_t first = done_ % steps_per_epoch() * batch_size_;
  const int64_t rows = std::min(batch_size_, num_items_ - first);
  const KeyedPermutation order(RngKey::from(0, "shuffle"), epoch,
                               static_cast<uint64_t>(num_items_));
  places_.resize(static_cast<size_t>(rows));
  order.take(static_cast<uint64_t>(first), places_);
  std::copy(places_.begin(), places_.end(), items_.begin());
  executor_->set_scalar("step", static_cast<double>(++done_));
  executor_->run({.items = std::span<const int64_t>(items_).first(static_cast<size_t>(rows)),
                  .epoch = epoch,
                  .seed = 0});
  return monotonic_clock().seconds() - begin;
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
