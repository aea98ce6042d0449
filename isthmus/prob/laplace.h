// SPDX-License-Identifier: Apache-2.0
// The standard Laplace distribution, density exp(-|x|) / 2.
#pragma once

#include "isthmus/graph/graph.h"

namespace isthmus {

/// Inverse of the distribution function, of 0 < u < 1 of any shape: the side by the sign of
/// u - 1/2, the distance by the rest.
Value laplace_quantile(GraphBuilder& g, Value u);

}  // namespace isthmus
