// SPDX-License-Identifier: Apache-2.0
// Runs one inference graph over the items of a data set, a batch at a time. An item's bits depend
// neither on how many there are, nor on which batch it is in, nor on the height of the plan.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "isthmus/base/work.h"
#include "isthmus/data/dataset.h"
#include "isthmus/exec/executor.h"
#include "isthmus/model_file/model.h"

namespace isthmus {

struct RunnerSettings {
  uint64_t seed = 0;
  std::string_view purpose = "eval";  // of the noise
  int64_t values_per_row = 1;         // widest value of a row: decides the height of the plan
  int64_t height = 0;                 // of the plan, where memory is short; 0: from that value
  int64_t batch_size = 0;             // rows of a run; 0: the height of the plan
  Precision precision = Precision::kF32;
};

class GraphRunner {
 public:
  GraphRunner(Device& device, const Graph& graph, const RunnerSettings& settings);

  /// The same graph with other noise and other batches; `purpose` lives as long as it is used.
  void use(uint64_t seed, std::string_view purpose, int64_t batch_size);

  /// The items, and what belongs to them, as inputs of the graph.
  void bind(const Dataset& data, const DataSpec& model);
  /// Those of the parameters that the graph has.
  void set_parameters(const NamedTensors& parameters);
  bool has_output(std::string_view name) const { return graph_.has_output(name); }
  bool has_input(std::string_view name) const;
  Executor& executor() { return *executor_; }
  const Executor& executor() const { return *executor_; }
  int64_t batch_size() const { return batch_size_; }

  /// Runs items first .. first + rows - 1; `draw` is the number of the draw of all noise.
  void run(int64_t first, int64_t rows, uint32_t draw);
  /// Runs any items, at most batch_size().
  void run(std::span<const int64_t> items, uint32_t draw);

  /// on_batch(first, rows) for consecutive batches of 0 .. count - 1, after a run with draw 0.
  template <class OnBatch>
  void for_each_batch(int64_t count, OnBatch on_batch) {
    for (int64_t first = 0; first < count; first += batch_size_) {
      const int64_t rows = std::min(batch_size_, count - first);
      run(first, rows, 0);
      on_batch(first, rows);
      note_work("items", static_cast<uint64_t>(first + rows), static_cast<uint64_t>(count));
    }
  }

 private:
  std::unique_ptr<Executor> executor_;
  Graph graph_;
  uint64_t seed_ = 0;
  std::string_view purpose_;
  int64_t height_, batch_size_;
  std::vector<int64_t> items_;
};

/// Height of a plan whose widest value has this many numbers per row.
int64_t plan_rows(int64_t values_per_row);

}  // namespace isthmus
