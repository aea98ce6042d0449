// SPDX-License-Identifier: Apache-2.0
// The loop around an executor that all verbs and the validation share. No meaning of outputs here.
#include "isthmus/verbs/graph_runner.h"

#include <numeric>

#include "isthmus/verbs/feed.h"

namespace isthmus {
namespace {

constexpr int64_t kMaxRows = 512;
constexpr int64_t kValuesPerRun = int64_t{1} << 21;  // 8 MiB of float32 for the widest value

}  // namespace

int64_t plan_rows(int64_t values_per_row) {
  return std::clamp(kValuesPerRun / std::max<int64_t>(1, values_per_row), int64_t{1}, kMaxRows);
}

GraphRunner::GraphRunner(Device& device, const Graph& graph, const RunnerSettings& settings)
    : graph_(graph),
      height_(settings.height > 0 ? settings.height : plan_rows(settings.values_per_row)) {
  executor_ = device.compile(graph, {.max_rows = height_, .precision = settings.precision});
  items_.resize(static_cast<size_t>(height_));
  use(settings.seed, settings.purpose, settings.batch_size);
}

void GraphRunner::use(uint64_t seed, std::string_view purpose, int64_t batch_size) {
  seed_ = seed;
  purpose_ = purpose;
  batch_size_ = batch_size > 0 ? std::min(batch_size, height_) : height_;
}

void GraphRunner::bind(const Dataset& data, const DataSpec& model) {
  bind_data(*executor_, graph_, data, model);
}

bool GraphRunner::has_input(std::string_view name) const {
  return isthmus::has_input(graph_, name);
}

void GraphRunner::set_parameters(const NamedTensors& parameters) {
  for (uint32_t index : graph_.parameters()) {
    const std::string& name = graph_.nodes()[index].name;
    executor_->set(name, parameters.at(name));
  }
}

void GraphRunner::run(int64_t first, int64_t rows, uint32_t draw) {
  std::iota(items_.begin(), items_.begin() + rows, first);
  run(std::span<const int64_t>(items_).first(static_cast<size_t>(rows)), draw);
}

void GraphRunner::run(std::span<const int64_t> items, uint32_t draw) {
  executor_->run({.items = items, .epoch = draw, .seed = seed_, .noise_purpose = purpose_});
}

}  // namespace isthmus
