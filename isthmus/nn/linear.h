// SPDX-License-Identifier: Apache-2.0
// The dense layer.
#pragma once

#include "isthmus/graph/graph.h"

namespace isthmus {

/// x weight + bias with parameters "weight" (I, O) and "bias" (O), which starts at zero unless said
/// otherwise; their names get the builder's scope: "encoder/0/weight". Shapes: x (B, ..., I);
/// returns (B, ..., O).
Value linear(GraphBuilder& g, Value x, int64_t out_dim, const Initializer& initializer,
             const Initializer& bias_initializer = {});

}  // namespace isthmus
