// SPDX-License-Identifier: Apache-2.0
// A distribution of the latent inside one graph: what a posterior or a prior is to the models. Its
// members add nodes; parameters of its own were made when it was. Closed forms are asked for as
// properties, never by name.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "isthmus/graph/graph.h"
#include "isthmus/prob/normal.h"

namespace isthmus {

/// KL(q || p) in nats: per item (B), and per latent (B, Z) where both factorise, else invalid.
struct Kl {
  Value total, per_dim;
};

/// A draw z, and log q(z) where it comes with the draw (a flow); else ask the distribution.
struct LatentDraw {
  Value z;
  Value log_prob = {};
};

struct Distribution {
  int64_t width = 0;  // Z
  /// Set where it is a diagonal normal.
  std::optional<Normal> normal = {};
  /// N(0, I): closed forms against it exist.
  bool standard_normal = false;
  /// From the noise of streams that begin with this name; `count` 0: one draw without an axis of
  /// its own (B, Z), else (B, count, Z). Gradients reach the parameters.
  std::function<LatentDraw(GraphBuilder&, std::string_view stream, int64_t count)> draw = {};
  /// Log density summed over Z, with all constants: (B) for z (B, Z), (B, L) for (B, L, Z).
  std::function<Value(GraphBuilder&, Value z)> log_prob = {};
  /// (B, Z): what stands for the item where one code is wanted. Absent in N(0, I).
  std::function<Value(GraphBuilder&)> mean = {};
  /// KL against N(0, I) in closed form, where there is one.
  std::function<Kl(GraphBuilder&)> kl_to_standard_normal = {};
};

/// The diagonal normal, and N(0, I).
Distribution normal_distribution(GraphBuilder& g, const Normal& normal);
Distribution standard_normal_distribution(int64_t width);

/// log q of a draw: its own, else the distribution's.
Value log_prob_of(GraphBuilder& g, const Distribution& distribution, const LatentDraw& draw);

/// Whether kl() is exact, whatever the draw.
bool has_closed_kl(const Distribution& q, const Distribution& p);
/// The closed form where there is one, else sampled_kl().
Kl closed_kl(GraphBuilder& g, const Distribution& q, const Distribution& p, const LatentDraw& draw);
/// log q(z) - log p(z) at the draw of q, averaged over draws: the Monte Carlo form of KL. May be
/// negative. Source: Kingma & Welling 2014, section 2.3 (SGVB-A).
Kl sampled_kl(GraphBuilder& g, const Distribution& q, const Distribution& p,
              const LatentDraw& draw);

}  // namespace isthmus
