// SPDX-License-Identifier: Apache-2.0
// A mixture of products of Bernoulli values, fitted by expectation maximisation: responsibilities
// of the components for every item, then weights and means from them. What a decoder without a
// network and a latent without geometry can do. Sources: Dempster, Laird & Rubin 1977; Bishop 2006,
// section 9.3.3.
//
// The sums of an E step are gradients: with log p(x, c) = w_c'x + b_c, those of sum log p(x) with
// respect to w and b are sum r_c x and sum r_c.
#include <cmath>

#include "isthmus/base/rng_key.h"
#include "isthmus/models/model.h"
#include "isthmus/models/product_mixture.h"

namespace isthmus {
namespace {

struct BernoulliMixtureOptions {
  int64_t components = 50;
  int64_t passes = 40;

  static constexpr auto fields() {
    using O = BernoulliMixtureOptions;
    return std::tuple{
        field(&O::components, "model.components", between(1, 65536),
              "Components of the mixture. More as long as the held-out log likelihood rises.",
              {.costs_memory = true, .metavar = "C"}),
        field(&O::passes, "model.passes", between(1, 100000),
              "Most passes over the items. More where the log likelihood still rises at the end.",
              {.level = OptionLevel::kRare})};
  }
};

constexpr double kLeastGain = 1e-4;  // nats per item

Parts make(const ModelBuild& b, const BernoulliMixtureOptions& options) {
  return bernoulli_mixture_parts(b, make_bernoulli_mixture(b, options.components));
}

void require_enough_items(int64_t components, int64_t items) {
  if (components <= items) return;
  throw Error(ErrorCode::kBadValue,
              "model.components = " + std::to_string(components) + " is more than the " +
                  std::to_string(items) + " training items",
              "at most " + std::to_string(items), {.key = "model.components"});
}

/// Every component starts half way between the mean of all items and an item of its own.
ComponentSums first_sums(const FitRequest& request, int64_t components) {
  const int64_t items = request.rows.count, width = request.rows.width;
  const std::vector<double> mean = column_facts(request.rows).mean;
  const KeyedPermutation order(RngKey::from(request.seed, "fit/components"), 0,
                               static_cast<uint64_t>(items));
  // Sums of as many items as there are for each component: counts of 1 and 2 weigh little.
  const double share = static_cast<double>(items) / static_cast<double>(components);
  ComponentSums sums;
  std::vector<float> row(static_cast<size_t>(width));
  for (int64_t c = 0; c < components; ++c) {
    request.rows.read(static_cast<int64_t>(order(static_cast<uint64_t>(c))), 1, row);
    sums.weight.push_back(share);
    for (size_t j = 0; j < row.size(); ++j) {
      sums.values.push_back(share * (static_cast<double>(row[j]) + mean[j]) / 2);
    }
  }
  return sums;
}

/// Inputs as training sees them; outputs "log_prob", "logit" and "log_weight": sums over items of
/// log p(x), r x and r.
Graph expectation_graph(const ModelSetup& setup, int64_t components) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const Value x = given_data(b).target;
  const Value weight = g.parameter("weight", {components, setup.data.num_values()}, {}, false);
  const Value bias = g.parameter("bias", {components}, {}, false);
  const Value joint = g.add(g.matmul({{"transpose_b", 1}, {"exact", 1}}, x, weight), bias);
  const Value total = g.batch_sum(g.logsumexp(joint));
  const Values sums = differentiate(g, total, {weight, bias});
  g.output("log_prob", total);
  g.output("values", sums[0]);
  g.output("weight", sums[1]);
  return std::move(g).finish();
}

NamedTensors natural(const NamedTensors& mixture) {
  const Tensor& logit = mixture.at("mixture/logit");
  const Tensor& log_weight = mixture.at("mixture/log_weight");
  Tensor bias = log_weight.clone();
  const std::span<const float> logits = logit.values<float>();
  const size_t width = static_cast<size_t>(logit.shape()[1]);
  for (size_t c = 0; c < bias.values<float>().size(); ++c) {
    double sum = 0;
    for (size_t j = 0; j < width; ++j) {
      const double t = logits[c * width + j];
      sum += std::max(t, 0.0) + std::log1p(std::exp(-std::fabs(t)));
    }
    bias.values<float>()[c] -= static_cast<float>(sum);
  }
  NamedTensors parameters;
  parameters.emplace("weight", logit);
  parameters.emplace("bias", std::move(bias));
  return parameters;
}

NamedTensors fit(const FitRequest& request, const BernoulliMixtureOptions& options) {
  require_enough_items(options.components, request.rows.count);
  const ItemPass pass = request.prepare(expectation_graph(request.setup, options.components));
  const double items = static_cast<double>(request.rows.count);
  NamedTensors mixture = bernoulli_mixture_of(first_sums(request, options.components));
  double last = -INFINITY;
  for (int64_t p = 0; p < options.passes; ++p) {
    Sums sums = pass(natural(mixture), static_cast<uint32_t>(p));
    mixture = bernoulli_mixture_of(
        {.weight = std::move(sums.at("weight")), .values = std::move(sums.at("values"))});
    const double log_prob = sums.at("log_prob").front() / items;
    if (std::fabs(log_prob - last) < kLeastGain) break;
    last = log_prob;
  }
  return mixture;
}

}  // namespace

ModelDef models::bernoulli_mixture() {
  return {.name = "bernoulli_mixture",
          .summary = "mixture of products of Bernoulli values: a density without a network",
          .help =
              "beside a vae of black and white items, to see what its network adds; its codes "
              "are soft clusters",
          .source = "Bishop2006",
          .make = make,
          .fit = fit,
          .likelihoods = {"bernoulli"},
          .takes_latent_dim = false};
}

}  // namespace isthmus
