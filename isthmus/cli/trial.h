// SPDX-License-Identifier: Apache-2.0
// A training job made by hand, without run folder: what `doctor` checks and `bench` times.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "isthmus/base/clock.h"
#include "isthmus/data/dataset.h"
#include "isthmus/models/model.h"
#include "isthmus/runtime/open_device.h"

namespace isthmus {

/// Byte images that follow from the seed alone; fields are those of any bytes.
Dataset made_up_images(int64_t count, int64_t side, uint64_t seed);

/// Options that are set, by key.
using TrialSettings = std::vector<std::pair<std::string, std::string>>;

/// The model of a preset (or, for "none", what train would choose) on these data.
ModelSetup trial_model(const std::string& preset, const Dataset& data,
                       const TrialSettings& settings = {});
/// Its training step with Adam.
Graph trial_step(const ModelSetup& model);

/// Graph, executor and first weights of an optimizer step on a bound data set.
class Trial {
 public:
  Trial(const ModelSetup& model, const Dataset& data, Device& device, int64_t batch_size,
        Precision precision);
  Trial(const Graph& step, const Scaling& scaling, const Dataset& data, Device& device,
        CompileOptions options);

  Executor& executor() { return *executor_; }
  int64_t batch_size() const { return batch_size_; }
  int64_t num_items() const { return num_items_; }
  int64_t steps_per_epoch() const { return (num_items_ + batch_size_ - 1) / batch_size_; }
  /// Floating-point operations of the matrix products of a whole batch, forward and backward.
  double step_product_flops() const { return product_flops_; }

  /// What times are measured by: of the process where it has one thread, so that others on the
  /// machine do not count.
  static const Clock& clock_for(const DeviceInfo& device);
  /// The next step in the order of the epochs; returns its seconds by that clock.
  double step();

 private:
  std::unique_ptr<Executor> executor_;
  std::vector<uint64_t> places_;
  std::vector<int64_t> items_;
  const Clock& clock_;
  int64_t batch_size_, num_items_, done_ = 0;
  double product_flops_ = 0;
  bool has_step_ = false;
};

/// Digest over all weights and states after some steps with this many threads.
std::string digest_of_training(const ModelSetup& model, const Dataset& data, int threads,
                               Precision precision, int64_t steps);

}  // namespace isthmus
