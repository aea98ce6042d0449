// SPDX-License-Identifier: Apache-2.0
// What models share that describe an item by noise: values brought to mean 0 and deviation 1, and
// densities by a change of variables, log p(x) = log N(z; 0, I) + log |dz/dx|.
#pragma once

#include "isthmus/models/parts.h"

namespace isthmus {

/// x less the mean of its value over the deviation, as far as the data tell: the place where noise
/// has the width of the items.
struct Standard {
  Value mean, deviation;  // () or (D)
  double log_slope = 0;   // log |d standard / d x| of an item

  Value of(GraphBuilder& g, Value x) const;
  Value back(GraphBuilder& g, Value standard) const;
};
Standard standard_of(const ModelBuild& b);

/// One step of a flow between items and noise; both ways are exact.
struct FlowStep {
  struct Mapped {
    Value z;          // (B, D)
    Value log_slope;  // log |dz/dx|, (B)
  };
  std::function<Mapped(Value x)> to_noise;
  std::function<Value(Value z)> to_items;
};

/// Density, draws and training by maximum likelihood. Values on a grid are spread over their
/// rounding by uniform noise, in training and where they are measured: a density on rounded values
/// would grow without limit. Source: Theis et al. 2016, arXiv:1511.01844, section 3.1.
Parts flow_parts(const ModelBuild& b, std::vector<FlowStep> steps);

/// Maximises parts.log_prob.
Training likelihood_training(const ModelBuild& b, const Parts& parts, const Given& given);

}  // namespace isthmus
