// SPDX-License-Identifier: Apache-2.0
// Encoder and decoder of the models with point codes, and their reconstruction term.
#include "isthmus/models/point_code.h"

#include <memory>

#include "isthmus/losses/elbo.h"

namespace isthmus {

Value half_squared_norm(GraphBuilder& g, Value z) {
  return g.batch_mean(g.mul(g.sum(g.square(z)), g.constant(0.5)));
}

Value code_penalized(GraphBuilder& g, Value reconstruction, Value code,
                     const CodePenaltyOptions& options) {
  return g.add(reconstruction, g.mul(g.constant(options.code_penalty), code));
}

Value weight_norm(GraphBuilder& g, const Values& parameters) {
  Value sum;
  for (Value parameter : parameters) {
    if (g.shape(parameter).size() < 2) continue;  // biases do not bend the decoder
    const Value squares = g.sum_items(g.square(parameter));
    sum = sum.valid() ? g.add(sum, squares) : squares;
  }
  return sum;
}

Value jacobian_norm(GraphBuilder& g, Value output, Value input) {
  const Value v = g.normal("jacobian", g.shape(output));
  const Value row = differentiate(g, g.batch_sum(g.sum(g.mul(output, v))), {input})[0];  // J' v
  return g.batch_mean(g.sum(g.square(row)));
}

PointModel point_model(const ModelBuild& b, const CoderOptions& options) {
  const auto encoder =
      std::make_shared<const Network>(make_encoder(b, options, latent_dim(b.setup)));
  const auto decoder = std::make_shared<const Network>(make_decoder(b, options));
  Parts parts;
  parts.latent_dim = latent_dim(b.setup);
  parts.code = [&b, encoder](const Given& given) { return (*encoder)(b, given.x, given.context); };
  parts.decode = [&b, decoder](Value z, const Given& given) {
    return (*decoder)(b, z, given.context);
  };
  return {.parts = parts, .encoder = encoder->parameters(), .decoder = decoder->parameters()};
}

std::function<Distribution(const Given&)> standard_normal_prior(int64_t width) {
  return [width](const Given&) { return standard_normal_distribution(width); };
}

Values trained_parameters(const GraphBuilder& g) {
  Values trained;
  for (Value parameter : g.parameters()) {
    if (g.node(parameter).trained) trained.push_back(parameter);
  }
  return trained;
}

PointTerms point_terms(const ModelBuild& b, const Parts& parts, const Given& given) {
  PointTerms terms;
  terms.z = parts.code(given);
  terms.params = parts.decode(terms.z, given);
  terms.reconstruction = b.g.batch_mean(
      reconstruction_term(b.g, b.likelihood.log_prob(b.g, terms.params, given.target)));
  return terms;
}

}  // namespace isthmus
