// SPDX-License-Identifier: Apache-2.0
// The dense layer as graph nodes. No activation: that is a node of its own behind it.
#include "isthmus/nn/linear.h"

namespace isthmus {

Value linear(GraphBuilder& g, Value x, int64_t out_dim, const Initializer& initializer,
             const Initializer& bias_initializer) {
  const int64_t in_dim = g.shape(x).back();
  Value weight = g.parameter("weight", {in_dim, out_dim}, initializer);  // (I, O)
  Value bias = g.parameter("bias", {out_dim}, bias_initializer);         // (O)
  return g.add(g.matmul(x, weight), bias);                               // (B, ..., O)
}

}  // namespace isthmus
