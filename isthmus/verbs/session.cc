// SPDX-License-Identifier: Apache-2.0
// Finds compiled graphs by name, makes them as high as memory allows, and forgets the oldest.
#include "isthmus/verbs/session.h"

#include <algorithm>

#include "isthmus/base/text.h"

namespace isthmus {

GraphRunner& Session::runner(std::string_view name, std::string_view purpose,
                             const VerbSettings& settings,
                             const std::function<Graph(const ModelSetup&)>& make,
                             int64_t values_per_row) {
  const std::string key =
      std::string(name) + ", " + std::string(precision_name(settings.precision));
  auto found = graphs_.find(key);
  if (found == graphs_.end()) {
    if (graphs_.size() == kMostGraphs) drop_oldest();
    const Graph graph = make(model_.setup);
    const int64_t width = values_per_row > 0 ? values_per_row : model_.spec().num_values();
    GraphRunner compiled(device_, graph,
                         {.values_per_row = width,
                          .height = fitting_rows(graph, width, settings.precision),
                          .precision = settings.precision});
    compiled.set_parameters(model_.parameters);
    ++num_compiled_;
    found = graphs_.emplace(key, Compiled{.runner = std::move(compiled)}).first;
  }
  found->second.last_use = ++num_uses_;
  GraphRunner& runner = found->second.runner;
  runner.use(settings.seed, purpose, settings.batch_size);
  return runner;
}

int64_t Session::fitting_rows(const Graph& graph, int64_t values_per_row, Precision precision) {
  int64_t rows = std::min(plan_rows(values_per_row), memory_.most_rows);
  if (memory_.limit == UINT64_MAX) return rows;
  uint64_t taken = memory_.held;
  for (const auto& [name, tensor] : model_.parameters) taken += tensor.num_bytes();
  for (const auto& [name, compiled] : graphs_) taken += compiled.runner.executor().num_bytes();
  const uint64_t left = memory_.limit - std::min(memory_.limit, taken);
  const auto need = [&](int64_t height) {
    return device_.estimate(graph, {.max_rows = height, .precision = precision});
  };
  // A quarter of what is left: a verb has other graphs, too.
  while (rows > 1 && need(rows) > left / 4) rows /= 2;
  if (rows > 1) return rows;
  const uint64_t least = need(1);
  if (least <= left) return 1;
  throw Error(ErrorCode::kOutOfMemory,
              "the network needs about " + format_bytes(taken + least) +
                  " for one item at a time, with " + format_bytes(taken) +
                  " for the program, the model and the data; the limit is " +
                  format_bytes(memory_.limit),
              "raise --memory", {.key = "machine.memory"});
}

void Session::drop_oldest() {
  graphs_.erase(std::min_element(graphs_.begin(), graphs_.end(), [](const auto& a, const auto& b) {
    return a.second.last_use < b.second.last_use;
  }));
}

}  // namespace isthmus
