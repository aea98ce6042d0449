// SPDX-License-Identifier: Apache-2.0
// Contractive autoencoder (Rifai et al. 2011): reconstruction + l |J|_F^2, J = d z / d x, the code
// as the item moves. |J|_F^2 is estimated without bias by |v' J|^2, v ~ N(0, I), one v per item and
// step: one gradient with respect to x, which is differentiated once more for the weights. Codes
// could shrink while the decoder's weights grow, which contracts nothing: the paper ties the
// weights, here the decoder's have a price.
#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

struct ContractiveOptions {
  CoderOptions coder;
  DecoderPenaltyOptions decoder{.decoder_penalty = 0.01};
  double contraction = 0.1;

  static constexpr auto fields() {
    using O = ContractiveOptions;
    return std::tuple{
        nested(&O::coder, "", "Networks."), nested(&O::decoder, "", "Size of decoder weights."),
        field(&O::contraction, "model.contraction", at_least(0),
              "Weight of the squared Jacobian of the encoder. Raise it when codes change with what "
              "does not matter in an item; it costs reconstruction.",
              {.metavar = "L"})};
  }
};

Parts make_contractive_ae(const ModelBuild& b, const ContractiveOptions& options) {
  PointModel model = point_model(b, options.coder);
  Parts parts = std::move(model.parts);
  parts.training = [&b, parts, decoder = model.decoder, options](const Given& given) {
    GraphBuilder& g = b.g;
    const PointTerms terms = point_terms(b, parts, given);
    const Value jacobian = jacobian_norm(g, terms.z, given.x);
    const Value weights = weight_norm(g, decoder);
    const Value objective =
        g.add(g.add(terms.reconstruction, g.mul(g.constant(options.contraction), jacobian)),
              g.mul(g.constant(options.decoder.decoder_penalty), weights));
    return Training{.objectives = {{.value = objective}},
                    .terms = {{"reconstruction", terms.reconstruction},
                              {"contraction", jacobian},
                              {"decoder_norm", weights}}};
  };
  return parts;
}

}  // namespace

ModelDef models::contractive_ae() {
  return {.name = "contractive_ae",
          .summary = "autoencoder whose codes move little with the item",
          .help = "for codes that stand for items despite small changes, as input of a classifier",
          .source = "Rifai2011",
          .make = make_contractive_ae};
}

}  // namespace isthmus
