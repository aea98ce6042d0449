// SPDX-License-Identifier: Apache-2.0
// What a model is made of and what is minimised, as users set it. What may be `auto` is a text
// here; once it is resolved, widths() and latent_dim_of() read the numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "isthmus/base/options.h"

namespace isthmus {

std::vector<std::string> model_names();  // ae vae beta_vae

// Allowed words, for one_of.
std::vector<std::string> preset_words();      // none, then the presets
std::vector<std::string> likelihood_words();  // auto, then the likelihoods
std::vector<std::string> activation_words();
std::vector<std::string> init_words();  // auto, then the initializers of weights
std::vector<std::string> prior_words();
std::vector<std::string> estimator_words();

struct ModelOptions {
  std::string name = "vae";
  std::string preset = "none";
  std::string hidden = "auto";
  std::string latent_dim = "auto";
  std::string activation = "relu";
  std::string init = "auto";
  std::string likelihood = "auto";
  std::string sigma = "auto";
  std::string prior = "normal";
  std::optional<double> beta;

  static constexpr auto fields() {
    using O = ModelOptions;
    return std::tuple{
        field(&O::name, "name", one_of(model_names), "Which model.", {.flag = "--model"}),
        field(&O::preset, "preset", one_of(preset_words),
              "A reference network: fills model, hidden, latent_dim and likelihood."),
        field(
            &O::hidden, "hidden", any_value(),
            "Widths of the hidden layers: of the encoder, mirrored in the decoder; none: no hidden "
            "layer; auto: from the size of an item.",
            {.metavar = "256,128"}),
        field(&O::latent_dim, "latent_dim", any_value(),
              "Size of the latent; auto: 20, fewer for narrow and for short tables.",
              {.alias = "--latent", .metavar = "N"}),
        field(&O::activation, "activation", one_of(activation_words),
              "Activation of the hidden layers."),
        field(
            &O::init, "init", one_of(init_words),
            "First weights of the hidden layers; auto: glorot_uniform. Try he_normal for deep relu "
            "networks that learn slowly.",
            {.level = OptionLevel::kRare}),
        field(&O::likelihood, "likelihood", one_of(likelihood_words),
              "Distribution of the data given the latent; auto: from the data."),
        field(&O::sigma, "sigma", any_value(),
              "Width of a gaussian likelihood: a number, learned, or per_dimension; auto: learned, "
              "for tables per_dimension, for ae 1 (it minimises the squared error). Set a number "
              "when the noise of the data is known.",
              {.metavar = "SIGMA"}),
        field(&O::prior, "prior", one_of(prior_words), "Distribution of the latent.",
              {.level = OptionLevel::kRare}),
        field(&O::beta, "beta", at_least(0),
              "Weight of kl in the objective of beta_vae (4 unless set).", {.metavar = "BETA"})};
  }
};

struct ObjectiveOptions {
  std::string estimator = "sgvb_b";
  int64_t samples = 1;
  double kl_warmup = 0;
  double free_bits = 0;

  static constexpr auto fields() {
    using O = ObjectiveOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{
        field(&O::estimator, "estimator", one_of(estimator_words),
              "sgvb_b: kl in closed form; sgvb_a: kl from the draws.", rare),
        field(&O::samples, "samples", between(1, 1000), "Posterior draws per item and step.", rare),
        field(&O::kl_warmup, "kl_warmup", at_least(0),
              "Epochs over which the weight of kl rises from 0 to 1."),
        field(&O::free_bits, "free_bits", at_least(0),
              "Nats of kl per latent, on the mean over a batch, that cost nothing.")};
  }
};

/// Widths of the hidden layers: "256,128", or none for "none". Error E2003 unless each is from 1 to
/// 65536 and there are at most 64; nothing for "auto".
std::optional<std::vector<int64_t>> widths(const ModelOptions& options);
/// Error E2003 unless from 1 to 65536; nothing for "auto".
std::optional<int64_t> latent_dim_of(const ModelOptions& options);

/// Values that a preset gives to keys of ModelOptions ("hidden" -> "256,128"); empty for "none".
/// Error E2003 with the nearest name.
using PresetValues = std::vector<std::pair<std::string_view, std::string_view>>;
PresetValues preset_values(std::string_view preset);

}  // namespace isthmus
