// SPDX-License-Identifier: Apache-2.0
// Tiny data sets and runs for tests of training: a few dozen items, a network of a few hundred
// weights, the reference device. Not part of the product.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "isthmus/base/rng_key.h"
#include "isthmus/testing/reference_device.h"
#include "isthmus/train/trainer.h"

namespace isthmus {

/// `count` grey images of side x side bytes: a bright row or column at a keyed place, and noise.
inline Dataset tiny_images(int64_t count, uint64_t seed = 5, int64_t side = 4) {
  Dataset data;
  data.spec.kind = DataKind::kImage;
  data.spec.item_shape = {side, side};
  data.spec.dtype = Dtype::kU8;
  data.values = Tensor(Dtype::kU8, {count, side, side});
  data.source = "tiny";
  const RngKey key = RngKey::from(seed, "tiny");
  const int64_t pixels = side * side;
  std::vector<float> u(static_cast<size_t>(pixels + 2));
  for (int64_t i = 0; i < count; ++i) {
    fill_uniform(key, static_cast<uint64_t>(i), 0, 0, u.data(), pixels + 2);
    const auto line = static_cast<int64_t>(u[0] * static_cast<float>(side));
    for (int64_t p = 0; p < pixels; ++p) {
      const bool lit = (u[1] < 0.5f ? p / side : p % side) == line;
      data.values.values<uint8_t>()[static_cast<size_t>(i * pixels + p)] =
          static_cast<uint8_t>((lit ? 200 : 10) + 40 * u[static_cast<size_t>(2 + p)]);
    }
  }
  data.spec.fields = {{.name = "",
                       .min = 0,
                       .max = 255,
                       .mean = 80,
                       .standard_deviation = 80,
                       .binary = false,
                       .constant = false,
                       .integer = true}};
  return data;
}

/// A folder of its own under the temporary directory, empty.
inline std::string fresh_folder(const std::string& name) {
  const std::string path = ::testing::TempDir() + "isthmus-" + name;
  std::filesystem::remove_all(path);
  return path;
}

/// 64 weights wide, 4 batches of 10 per epoch (the last one partial), 3 epochs.
inline TrainRequest tiny_request(const Dataset& data, Device& device, const std::string& out) {
  TrainRequest request;
  request.dataset = &data;
  request.device = &device;
  request.options.run.out = out;
  request.options.run.samples_every = "none";
  request.options.own.texts["model.hidden"] = "6";
  request.options.model.latent_dim = "2";
  request.options.loop.batch_size = "10";
  request.options.loop.epochs = "3";
  request.options.optimizer.learning_rate = 0.01;
  return request;
}

/// Records everything and stops when told to.
class RecordingObserver : public TrainObserver {
 public:
  void on_choices(const std::vector<Choice>& c) override { choices = c; }
  void on_summary(const TrainSummary& s) override { summary = s; }
  void on_progress(const Progress& p) override { progress.push_back(p); }
  void on_epoch(const EpochRecord& e) override { epochs.push_back(e); }
  void on_event(const TrainEvent& e) override { events.push_back(e); }
  StopRequest stop_requested() override {
    ++steps;
    if (at_step) at_step(steps);
    return steps == stop_at ? StopRequest::kStop : StopRequest::kNone;
  }
  bool has_event(const std::string& kind) const {
    for (const TrainEvent& e : events) {
      if (e.kind == kind) return true;
    }
    return false;
  }

  std::vector<Choice> choices;
  TrainSummary summary;
  std::vector<Progress> progress;
  std::vector<EpochRecord> epochs;
  std::vector<TrainEvent> events;
  int64_t steps = 0, stop_at = -1;
  std::function<void(int64_t)> at_step;
};

}  // namespace isthmus
