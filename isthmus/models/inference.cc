// SPDX-License-Identifier: Apache-2.0
// Inference graphs, made of the same parts as the training graph. Running them, batching and
// averaging over draws is done by the verbs.
#include "isthmus/models/inference.h"

#include "isthmus/losses/elbo.h"
#include "isthmus/models/corruption.h"
#include "isthmus/models/items.h"

namespace isthmus {
namespace {

void output_items(const ModelBuild& b, Value params, Draw draw) {
  b.g.output("mean", b.likelihood.mean(b.g, params));
  if (draw != Draw::kLikelihood) return;
  b.g.output("sample", b.likelihood.sample(b.g, params, "likelihood"));
}

void output_reconstruction(const ModelBuild& b, const Parts& parts, const Given& given, Value z) {
  Value log_likelihood = b.likelihood.log_prob(b.g, parts.decode(z, given), given.target);
  b.g.output("reconstruction", reconstruction_term(b.g, log_likelihood));
}

void require_posterior(const ModelSetup& setup, const Parts& parts, const std::string& use) {
  if (parts.posterior && parts.prior) return;
  throw Error(ErrorCode::kImpossible, "model " + setup.model.name + " has no posterior density",
              use + " one: train a vae", {.key = "model.name"});
}

}  // namespace

Graph evaluation_graph(const ModelSetup& setup) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  const Given given = given_data(b);
  if (parts.log_prob) {
    const Value log_prob = parts.log_prob(given);
    g.output("log_prob", log_prob);
    if (!parts.code && !parts.posterior) g.output("reconstruction", g.neg(log_prob));
  }
  Value z;
  if (parts.posterior && parts.prior) {
    const Distribution posterior = parts.posterior(given);
    const LatentDraw draw = posterior.draw(g, "posterior", 0);
    z = draw.z;
    g.output("posterior_mean", posterior.mean(g));
    output_reconstruction(b, parts, given, z);
    const Kl kl = closed_kl(g, posterior, parts.prior(given), draw);
    g.output("kl", kl.total);
    if (kl.per_dim.valid()) g.output("kl_per_dim", kl.per_dim);
  } else if (parts.code) {
    z = parts.code(given);
    g.output("posterior_mean", z);
    if (parts.decode) output_reconstruction(b, parts, given, z);
  } else if (!parts.log_prob && !parts.loss && parts.prior) {
    // Nothing to measure; the graph is known by its parameters.
    output_items(b, parts.decode(parts.prior(given).draw(g, "prior", 0).z, given), Draw::kNone);
  }
  if (parts.loss) g.output("loss", parts.loss(given));
  // The parameters of one that does nothing else.
  if (parts.classify && !parts.log_prob && !z.valid()) {
    g.output("log_class", parts.classify(given));
  }
  return std::move(g).finish();
}

Graph encode_graph(const ModelSetup& setup, Draw draw) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  const Given given = given_data(b);
  if (!parts.posterior) {
    g.output("posterior_mean", parts.code(given));
    return std::move(g).finish();
  }
  const Distribution posterior = parts.posterior(given);
  g.output("posterior_mean", posterior.mean(g));
  if (posterior.normal) g.output("log_var", posterior.normal->log_var);
  if (draw == Draw::kPosterior) g.output("sample", posterior.draw(g, "posterior", 0).z);
  return std::move(g).finish();
}

Graph decode_graph(const ModelSetup& setup, Draw draw) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  Value z = g.input("z", {parts.latent_dim});
  output_items(b, parts.decode(z, given_condition(b)), draw);
  return std::move(g).finish();
}

Graph draw_graph(const ModelSetup& setup) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  Given given = given_condition(b);
  given.x = given.target = given_items(b);
  given.temperature = g.scalar("temperature");
  g.output("x", parts.draw(given));
  return std::move(g).finish();
}

Graph classify_graph(const ModelSetup& setup) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  g.output("log_class", parts.classify(given_data(b)));
  return std::move(g).finish();
}

Graph prior_graph(const ModelSetup& setup) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  Given given = given_condition(b);
  given.temperature = g.scalar("temperature");
  g.output("z", parts.prior(given).draw(g, "prior", 0).z);
  return std::move(g).finish();
}

Graph reconstruct_graph(const ModelSetup& setup, Draw draw) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  const Given given = given_data(b);
  Value code = parts.code(given);
  g.output("posterior_mean", code);
  output_items(b, parts.decode(code, given), draw);
  return std::move(g).finish();
}

Graph denoise_graph(const ModelSetup& setup, const KnownNoise& noise) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  if (!parts.posterior || !parts.prior) {
    throw Error(ErrorCode::kImpossible, "model " + setup.model.name + " has no posterior density",
                "weights of known noise need one: train a vae, or train with --corruption gaussian "
                "and leave --noise out",
                {.key = "model.name"});
  }
  const bool normal = noise.kind == NoiseKind::kNormal;
  const auto& log_prob =
      normal ? b.likelihood.log_prob_under_normal : b.likelihood.log_prob_under_flips;
  if (!log_prob) {
    throw Error(ErrorCode::kImpossible,
                "likelihood " + setup.model.likelihood + " cannot hold " +
                    (normal ? "gaussian noise" : "flips") + " in closed form",
                std::string("train with --likelihood ") + (normal ? "gaussian" : "bernoulli") +
                    ", or with --corruption and leave --noise out",
                {.key = "model.likelihood"});
  }
  const Given given = given_data(b);
  const Distribution posterior = parts.posterior(given);
  const LatentDraw draw = posterior.draw(g, "posterior", 0);
  Value params = parts.decode(draw.z, given);
  Value log_likelihood = log_prob(g, params, given.x, noise.level);
  g.output("log_w", importance_log_weights(g, log_likelihood, posterior, parts.prior(given), draw));
  g.output("mean", b.likelihood.mean(g, params));
  return std::move(g).finish();
}

Graph corruption_graph(const ModelSetup& setup, std::string_view corruption,
                       const OwnOptions& own) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  g.output("noisy", all_corruptions().find(corruption).corrupt(b, given_items(b), own));
  return std::move(g).finish();
}

Graph importance_graph(const ModelSetup& setup, int64_t num_samples) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  require_posterior(setup, parts, "the importance-weighted bound needs");
  const Given given = given_data(b);
  const Distribution posterior = parts.posterior(given);
  const LatentDraw draw = posterior.draw(g, "posterior", num_samples);  // (B, K, Z)
  Value log_likelihood =
      b.likelihood.log_prob(g, parts.decode(draw.z, given), given.target);  // (B, K)
  g.output("log_w", importance_log_weights(g, log_likelihood, posterior, parts.prior(given), draw));
  return std::move(g).finish();
}

}  // namespace isthmus
