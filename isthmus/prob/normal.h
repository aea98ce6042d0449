// SPDX-License-Identifier: Apache-2.0
// The diagonal normal distribution as graph nodes: posterior and prior of the latent.
//
//   Normal q = normal_from(g, heads);            // (B, 2 Z) -> mean and log_var, (B, Z) each
//   Value z = sample(g, q, "posterior");         // (B, Z), differentiable
//   Value kl = kl_divergence(g, q);              // (B), against the standard normal
//
// The variance is kept only as its log. All densities carry their constants; all values are nats.
#pragma once

#include <string_view>

#include "isthmus/graph/graph.h"

namespace isthmus {

struct Normal {
  Value mean;     // (B, Z)
  Value log_var;  // (B, Z)
};

/// Splits the outputs of a network. log_var passes soft_bound: the identity inside [-10, 10], never
/// beyond 15, so that its exponential is finite and its gradient never quite 0.
/// Shapes: heads (B, 2 Z), means first.
Normal normal_from(GraphBuilder& g, Value heads);

/// mean + exp(log_var / 2) * noise of the named stream (reparameterisation: gradients reach q).
/// Returns (B, Z).
Value sample(GraphBuilder& g, const Normal& q, std::string_view stream);
/// `count` draws per item on an axis of their own: (B, L, Z), also for L = 1.
Value samples(GraphBuilder& g, const Normal& q, std::string_view stream, int64_t count);

/// Log density summed over Z. Shapes: z (B, Z) -> (B), or z (B, L, Z) -> (B, L).
Value log_prob(GraphBuilder& g, const Normal& q, Value z);
Value standard_normal_log_prob(GraphBuilder& g, Value z);

/// Entropy per item: 1/2 sum (1 + log 2 pi + log_var). Returns (B).
Value entropy(GraphBuilder& g, const Normal& q);

/// KL(q || p) of diagonal normals, closed form.
/// Shapes:   q, p (B, Z). The first two return (B), the others (B, Z): one value per latent.
/// Units:    nats. >= 0 up to rounding; 0 iff q equals p. Without p: against the standard normal,
///           -1/2 (1 + log_var - mean^2 - exp(log_var)) per latent.
/// Source:   Kingma & Welling 2014, arXiv:1312.6114, appendix B.
Value kl_divergence(GraphBuilder& g, const Normal& q);
Value kl_divergence(GraphBuilder& g, const Normal& q, const Normal& p);
Value kl_per_dim(GraphBuilder& g, const Normal& q);
Value kl_per_dim(GraphBuilder& g, const Normal& q, const Normal& p);

/// log q(z|x) - log p(z) per latent with the standard normal p: the Monte Carlo form of KL.
/// Shapes: z (B, Z) or (B, L, Z); returns the shape of z.
Value sampled_kl_per_dim(GraphBuilder& g, const Normal& q, Value z);

}  // namespace isthmus
