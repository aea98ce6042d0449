// SPDX-License-Identifier: Apache-2.0
// Copies of an executor's state and the search for values that are not finite. Called between steps
// only; the executor itself never looks back.
#include "isthmus/train/state_copy.h"

#include <cmath>

namespace isthmus {
namespace {

/// Infinity and NaN have all exponent bits set; the sum of such bit patterns never hides one.
bool all_finite(std::span<const float> values) {
  uint32_t bad = 0;
  for (float v : values) {
    uint32_t bits;
    __builtin_memcpy(&bits, &v, sizeof bits);
    bad |= static_cast<uint32_t>((bits & 0x7f800000u) == 0x7f800000u);
  }
  return bad == 0;
}

}  // namespace

StateCopy::StateCopy(const Executor& executor) : names_(executor.state_names()) {
  for (const std::string& name : names_) {
    tensors_.push_back(executor.get(name));
    spare_.push_back(tensors_.back().clone());
  }
}

bool StateCopy::take(const Executor& executor, const TrainState& state) {
  for (size_t i = 0; i < names_.size(); ++i) {
    executor.get_into(names_[i], spare_[i]);
    if (!all_finite(spare_[i].values<float>())) return false;
  }
  tensors_.swap(spare_);
  state_ = state;
  return true;
}

void StateCopy::assign(const NamedTensors& tensors, const TrainState& state) {
  for (size_t i = 0; i < names_.size(); ++i) tensors_[i] = tensors.at(names_[i]).clone();
  state_ = state;
}

void StateCopy::copy_into(NamedTensors& tensors, std::string_view prefix) const {
  for (size_t i = 0; i < names_.size(); ++i) {
    tensors.emplace(std::string(prefix) + names_[i], tensors_[i].clone());
  }
}

void StateCopy::restore(Executor& executor, TrainState& state) const {
  for (size_t i = 0; i < names_.size(); ++i) executor.set(names_[i], tensors_[i]);
  state = state_;
}

uint64_t StateCopy::num_bytes() const {
  uint64_t bytes = 0;
  for (const Tensor& tensor : tensors_) bytes += tensor.num_bytes();
  return 2 * bytes;
}

std::optional<NamedTensors> copy_state(const Executor& executor) {
  NamedTensors copy;
  for (const std::string& name : executor.state_names()) {
    const auto at = copy.emplace(name, executor.get(name)).first;
    if (!all_finite(at->second.values<float>())) return std::nullopt;
  }
  return copy;
}

std::optional<std::string> first_bad_value(const Executor& executor) {
  for (const std::string& name : executor.state_names()) {
    const Tensor tensor = executor.get(name);
    const auto values = tensor.values<float>();
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i])) continue;
      return name + "[" + std::to_string(i) + "] is " +
             (std::isnan(values[i]) ? "nan" : "infinite");
    }
  }
  return std::nullopt;
}

}  // namespace isthmus
