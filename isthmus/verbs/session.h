// SPDX-License-Identifier: Apache-2.0
// A loaded model on a device, for any number of calls: what a verb compiles is kept by name, so the
// second call of a verb compiles nothing. All verbs take one, those of a command line as those of a
// server.
//
//   Session session(load_model("runs/fm", posix_fs(), limits), *device);
//   Tensor codes = encode(session, data, Quantity::kMean, {});      // infer.h
//   Tensor more = encode(session, others, Quantity::kMean, {});     // the same executor
//
// Results do not depend on what a session did before: two sessions of one model give equal bits.
// One thread at a time uses a session and its device: who shares one holds a lock. The data of the
// last call of each verb stay in memory until the next.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "isthmus/model_file/model.h"
#include "isthmus/verbs/graph_runner.h"
#include "isthmus/verbs/verb_settings.h"

namespace isthmus {

/// What a process may take, and what of it is taken already beside the model and its graphs.
struct MemoryBudget {
  uint64_t limit = UINT64_MAX, held = 0;
  int64_t most_rows = INT64_MAX;  // of a graph's plan
};

class Session {
 public:
  /// The device outlives the session. A graph that would not fit into the memory runs on fewer
  /// items at a time, which changes no result.
  Session(Model model, Device& device, MemoryBudget memory = {})
      : model_(std::move(model)), device_(device), memory_(memory) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Model& model() const { return model_; }
  Device& device() const { return device_; }

  /// What `make` describes, compiled at the first use of `name` in this precision, with the model's
  /// parameters: equal names are equal graphs. Set to the seed and batches of this call, and to the
  /// noise of `purpose`. `values_per_row`: the widest value of a row, 0 for that of an item. Valid
  /// until kMostGraphs others have been used. Error E5201 when it does not fit even for one item.
  GraphRunner& runner(std::string_view name, std::string_view purpose, const VerbSettings& settings,
                      const std::function<Graph(const ModelSetup&)>& make,
                      int64_t values_per_row = 0);
  /// How many graphs were compiled since the session began.
  int64_t num_compiled() const { return num_compiled_; }

  /// The graphs of all verbs have fewer names; levels of noise and numbers of draws, which are part
  /// of some names, push out what was not used for longest.
  static constexpr size_t kMostGraphs = 24;

 private:
  struct Compiled {
    GraphRunner runner;
    int64_t last_use = 0;
  };
  void drop_oldest();
  /// How many rows of this graph fit, at most those that it would have.
  int64_t fitting_rows(const Graph& graph, int64_t values_per_row, Precision precision);

  Model model_;
  Device& device_;
  MemoryBudget memory_;
  std::map<std::string, Compiled, std::less<>> graphs_;
  int64_t num_compiled_ = 0, num_uses_ = 0;
};

}  // namespace isthmus
