// SPDX-License-Identifier: Apache-2.0
// Mixtures of diagonal normals as graph nodes: priors of the latent that are learned.
//
//   const NormalMixture p{.mean = m, .log_var = s};          // (C, Z) each, equal weights
//   Value log_p = log_prob(g, p, z);                         // (B, Z) -> (B), (B, L, Z) -> (B, L)
//
// The density is one product and a logsumexp, never a (B, C, Z) value: sum_j (z_j - m_cj)^2 /
// s_cj^2 is linear in (z^2, z). In float32 this leaves an error of about 1e-7 max z^2 / s^2 nats.
#pragma once

#include "isthmus/prob/distribution.h"

namespace isthmus {

/// C components without rows.
struct NormalMixture {
  Value mean;             // (C, Z)
  Value log_var;          // (C, Z)
  Value log_weight = {};  // (C), normalised; invalid: 1/C each
};

/// Log density summed over Z, with all constants. Shapes: z (B, Z) -> (B), (B, L, Z) -> (B, L).
Value log_prob(GraphBuilder& g, const NormalMixture& mixture, Value z);

/// log p(z, c): (B, C), or (B, L, C). Its softmax says which component a z belongs to.
Value component_log_prob(GraphBuilder& g, const NormalMixture& mixture, Value z);

/// Draws choose a component by one uniform ("<stream>/component") and add its noise (`stream`)
/// times `temperature`, a scalar, if it is given. Gradients of draws reach means and variances of
/// the chosen components, not the weights.
Distribution mixture_distribution(GraphBuilder& g, const NormalMixture& mixture,
                                  Value temperature = {});

}  // namespace isthmus
