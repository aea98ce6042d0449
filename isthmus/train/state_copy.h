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
  void restore(Executor& executor, TrainState& state) const;
  bool taken() const { return taken_; }
  const TrainState& state() const { return state_; }
  uint64_t num_bytes() const;

 private:
  std::vector<std::string> names_;
  std::vector<Tensor> tensors_, spare_;
  TrainState state_;
  bool taken_ = false;
};

/// All tensors in memory of their own, for the background writer; nullopt if a value is not finite.
std::optional<NamedTensors> copy_state(const Executor& executor);

/// "encoder/0/weight[17] is nan" for the first tensor that is not finite.
std::optional<std::string> first_bad_value(const Executor& executor);

}  // namespace isthmus
