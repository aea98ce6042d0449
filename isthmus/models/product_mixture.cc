// SPDX-License-Identifier: Apache-2.0
// log p(x, c) is linear in x: one product for all components.
#include "isthmus/models/product_mixture.h"

#include <cmath>
#include <numeric>

#include "isthmus/models/components.h"
#include "isthmus/prob/categorical.h"

namespace isthmus {

BernoulliMixture make_bernoulli_mixture(const ModelBuild& b, int64_t components) {
  require_no_condition(b.setup);
  const GraphBuilder::Scope scope(b.g, "mixture");
  return {.logit = b.g.parameter("logit", {components, b.setup.data.num_values()}, {}, false),
          .log_weight = b.g.parameter("log_weight", {components}, {}, false)};
}

Value joint_log_prob(GraphBuilder& g, const BernoulliMixture& mixture, Value x) {
  const Value constant = g.sub(mixture.log_weight, g.sum(g.softplus(mixture.logit)));
  return g.add(g.matmul({{"transpose_b", 1}, {"exact", 1}}, x, mixture.logit), constant);
}

Value log_posterior(GraphBuilder& g, Value joint) {
  return g.sub(joint, g.reshape({{"shape", Shape{1}}}, g.logsumexp(joint)));
}

Parts bernoulli_mixture_parts(const ModelBuild& b, const BernoulliMixture& mixture) {
  const auto joint = [&b, mixture](const Given& given) {
    return joint_log_prob(b.g, mixture, given.target);
  };
  Parts parts;
  parts.latent_dim = b.g.shape(mixture.log_weight).back();
  parts.log_prob = [&b, joint](const Given& given) { return b.g.logsumexp(joint(given)); };
  parts.posterior = [&b, joint](const Given& given) {
    return one_hot_distribution(b.g, log_posterior(b.g, joint(given)));
  };
  parts.code = [&b, posterior = parts.posterior](const Given& given) {
    return posterior(given).mean(b.g);
  };
  parts.prior = [&b, mixture](const Given&) {
    return one_hot_distribution(b.g, mixture.log_weight);
  };
  parts.decode = [&b, mixture](Value z, const Given&) {
    return b.g.matmul({{"exact", 1}}, z, mixture.logit);
  };
  return parts;
}

NamedTensors bernoulli_mixture_of(const ComponentSums& sums) {
  const size_t components = sums.weight.size(), width = sums.values.size() / components;
  const double items = std::accumulate(sums.weight.begin(), sums.weight.end(), 0.0);
  std::vector<double> logits(sums.values.size()), log_weights(components);
  for (size_t c = 0; c < components; ++c) {
    // An empty component keeps a weight that a float can hold the logarithm of.
    log_weights[c] = std::log(std::max(sums.weight[c], 1e-6) / items);
    for (size_t j = 0; j < width; ++j) {
      const double ones = sums.values[c * width + j] + 1;
      logits[c * width + j] = std::log(ones / (sums.weight[c] + 2 - ones));
    }
  }
  NamedTensors parameters;
  const Shape shape = {static_cast<int64_t>(components), static_cast<int64_t>(width)};
  parameters.emplace("mixture/logit", vector_of(logits).reshaped(shape));
  parameters.emplace("mixture/log_weight", vector_of(log_weights));
  return parameters;
}

}  // namespace isthmus
