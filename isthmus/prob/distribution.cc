// SPDX-License-Identifier: Apache-2.0
// Normal distributions as Distribution, and the divergences between any two: closed where both
// sides allow it, else from the draws that are there anyway.
#include "isthmus/prob/distribution.h"

namespace isthmus {
namespace {

Value normal_draw(GraphBuilder& g, const Normal& normal, std::string_view stream, int64_t count) {
  return count == 0 ? sample(g, normal, stream) : samples(g, normal, stream, count);
}

/// (B, L) -> (B) and (B, L, Z) -> (B, Z) by the mean over draws, when there are draws.
Value mean_over_draws(GraphBuilder& g, Value value, size_t rank_without_draws) {
  if (g.shape(value).size() == rank_without_draws) return value;
  return rank_without_draws == 0 ? g.mean(value) : g.mean({{"axis", -2}}, value);
}

}  // namespace

Distribution normal_distribution(GraphBuilder& builder, const Normal& normal) {
  Distribution d;
  d.width = builder.shape(normal.mean).back();
  d.normal = normal;
  d.draw = [normal](GraphBuilder& g, std::string_view stream, int64_t count) {
    return LatentDraw{.z = normal_draw(g, normal, stream, count)};
  };
  d.log_prob = [normal](GraphBuilder& g, Value z) { return log_prob(g, normal, z); };
  d.mean = [normal](GraphBuilder&) { return normal.mean; };
  d.kl_to_standard_normal = [normal](GraphBuilder& g) {
    const Value per_dim = kl_per_dim(g, normal);
    return Kl{.total = g.sum(per_dim), .per_dim = per_dim};
  };
  return d;
}

Distribution standard_normal_distribution(int64_t width) {
  Distribution d;
  d.width = width;
  d.standard_normal = true;
  d.draw = [width](GraphBuilder& g, std::string_view stream, int64_t count) {
    return LatentDraw{.z = g.normal(stream, count == 0 ? Shape{width} : Shape{count, width})};
  };
  d.log_prob = [](GraphBuilder& g, Value z) { return standard_normal_log_prob(g, z); };
  return d;
}

Value log_prob_of(GraphBuilder& g, const Distribution& distribution, const LatentDraw& draw) {
  return draw.log_prob.valid() ? draw.log_prob : distribution.log_prob(g, draw.z);
}

bool has_closed_kl(const Distribution& q, const Distribution& p) {
  return (p.standard_normal && q.kl_to_standard_normal) || (q.normal && p.normal);
}

Kl closed_kl(GraphBuilder& g, const Distribution& q, const Distribution& p,
             const LatentDraw& draw) {
  if (p.standard_normal && q.kl_to_standard_normal) return q.kl_to_standard_normal(g);
  if (!q.normal || !p.normal) return sampled_kl(g, q, p, draw);
  const Value per_dim = kl_per_dim(g, *q.normal, *p.normal);
  return {.total = g.sum(per_dim), .per_dim = per_dim};
}

Kl sampled_kl(GraphBuilder& g, const Distribution& q, const Distribution& p,
              const LatentDraw& draw) {
  if (q.normal && p.standard_normal) {
    const Value per_dim = mean_over_draws(g, sampled_kl_per_dim(g, *q.normal, draw.z), 1);
    return {.total = g.sum(per_dim), .per_dim = per_dim};
  }
  const Value difference = g.sub(log_prob_of(g, q, draw), p.log_prob(g, draw.z));
  return {.total = mean_over_draws(g, difference, 0), .per_dim = {}};
}

}  // namespace isthmus
