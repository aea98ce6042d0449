// SPDX-License-Identifier: Apache-2.0
// A copy of all parameters and states of an executor: the last good state that training returns to
// when it diverges, and what the background writer saves. Taking a copy into existing memory does
// not allocate.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isthmus/exec/executor.h"
#include "isthmus/tensor/tensor.h"
#include "isthmus/train/train_state.h"

namespace isthmus {

class StateCopy {
 public:
  explicit StateCopy(const Executor& executor);

  /// Copies and looks for values that are not finite: if there are any, false, and what was taken
  /// before stays.
  bool take(const Executor& executor, const TrainState& state);
  /// What a checkpoint says, instead of what the executor has: the same names.
  void assign(const NamedTensors& tensors, const TrainState& state);
  /// More is known of the state whose tensors were taken.
  void note(const TrainState& state) { state_ = state; }
  void restore(Executor& executor, TrainState& state) const;
  const TrainState& state() const { return state_; }
  /// Adds the tensors, their names behind `prefix`.
  void copy_into(NamedTensors& tensors, std::string_view prefix) const;
  uint64_t num_bytes() const;

 private:
  std::vector<std::string> names_;
  std::vector<Tensor> tensors_, spare_;
  TrainState state_;
};

/// All tensors in memory of their own, for the background writer; nullopt if a value is not finite.
std::optional<NamedTensors> copy_state(const Executor& executor);

/// "encoder/0/weight[17] is nan" for the first tensor that is not finite.
std::optional<std::string> first_bad_value(const Executor& executor);

}  // namespace isthmus
