// SPDX-License-Identifier: Apache-2.0
// Parts that training and inference graphs share, so that a trained model is used with exactly the
// functions it was trained with.
#pragma once

#include "isthmus/models/model.h"
#include "isthmus/nn/network.h"

namespace isthmus {

/// The input "x" with the item's shape, flattened: (B, D).
Value data_input(GraphBuilder& g, const ModelSetup& setup);

Likelihood make_likelihood(GraphBuilder& g, const ModelSetup& setup);

NetworkOptions encoder_options(const ModelOptions& options);

/// The posterior of x, or for a model without one its code alone.
struct Encoding {
  Value mean;  // (B, Z): posterior mean, or the code
  std::optional<Normal> posterior = {};
};
/// Layers encoder/0, encoder/1, ...; the last has 2 Z outputs (mean, log_var), or Z for a code.
Encoding encode(GraphBuilder& g, const ModelSetup& setup, Value x);

/// Layers decoder/0, decoder/1, ... Shapes: z (B, Z) or (B, L, Z); returns likelihood parameters,
/// (B, P D) or (B, L, P D).
Value decode(GraphBuilder& g, const ModelSetup& setup, const Likelihood& likelihood, Value z);

/// Encoder, draws, decoder, terms; objective = reconstruction + beta kl_weight kl. With beta 1 no
/// node is added for beta, so that beta_vae becomes vae.
ModelOutput build_variational(GraphBuilder& g, const ModelInputs& in, const ModelSetup& setup,
                              double beta);

}  // namespace isthmus
