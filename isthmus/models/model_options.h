// SPDX-License-Identifier: Apache-2.0
// What every model has, as users set it; the definitions of the zoos own the rest. What may be
// `auto` is a text here; once it is resolved, latent_dim_of() reads the number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "isthmus/base/own_options.h"

namespace isthmus {

std::vector<std::string> model_names();  // ae vae beta_vae

// Allowed words, for one_of.
std::vector<std::string> preset_words();      // none, then the presets
std::vector<std::string> likelihood_words();  // auto, then the likelihoods
std::vector<std::string> arch_words();        // auto, then the networks
std::vector<std::string> activation_words();
std::vector<std::string> init_words();  // auto, then the initializers of weights
std::vector<std::string> prior_words();
std::vector<std::string> posterior_words();
std::vector<std::string> estimator_words();
std::vector<std::string> corruption_words();  // none, then the corruptions

/// Definitions that own options of a model, and these options as a program offers them.
const std::vector<OptionOwner>& model_option_owners();
std::vector<BoundOption> all_model_options();

struct ModelOptions {
  std::string name = "vae";
  std::string preset = "none";
  std::string latent_dim = "auto";
  std::string likelihood = "auto";
  std::string corruption = "none";

  static constexpr auto fields() {
    using O = ModelOptions;
    return std::tuple{
        field(&O::name, "name", one_of(model_names), "Which model.", {.flag = "--model"}),
        field(&O::preset, "preset", one_of(preset_words),
              "A reference network: fills model, hidden, latent_dim and likelihood."),
        field(&O::latent_dim, "latent_dim", any_value(),
              "Size of the latent; auto: 20, fewer for narrow and for short tables.",
              {.alias = "--latent", .metavar = "N"}),
        field(&O::likelihood, "likelihood", one_of(likelihood_words),
              "Distribution of the data given the latent; auto: from the data."),
        field(
            &O::corruption, "corruption", one_of(corruption_words),
            "What is done to the items that the encoder sees in training; the target stays clean. "
            "Set it to get a denoiser, or codes that noise does not move.",
            {.of_steps = true})};
  }
};

/// Of widths and latent sizes.
inline constexpr Bounds kWidthBounds = between(1, 65536);

/// Error E2003 unless from 1 to 65536; nothing for "auto".
std::optional<int64_t> latent_dim_of(const ModelOptions& options);

/// Values that a preset gives to keys of ModelOptions ("hidden" -> "256,128"); empty for "none".
/// Error E2003 with the nearest name.
using PresetValues = std::vector<std::pair<std::string_view, std::string_view>>;
PresetValues preset_values(std::string_view preset);

}  // namespace isthmus
