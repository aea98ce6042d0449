// SPDX-License-Identifier: Apache-2.0
// Diagonal normals: densities, draws, entropy and divergences written as nodes. Posterior and prior
// are made of these words; the likelihood of data has its own files in likelihoods/.
#include "isthmus/prob/normal.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

/// (x - mean)^2 / variance, elementwise.
Value squared_distance(GraphBuilder& g, const Normal& q, Value z) {
  return g.mul(g.square(g.sub(z, q.mean)), g.exp(g.neg(q.log_var)));
}

Value half(GraphBuilder& g, Value x) { return g.mul(x, g.constant(0.5)); }

}  // namespace

Normal normal_from(GraphBuilder& g, Value heads) {
  const int64_t latent_dim = g.shape(heads).back() / 2;
  Value mean = g.slice({{"begin", 0}, {"end", latent_dim}}, heads);
  Value log_var = g.slice({{"begin", latent_dim}, {"end", 2 * latent_dim}}, heads);
  return {.mean = mean, .log_var = g.soft_bound(log_var)};
}

Value sample(GraphBuilder& g, const Normal& q, std::string_view stream) {
  Value noise = g.normal(stream, g.shape(q.mean));
  return g.add(q.mean, g.mul(g.exp(half(g, q.log_var)), noise));
}

Value samples(GraphBuilder& g, const Normal& q, std::string_view stream, int64_t count) {
  const int64_t latent_dim = g.shape(q.mean).back();
  Value noise = g.normal(stream, {count, latent_dim});
  return g.add(q.mean, g.mul(g.exp(half(g, q.log_var)), noise));
}

Value log_prob(GraphBuilder& g, const Normal& q, Value z) {
  Value terms = g.add(g.add(squared_distance(g, q, z), q.log_var), g.constant(kLog2Pi));
  return g.mul(g.sum(terms), g.constant(-0.5));
}

Value standard_normal_log_prob(GraphBuilder& g, Value z) {
  return g.mul(g.sum(g.add(g.square(z), g.constant(kLog2Pi))), g.constant(-0.5));
}

Value entropy(GraphBuilder& g, const Normal& q) {
  return half(g, g.sum(g.add(q.log_var, g.constant(1.0 + kLog2Pi))));
}

Value kl_per_dim(GraphBuilder& g, const Normal& q) {
  // expm1 keeps digits where q is near the prior: exp(v) - 1 - v cancels there.
  Value spread = g.sub(g.expm1(q.log_var), q.log_var);
  return half(g, g.add(spread, g.square(q.mean)));
}

Value kl_per_dim(GraphBuilder& g, const Normal& q, const Normal& p) {
  Value log_ratio = g.sub(q.log_var, p.log_var);
  Value spread = g.sub(g.expm1(log_ratio), log_ratio);
  return half(g, g.add(spread, squared_distance(g, p, q.mean)));
}

Value kl_divergence(GraphBuilder& g, const Normal& q) { return g.sum(kl_per_dim(g, q)); }

Value kl_divergence(GraphBuilder& g, const Normal& q, const Normal& p) {
  return g.sum(kl_per_dim(g, q, p));
}

Value sampled_kl_per_dim(GraphBuilder& g, const Normal& q, Value z) {
  return half(g, g.sub(g.sub(g.square(z), squared_distance(g, q, z)), q.log_var));
}

}  // namespace isthmus
