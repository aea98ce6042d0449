// SPDX-License-Identifier: Apache-2.0
// Words and presets of the model options. Which values `auto` takes is decided where the data are
// known, before a model is built; here are only the rules that do not need data.
#include "isthmus/models/model_options.h"

#include "isthmus/losses/elbo.h"
#include "isthmus/models/corruption.h"
#include "isthmus/models/posterior.h"
#include "isthmus/models/prior.h"
#include "isthmus/nn/activations.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/nn/net.h"
#include "isthmus/prob/likelihood.h"

namespace isthmus {
namespace {

struct Preset {
  std::string_view name;
  PresetValues values;
};

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
      {"ae-784-256-128-20",
       {{"name", "ae"},
        {"arch", "mlp"},
        {"hidden", "256,128"},
        {"latent_dim", "20"},
        {"likelihood", "bernoulli"}}},
      {"vae-784-128-20",
       {{"name", "vae"},
        {"arch", "mlp"},
        {"hidden", "128"},
        {"latent_dim", "20"},
        {"likelihood", "bernoulli"}}},
      {"vae-784-400-20",
       {{"name", "vae"},
        {"arch", "mlp"},
        {"hidden", "400"},
        {"latent_dim", "20"},
        {"likelihood", "bernoulli"}}},
      {"vae-784-1024-512-32",
       {{"name", "vae"},
        {"arch", "mlp"},
        {"hidden", "1024,512"},
        {"latent_dim", "32"},
        {"likelihood", "bernoulli"}}},
      {"conv-28",
       {{"name", "vae"},
        {"arch", "conv"},
        {"stages", "32,64"},
        {"hidden", "128"},
        {"latent_dim", "20"},
        {"likelihood", "bernoulli"}}},
      {"infogan-28",  // encoder and decoder of Dai and Wipf 2019
       {{"name", "vae"},
        {"arch", "conv"},
        {"stages", "64,128"},
        {"hidden", "1024"},
        {"latent_dim", "64"},
        {"likelihood", "bernoulli"}}},
      {"locatello-64",  // Locatello et al. 2019
       {{"name", "vae"},
        {"arch", "conv"},
        {"stages", "32,32,64,64"},
        {"hidden", "256"},
        {"latent_dim", "10"},
        {"likelihood", "bernoulli"}}},
      {"conv-64",  // photos: as wide at every stage as costs the same
       {{"name", "vae"},
        {"arch", "conv"},
        {"stages", "32,64,128,256"},
        {"hidden", "256"},
        {"latent_dim", "64"},
        {"likelihood", "gaussian"}}},
      {"resnet-64",
       {{"name", "vae"},
        {"arch", "resnet"},
        {"stages", "32,64,64,128"},
        {"hidden", "256"},
        {"latent_dim", "64"},
        {"likelihood", "gaussian"}}}};
  return all;
}

std::vector<std::string> with_first(std::string first, const std::vector<std::string>& rest) {
  std::vector<std::string> words = {std::move(first)};
  words.insert(words.end(), rest.begin(), rest.end());
  return words;
}

}  // namespace

std::vector<std::string> preset_words() {
  std::vector<std::string> words = {"none"};
  for (const Preset& preset : presets()) words.emplace_back(preset.name);
  return words;
}

std::vector<std::string> likelihood_words() {
  return with_first("auto", all_likelihoods().names());
}
std::vector<std::string> arch_words() { return with_first("auto", all_nets().names()); }
std::vector<std::string> activation_words() { return activation_names(); }
std::vector<std::string> init_words() { return with_first("auto", weight_initializer_names()); }
std::vector<std::string> corruption_words() {
  return with_first("none", all_corruptions().names());
}
std::vector<std::string> model_names() { return all_models().names(); }
std::vector<std::string> prior_words() { return all_priors().names(); }
std::vector<std::string> posterior_words() { return all_posteriors().names(); }
std::vector<std::string> estimator_words() { return estimator_names(); }

std::optional<int64_t> latent_dim_of(const ModelOptions& options) {
  if (options.latent_dim == "auto") return std::nullopt;
  int64_t result = 0;
  parse_value("model.latent_dim", options.latent_dim, kWidthBounds, result);
  return result;
}

PresetValues preset_values(std::string_view preset) {
  if (preset == "none") return {};
  for (const Preset& candidate : presets()) {
    if (candidate.name == preset) return candidate.values;
  }
  const std::string near = nearest_word(preset, preset_words());
  throw Error(
      ErrorCode::kBadValue, "there is no preset \"" + std::string(preset) + "\"",
      near.empty() ? "vae-784-128-20 is the reference network" : "did you mean \"" + near + "\"?",
      {.key = "model.preset"});
}

}  // namespace isthmus
