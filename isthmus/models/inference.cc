// SPDX-License-Identifier: Apache-2.0
// Inference graphs, made of the same parts as the training graph. Running them, batching and
// averaging over draws is done by the verbs.
#include "isthmus/models/inference.h"

#include "isthmus/models/parts.h"

namespace isthmus {
namespace {

void output_items(GraphBuilder& g, const Likelihood& likelihood, Value params, Draw draw) {
  g.output("mean", likelihood.mean(g, params));
  if (draw == Draw::kLikelihood) g.output("sample", likelihood.sample(g, params, "likelihood"));
}

}  // namespace

Graph evaluation_graph(const ModelSetup& setup) {
  GraphBuilder g;
  const Likelihood likelihood = make_likelihood(g, setup);
  Value x = data_input(g, setup);
  const Encoding encoding = encode(g, setup, x);
  g.output("posterior_mean", encoding.mean);
  Value z = encoding.mean;
  if (encoding.posterior) z = sample(g, *encoding.posterior, "posterior");
  Value log_likelihood = likelihood.log_prob(g, decode(g, setup, likelihood, z), x);
  g.output("reconstruction", reconstruction_term(g, log_likelihood));
  if (encoding.posterior) {
    Value per_dim = kl_per_dim(g, *encoding.posterior);
    g.output("kl", g.sum(per_dim));
    g.output("kl_per_dim", per_dim);
  }
  return std::move(g).finish();
}

Graph encode_graph(const ModelSetup& setup, Draw draw) {
  GraphBuilder g;
  const Encoding encoding = encode(g, setup, data_input(g, setup));
  g.output("posterior_mean", encoding.mean);
  if (encoding.posterior) {
    g.output("log_var", encoding.posterior->log_var);
    if (draw == Draw::kPosterior) {
      g.output("sample", sample(g, *encoding.posterior, "posterior"));
    }
  }
  return std::move(g).finish();
}

Graph decode_graph(const ModelSetup& setup, Draw draw) {
  GraphBuilder g;
  const Likelihood likelihood = make_likelihood(g, setup);
  Value z = g.input("z", {*latent_dim_of(setup.model)});
  output_items(g, likelihood, decode(g, setup, likelihood, z), draw);
  return std::move(g).finish();
}

Graph reconstruct_graph(const ModelSetup& setup, Draw draw) {
  GraphBuilder g;
  const Likelihood likelihood = make_likelihood(g, setup);
  Value code = encode(g, setup, data_input(g, setup)).mean;
  g.output("posterior_mean", code);
  output_items(g, likelihood, decode(g, setup, likelihood, code), draw);
  return std::move(g).finish();
}

Graph importance_graph(const ModelSetup& setup, int64_t num_samples) {
  GraphBuilder g;
  const Likelihood likelihood = make_likelihood(g, setup);
  Value x = data_input(g, setup);
  const Encoding encoding = encode(g, setup, x);
  if (!encoding.posterior) {
    throw Error(ErrorCode::kImpossible, "model " + setup.model.name + " has no posterior density",
                "the importance-weighted bound needs one: train a vae", {.key = "model.name"});
  }
  Value z = samples(g, *encoding.posterior, "posterior", num_samples);                // (B, K, Z)
  Value log_likelihood = likelihood.log_prob(g, decode(g, setup, likelihood, z), x);  // (B, K)
  g.output("log_w", importance_log_weights(g, log_likelihood, *encoding.posterior, z));
  return std::move(g).finish();
}

}  // namespace isthmus
