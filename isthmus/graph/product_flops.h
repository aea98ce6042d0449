// SPDX-License-Identifier: Apache-2.0
// What a graph has to multiply, read off its nodes: the work that speeds are compared with.
#pragma once

#include "isthmus/graph/graph.h"

namespace isthmus {

/// Floating-point operations of all matrix products (matmul and outer_sum) of one run over so many
/// rows: two for each factor pair. Nothing else is counted.
double product_flops(const Graph& graph, int64_t rows);

}  // namespace isthmus
