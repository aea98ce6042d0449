// SPDX-License-Identifier: Apache-2.0
// Encoder and decoder networks as models share them.
#pragma once

#include "isthmus/models/parts.h"
#include "isthmus/nn/net.h"

namespace isthmus {

inline constexpr Bounds kDropoutBounds = {.low = 0, .high = 1, .high_open = true};

/// Networks of the models that have some.
struct CoderOptions {
  std::string arch = "auto";
  std::string hidden = "auto";
  std::string activation = "relu";
  std::string init = "auto";
  double dropout = 0;
  double input_dropout = 0;

  static constexpr auto fields() {
    using O = CoderOptions;
    return std::tuple{
        field(&O::arch, "model.arch", one_of(arch_words),
              "Network of encoder and decoder; auto: conv for images in colour or of 32 pixels and "
              "more, up to 256 x 256, else mlp; --resize makes larger ones fit. Try conv on small "
              "images whose subject moves, resnet for detail."),
        field(
            &O::hidden, "model.hidden", any_value(),
            "Widths of the hidden layers: of the encoder, mirrored in the decoder; none: no hidden "
            "layer; auto: from the size of an item.",
            {.costs_memory = true, .metavar = "256,128"}),
        field(&O::activation, "model.activation", one_of(activation_words),
              "Activation of the hidden layers."),
        field(
            &O::init, "model.init", one_of(init_words),
            "First weights of the hidden layers; auto: glorot_uniform. Try he_normal for deep relu "
            "networks that learn slowly.",
            {.level = OptionLevel::kRare}),
        field(
            &O::dropout, "model.dropout", kDropoutBounds,
            "Share of the hidden units that a training step leaves out. Raise it (0.1 to 0.5) when "
            "the validation error rises while that of training falls.",
            {.metavar = "SHARE"}),
        field(&O::input_dropout, "model.input_dropout", kDropoutBounds,
              "The same of the encoder's inputs; rarely above 0.2.",
              {.level = OptionLevel::kRare, .metavar = "SHARE"})};
  }
};

/// Widths of the hidden layers: "256,128", or none for "none". Error E2003 unless each is from 1 to
/// 65536 and there are at most 64; nothing for "auto".
std::optional<std::vector<int64_t>> widths(const std::string& hidden);

NetworkOptions network_options(const CoderOptions& options);

/// Encoder with `out_dim` outputs, layers encoder/0, encoder/1, ..., of which the last `tail` start
/// near 0 (log variances).
Network make_encoder(const ModelBuild& b, const CoderOptions& options, int64_t out_dim,
                     int64_t tail = 0);
/// Layers decoder/0, decoder/1, ... from z to the parameters of the likelihood, whose bias starts
/// at the data.
Network make_decoder(const ModelBuild& b, const CoderOptions& options);

/// The network that is named. `auto` is resolved where data are known; in a model file of a version
/// that had no word for it yet, it is mlp.
const NetDef& net_of(const CoderOptions& options);

/// "mlp", "conv", ...; "none" for a model without networks.
std::string network_name(const ModelSetup& setup);

/// Error E2003 unless from 1 to 65536.
int64_t latent_dim(const ModelSetup& setup);

}  // namespace isthmus
