// SPDX-License-Identifier: Apache-2.0
// Initializers: a variance from the fans of a weight, then keyed normal or uniform draws. Only here
// is randomness turned into weights; graphs merely name the kind.
#include "isthmus/nn/initializers.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/registry.h"

namespace isthmus {
namespace {

struct Fans {
  double in = 1, out = 1;
};

Fans fans_of(const Shape& shape) {
  if (shape.empty()) return {};
  const double last = static_cast<double>(shape.back());
  if (shape.size() == 1) return {last, last};
  if (shape.size() == 4) {  // a kernel (KH, KW, I, O): a pixel of either side meets all its places
    const auto places = static_cast<double>(shape[0] * shape[1]);
    return {places * static_cast<double>(shape[2]), places * last};
  }
  return {static_cast<double>(value_count(shape)) / last, last};
}

/// Draws are scaled in double and rounded once, so the bits do not depend on contraction.
Tensor drawn(const Shape& shape, RngKey key, double standard_deviation, bool normal) {
  Tensor tensor(Dtype::kF32, shape);
  const std::span<float> values = tensor.values<float>();
  if (normal) {
    fill_normal(key, 0, 0, 0, values.data(), tensor.num_values());
    for (float& v : values) v = static_cast<float>(static_cast<double>(v) * standard_deviation);
  } else {
    const double half_width = std::sqrt(3.0) * standard_deviation;
    fill_uniform(key, 0, 0, 0, values.data(), tensor.num_values());
    for (float& v : values) {
      v = static_cast<float>((2.0 * static_cast<double>(v) - 1.0) * half_width);
    }
  }
  return tensor;
}

Tensor filled(const Shape& shape, double value) {
  Tensor tensor(Dtype::kF32, shape);
  const std::span<float> values = tensor.values<float>();
  std::fill(values.begin(), values.end(), static_cast<float>(value));
  return tensor;
}

/// The second of two heads starts smaller.
void scale_tail(const Initializer& initializer, Tensor& weight) {
  if (initializer.tail == 0) return;
  const auto outputs = static_cast<size_t>(weight.shape().back());
  const size_t first = outputs - static_cast<size_t>(initializer.tail);
  const std::span<float> values = weight.values<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    if (i % outputs < first) continue;
    values[i] = static_cast<float>(static_cast<double>(values[i]) * initializer.tail_scale);
  }
}

Tensor initialize_whole(const Initializer& initializer, const Shape& shape, RngKey key) {
  const std::string& kind = initializer.kind;
  const Fans fans = fans_of(shape);
  if (kind == "zeros") return filled(shape, 0);
  if (kind == "constant") return filled(shape, initializer.value);
  if (kind == "values") return Tensor::from<float>(shape, std::span(initializer.values));
  if (kind == "normal") return drawn(shape, key, initializer.value, true);
  if (kind == "glorot_uniform" || kind == "glorot_normal") {
    return drawn(shape, key, std::sqrt(2.0 / (fans.in + fans.out)), kind == "glorot_normal");
  }
  if (kind == "he_uniform" || kind == "he_normal") {
    return drawn(shape, key, std::sqrt(2.0 / fans.in), kind == "he_normal");
  }
  if (kind == "lecun_normal") return drawn(shape, key, std::sqrt(1.0 / fans.in), true);
  refuse_name({.noun = "initializer", .key = "init"}, kind, weight_initializer_names());
}

}  // namespace

std::vector<std::string> weight_initializer_names() {
  return {"glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_normal"};
}

Tensor initialize(const Initializer& initializer, const Shape& shape, RngKey key) {
  Tensor tensor = initialize_whole(initializer, shape, key);
  scale_tail(initializer, tensor);
  return tensor;
}

NamedTensors initialize(const Graph& graph, uint64_t seed) {
  NamedTensors tensors;
  for (const Node& node : graph.nodes()) {
    if (node.kind != NodeKind::kParameter && node.kind != NodeKind::kState) continue;
    const RngKey key = RngKey::from(seed, "init/" + node.name);
    tensors.emplace(node.name, initialize(node.initializer, node.type.shape, key));
  }
  return tensors;
}

}  // namespace isthmus
