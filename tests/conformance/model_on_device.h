// SPDX-License-Identifier: Apache-2.0
// One graph of a model on the CPU device and in the double reference, from the same weights, items
// and noise.
#pragma once

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/models/model.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {

inline constexpr uint64_t kSeed = 9;

/// Images of 4 x 5 values in [0, 1], said to be whole: every likelihood takes them.
inline DataSpec small_images() {
  return {.kind = DataKind::kImage,
          .item_shape = {4, 5},
          .dtype = Dtype::kF32,
          .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3, .integer = true}}};
}

/// Images of an odd and a prime side that every network takes; mlp takes the smaller ones.
inline DataSpec images_for(const std::string& net) {
  DataSpec images = small_images();
  if (net != "mlp") images.item_shape = {9, 11, 2};
  return images;
}

/// Options of small networks.
inline OwnOptions small_net(const std::string& net, const std::string& hidden) {
  return {.texts = {{"model.arch", net}, {"model.hidden", hidden}, {"model.stages", "3,4"}}};
}

/// Models that are trained by steps.
inline std::vector<std::string> models_of_steps() {
  std::vector<std::string> names;
  for (const ModelDef& def : all_models()) {
    if (!def.fit) names.emplace_back(def.name);
  }
  return names;
}

/// Feeds both sides; items are visited in an order that is not that of the data.
class ModelOnDevice {
 public:
  ModelOnDevice(Graph graph, int64_t num_items, Precision precision = Precision::kF32)
      : graph_(std::move(graph)), device_(open_device({.device = "cpu", .threads = 2})) {
    executor_ = device_->compile(graph_, {.max_rows = num_items, .precision = precision});
    for (int64_t i = 0; i < num_items; ++i) items_.push_back((i * 7 + 3) % num_items);
    for (const auto& [name, tensor] : initialize(graph_, kSeed)) {
      executor_->set(name, tensor);
      const auto values = tensor.values<float>();
      leaves_[name] = {values.begin(), values.end()};
    }
    for (const Node& node : graph_.nodes()) {
      if (node.kind == NodeKind::kInput) bind(node, num_items);
    }
  }

  const Graph& graph() const { return graph_; }
  Executor& executor() { return *executor_; }
  LeafValues& leaves() { return leaves_; }
  int64_t rows() const { return static_cast<int64_t>(items_.size()); }

  void set_scalar(const std::string& name, double value) {
    for (const Node& node : graph_.nodes()) {
      if (node.kind != NodeKind::kScalar || node.name != name) continue;
      executor_->set_scalar(name, value);
      leaves_[name] = {value};
    }
  }

  /// Runs both; the reference is returned.
  ReferenceRun run(uint32_t epoch) {
    for (const Node& node : graph_.nodes()) draw_noise(node, epoch);
    step(epoch);
    return run_reference(graph_, rows(), leaves_);
  }
  /// The device alone.
  void step(uint32_t epoch) { executor_->run({.items = items_, .epoch = epoch, .seed = kSeed}); }

 private:
  void bind(const Node& node, int64_t num_items) {
    const int64_t size = value_count(node.type.shape);
    std::vector<double> drawn = case_values(node.name, num_items * size, 0, 1);
    if (node.name == "place") std::iota(drawn.begin(), drawn.end(), 0.0);
    const std::vector<float> stored(drawn.begin(), drawn.end());
    Shape shape = node.type.shape;
    shape.insert(shape.begin(), num_items);
    executor_->bind_input(node.name, Tensor::from<float>(shape, stored), {});
    std::vector<double>& values = leaves_[node.name];
    for (int64_t item : items_) {
      const auto first = drawn.begin() + item * size;
      values.insert(values.end(), first, first + size);
    }
  }

  void draw_noise(const Node& node, uint32_t epoch) {
    if (node.kind != NodeKind::kNormal && node.kind != NodeKind::kUniform) return;
    auto* fill = node.kind == NodeKind::kNormal ? fill_normal : fill_uniform;
    const RngKey key = RngKey::from(kSeed, "noise/" + node.name);
    std::vector<float> row(static_cast<size_t>(value_count(node.type.shape)));
    std::vector<double>& values = leaves_[node.name];
    values.clear();
    for (int64_t item : items_) {
      fill(key, static_cast<uint64_t>(item), epoch, 0, row.data(),
           static_cast<int64_t>(row.size()));
      values.insert(values.end(), row.begin(), row.end());
    }
  }

  Graph graph_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Executor> executor_;
  std::vector<int64_t> items_;
  LeafValues leaves_;
};

}  // namespace isthmus
