// SPDX-License-Identifier: Apache-2.0
// Importance-weighted autoencoder (Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519): the
// objective is -log 1/K sum_k w_k, log w = log p(x|z) + log p(z) - log q(z|x) by densities, at K
// draws of the posterior. It rises with K to log p(x). The elbo that is reported stays that of one
// draw.
//
// Gradient dreg (Tucker et al. 2019, arXiv:1810.04152): with v = w / sum w held constant, paths
// through the draws count v^2 and paths through the parameters of p count v; those through the
// parameters of q inside log q are 0 on average and left out. With one draw this is "sticking the
// landing" (Roeder et al. 2017, arXiv:1703.09194).
#include "isthmus/models/variational.h"

namespace isthmus {
namespace {

std::vector<std::string> gradient_words() { return {"dreg", "pathwise"}; }

struct IwaeOptions {
  LatentOptions latent;
  int64_t samples = 5;
  std::string gradient = "dreg";

  static constexpr auto fields() {
    using O = IwaeOptions;
    return std::tuple{nested(&O::latent, "", "The distributions."),
                      field(&O::samples, "objective.samples", between(1, 1000),
                            "Posterior draws per item and step. In an iwae they tighten the bound: "
                            "5 to 50, each costing a pass of the decoder; one is a vae.",
                            {.level = OptionLevel::kRare, .costs_memory = true}),
                      field(&O::gradient, "objective.gradient", one_of(gradient_words),
                            "dreg: the encoder's gradient keeps its signal as draws grow; "
                            "pathwise: the plain gradient of the bound, to repeat older results.",
                            {.level = OptionLevel::kRare})};
  }
};

/// The log weights of the draws z and their parts, (B, K) each.
struct Weights {
  Value log_likelihood, log_prior, log_posterior, log_w;
};

Weights log_weights(const ModelBuild& b, const Parts& parts, const Given& given, Value z,
                    Value log_posterior) {
  GraphBuilder& g = b.g;
  Weights w;
  w.log_likelihood = b.likelihood.log_prob(g, parts.decode(z, given), given.target);
  w.log_prior = parts.prior(given).log_prob(g, z);
  w.log_posterior = log_posterior;
  w.log_w = g.add(w.log_likelihood, g.sub(w.log_prior, log_posterior));
  return w;
}

/// The surrogate, (). `z` stands in log w without a gradient; `draw` is the same value with one.
Value dreg_surrogate(GraphBuilder& g, const Weights& w, Value z, Value draw) {
  const Value v = g.stop_gradient(g.softmax(w.log_w));  // (B, K)
  const auto weighted = [&](Value log_w) { return g.neg(g.batch_mean(g.sum(g.mul(v, log_w)))); };
  // Gradient at z: v d log w / dz, once more times v on its way into the encoder.
  const Value at_z = differentiate(g, weighted(w.log_w), {z})[0];  // (B, K, Z)
  Shape column = g.shape(v);
  column.push_back(1);
  const Value twice = g.mul(at_z, g.reshape({{"shape", column}}, v));
  const Value paths = g.batch_sum(g.sum(g.sum(g.mul(g.stop_gradient(twice), draw))));
  const Value fixed_q = g.stop_gradient(w.log_posterior);
  return g.add(weighted(g.add(w.log_likelihood, g.sub(w.log_prior, fixed_q))), paths);
}

Training bound_training(const ModelBuild& b, const Parts& parts, const Given& given,
                        const IwaeOptions& options) {
  GraphBuilder& g = b.g;
  const bool dreg = options.gradient == "dreg";
  const Distribution posterior = parts.posterior(given);
  const LatentDraw draw = posterior.draw(g, "posterior", options.samples);
  const Value z = dreg ? g.stop_gradient(draw.z) : draw.z;
  const Weights w = log_weights(b, parts, given, z,
                                dreg ? posterior.log_prob(g, z) : log_prob_of(g, posterior, draw));
  const Value bound = g.batch_mean(log_likelihood_bound(g, w.log_w));
  Objective objective{.value = g.neg(bound)};
  if (dreg) objective.differentiated = dreg_surrogate(g, w, z, draw.z);
  return {.objectives = {objective},
          .terms = {{"reconstruction", g.batch_mean(reconstruction_term(g, w.log_likelihood))},
                    {"kl", g.batch_mean(g.mean(g.sub(w.log_posterior, w.log_prior)))},
                    {"bound", bound}}};
}

Parts make_iwae(const ModelBuild& b, const IwaeOptions& options) {
  Parts parts = variational_parts(b, options.latent);
  parts.training = [&b, parts, options](const Given& given) {
    return bound_training(b, parts, given, options);
  };
  return parts;
}

}  // namespace

ModelDef models::iwae() {
  return {.name = "iwae",
          .summary = "vae on the importance-weighted bound of several draws",
          .help =
              "for higher likelihoods from the same network, at the cost of a decoder pass per "
              "draw",
          .source = "Burda2016",
          .make = make_iwae};
}

}  // namespace isthmus
