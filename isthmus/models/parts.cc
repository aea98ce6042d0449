// SPDX-License-Identifier: Apache-2.0
// Encoder, decoder and likelihood of a model from its options, and the common shape of variational
// models. The layers are nn's, the densities prob's, the terms losses'.
#include "isthmus/models/parts.h"

namespace isthmus {
namespace {

/// The log variance of a code starts near 0 whatever the item: an outlier in a narrow table would
/// otherwise begin with a kl of hundreds of nats.
constexpr double kLogVarStart = 0.1;

int64_t latent_dim(const ModelSetup& setup) {
  const std::optional<int64_t> latent = latent_dim_of(setup.model);
  ISTHMUS_CHECK(latent.has_value(), "latent_dim is resolved before a model is built");
  return *latent;
}

/// One draw has no axis of its own: its matrix products are those of the items.
Value draws(GraphBuilder& g, const Normal& posterior, int64_t count) {
  return count == 1 ? sample(g, posterior, "posterior") : samples(g, posterior, "posterior", count);
}

}  // namespace

Value data_input(GraphBuilder& g, const ModelSetup& setup) {
  Value x = g.input("x", setup.data.item_shape);
  if (setup.data.item_shape.size() == 1) return x;
  return g.reshape({{"shape", Shape{setup.data.num_values()}}}, x);
}

Likelihood make_likelihood(GraphBuilder& g, const ModelSetup& setup) {
  const LikelihoodSetup likelihood = {
      .num_values = setup.data.num_values(),
      .sigma = resolved_sigma(setup),
      .initial_sigma = setup.initial_sigma.value_or(default_sigma(setup.data)),
      .min_sigma = rounding_errors(setup.data)};
  return find_likelihood(setup.model.likelihood).make(g, likelihood);
}

NetworkOptions encoder_options(const ModelOptions& options) {
  const std::optional<std::vector<int64_t>> hidden = widths(options);
  ISTHMUS_CHECK(hidden.has_value(), "hidden is resolved before a model is built");
  return {.hidden = *hidden, .activation = options.activation, .init = options.init};
}

Encoding encode(GraphBuilder& g, const ModelSetup& setup, Value x) {
  NetworkOptions net = encoder_options(setup.model);
  if (!find_model(setup.model.name).has_posterior) {
    return {.mean = network(g, "encoder", x, net, latent_dim(setup))};
  }
  const int64_t latent = latent_dim(setup);
  net.output.tail = latent;
  net.output.tail_scale = kLogVarStart;
  const Normal posterior = normal_from(g, network(g, "encoder", x, net, 2 * latent));
  return {.mean = posterior.mean, .posterior = posterior};
}

Value decode(GraphBuilder& g, const ModelSetup& setup, const Likelihood& likelihood, Value z) {
  const int64_t out_dim = likelihood.params_per_value * setup.data.num_values();
  NetworkOptions net = mirrored(encoder_options(setup.model));
  net.output_bias = {
      .kind = "values",
      .values = params_of_means(find_likelihood(setup.model.likelihood), setup.data)};
  return network(g, "decoder", z, net, out_dim);
}

ModelOutput build_variational(GraphBuilder& g, const ModelInputs& in, const ModelSetup& setup,
                              double beta) {
  const ObjectiveOptions& o = setup.objective;
  const Normal posterior = *encode(g, setup, in.x).posterior;
  Value z = draws(g, posterior, o.samples);                         // (B, Z) or (B, L, Z)
  Value params = decode(g, setup, *in.likelihood, z);               // (B, P D) or (B, L, P D)
  Value log_likelihood = in.likelihood->log_prob(g, params, in.x);  // (B) or (B, L)
  Value kl_of_latents = kl_per_dim(g, parse_estimator(o.estimator), posterior, z);  // (B, Z)
  const ElboTerms terms = elbo_terms(g, log_likelihood, kl_of_latents);
  Value reconstruction = g.batch_mean(terms.reconstruction);
  Value kl = g.batch_mean(terms.kl);
  Value penalty = o.free_bits > 0 ? free_bits_kl(g, kl_of_latents, o.free_bits) : kl;
  Value weight = beta == 1 ? in.kl_weight : g.mul(g.constant(beta), in.kl_weight);
  return {.posterior = posterior,
          .z = z,
          .params = params,
          .terms = terms,
          .kl_per_dim = kl_of_latents,
          .reconstruction = reconstruction,
          .kl = kl,
          .objective = g.add(reconstruction, g.mul(weight, penalty))};
}

}  // namespace isthmus
