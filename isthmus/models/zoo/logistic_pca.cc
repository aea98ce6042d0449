// SPDX-License-Identifier: Apache-2.0
// Logistic principal components: the linear code of values from 0 to 1, with the logits
//   t = b + W W'(x - m)
// of a Bernoulli likelihood and one W for both ways. m is the mean of the training items and stays;
// b starts at its log-odds, W near 0. Sources: Collins, Dasgupta & Schapire 2001; Landgraf & Lee
// 2015, arXiv:1510.06112 (codes that are linear in the data).
//
// Items of 0 and 1 that a plane separates would let W grow without end: the default number of
// epochs stops it, and so does optimizer.weight_decay.
#include "isthmus/models/coder.h"
#include "isthmus/models/components.h"
#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

constexpr double kFirstDeviation = 0.05;  // of the weights

Parts make_logistic_pca(const ModelBuild& b) {
  require_no_condition(b.setup);
  const int64_t values = b.setup.data.num_values(), latent = latent_dim(b.setup);
  const GraphBuilder::Scope scope(b.g, "logistic_pca");
  const Value weight =
      b.g.parameter("weight", {values, latent}, {.kind = "normal", .value = kFirstDeviation});
  const Value bias = b.g.parameter("bias", {values}, {});
  const Value mean = b.g.parameter("mean", {values}, {}, false);
  Parts parts;
  parts.latent_dim = latent;
  parts.code = [&b, weight, mean](const Given& given) {
    return b.g.matmul(b.g.sub(given.x, mean), weight);
  };
  parts.decode = [&b, weight, bias](Value z, const Given&) {
    return b.g.add(b.g.matmul({{"transpose_b", 1}}, z, weight), bias);
  };
  parts.training = [&b, parts](const Given& given) {
    const Value reconstruction = point_terms(b, parts, given).reconstruction;
    return Training{.objectives = {{.value = reconstruction}},
                    .terms = {{"reconstruction", reconstruction}}};
  };
  parts.initialise = [](const FitRequest& request, NamedTensors& first) {
    const std::vector<double> means = column_facts(request.rows).mean;
    first.insert_or_assign("logistic_pca/mean", vector_of(means));
    // The log-odds of each value's own mean, also where the facts of the data are those of all.
    DataSpec items;
    items.item_shape = {static_cast<int64_t>(means.size())};
    for (const double m : means) items.fields.push_back({.min = 0, .max = 1, .mean = m});
    const LikelihoodDef& likelihood = all_likelihoods().find(request.setup.model.likelihood);
    const std::vector<float> logits = likelihood.first_params(items);
    first.insert_or_assign("logistic_pca/bias",
                           Tensor::from<float>(items.item_shape, std::span(logits)));
  };
  return parts;
}

}  // namespace

ModelDef models::logistic_pca() {
  return {.name = "logistic_pca",
          .summary = "principal components of values from 0 to 1: the linear code in log-odds",
          .help =
              "beside pca and ae where values are black and white or grey; for items of only 0 "
              "and 1 add --set optimizer.weight_decay=1e-4",
          .source = "Collins2001",
          .make = make_logistic_pca,
          .likelihoods = {"bernoulli"},
          .defaults = {{"train.epochs", "50"}}};
}

}  // namespace isthmus
