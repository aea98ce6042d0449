// SPDX-License-Identifier: Apache-2.0
// Graphs for the code of an item of which only a part is known: some of its values, or the means of
// its blocks of pixels. All have the input "z" (Z) and what is known as inputs:
//   values: "x" (item shape), anything that has a probability where it is missing, and "known" (D),
//           1 or 0;
//   blocks: "blocks" (h, w[, C]).
// and "context" (C) where there are conditions.
#pragma once

#include <optional>

#include "isthmus/graph/graph.h"
#include "isthmus/models/model.h"

namespace isthmus {

struct Evidence {
  int64_t factor = 0;                // sides of a block; 0: values
  std::optional<double> sigma = {};  // of a pixel given z, with blocks; none: the likelihood's
};

/// log p(known|z), "log_likelihood" (B); log p(z) + share log p(known|z), "log_prob" (B), and its
/// gradient by z, "slope" (B, Z). Scalar "share": 1 for the posterior of z given what is known, 0
/// for the prior. Missing values have no part in it. Block means are normal about those of the
/// decoder's mean: exact for a gaussian likelihood, for others the mean of many pixels is nearly
/// normal. Error E2202 for a model without a prior, or without a sigma to go by.
Graph evidence_graph(const ModelSetup& setup, const Evidence& evidence);

/// x given z and what is known: "mean" and "sample" (B, D), stream "likelihood".
///
/// With values it is a Metropolis step first, which leaves p(z|known) as it is: x_missing ~ p(x|z),
/// z' ~ q(z|x), taken with probability min(1, p(x|z') p(z') q(z|x) / (p(x|z) p(z) q(z'|x))).
/// Outputs "z" (B, Z), the new z that mean and sample belong to, and "taken" (B), 1 or 0; scalar
/// "always": 1 takes each z' whatever the ratio. Streams "fill", "posterior" and "accept". Error
/// E2202 without a posterior whose density is known anywhere. Source: Mattei & Frellsen 2018,
/// section 3.2 (Metropolis-within-Gibbs).
Graph completion_graph(const ModelSetup& setup, const Evidence& evidence);

}  // namespace isthmus
