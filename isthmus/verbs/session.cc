// SPDX-License-Identifier: Apache-2.0
// Finds compiled graphs by name, makes them, and forgets the oldest.
#include "isthmus/verbs/session.h"

#include <algorithm>

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
    GraphRunner compiled(
        device_, make(model_.setup),
        {.values_per_row = values_per_row > 0 ? values_per_row : model_.spec().num_values(),
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

void Session::drop_oldest() {
  graphs_.erase(std::min_element(graphs_.begin(), graphs_.end(), [](const auto& a, const auto& b) {
    return a.second.last_use < b.second.last_use;
  }));
}

}  // namespace isthmus
