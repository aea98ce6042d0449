// SPDX-License-Identifier: Apache-2.0
// Data sets to the inputs of a graph.
#include "isthmus/verbs/feed.h"

#include <algorithm>
#include <limits>

#include "isthmus/data/labels.h"

namespace isthmus {

bool has_input(const Graph& graph, std::string_view name) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(), [&](const Node& node) {
    return node.kind == NodeKind::kInput && node.name == name;
  });
}

void bind_data(Executor& executor, const Graph& graph, const Dataset& data, const DataSpec& model) {
  if (has_input(graph, "x")) executor.bind_input("x", data.values, memory_scaling(data, model));
  if (has_input(graph, "label")) {
    const auto classes = static_cast<int64_t>(model.classes.size());
    Tensor label = one_hot(labels_among(data, model.classes), classes);
    if (data.labels.empty()) {  // nothing can be said about them
      label = Tensor(Dtype::kF32, {data.num_items(), classes});
      std::ranges::fill(label.values<float>(), std::numeric_limits<float>::quiet_NaN());
    }
    executor.bind_input("label", label, Scaling{});
  }
  if (has_input(graph, "context")) executor.bind_input("context", data.context, Scaling{});
}

}  // namespace isthmus
