// SPDX-License-Identifier: Apache-2.0
// What a graph is fed with: the one place that knows its inputs by name.
#pragma once

#include "isthmus/data/dataset.h"
#include "isthmus/exec/executor.h"

namespace isthmus {

/// Binds those inputs that the graph has: "x", the items of `data`, scaled as `model` says, and
/// "context", their conditions. The data outlive the executor's runs.
void bind_data(Executor& executor, const Graph& graph, const Dataset& data, const DataSpec& model);

bool has_input(const Graph& graph, std::string_view name);

}  // namespace isthmus
