// SPDX-License-Identifier: Apache-2.0
// Regularized autoencoder (Ghosh et al. 2020, arXiv:1903.12436) with an L2 penalty on the decoder's
// weights: reconstruction + b |z|^2 / 2 + l sum w^2. The defaults are the authors', who divide the
// squared error by the 1024 pixels of 32x32 images, converted to squared error / 2, which is the
// reconstruction term of a Gaussian with sigma 1.
#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

struct RaeL2Options {
  CoderOptions coder;
  CodePenaltyOptions code;
  DecoderPenaltyOptions decoder;

  static constexpr auto fields() {
    using O = RaeL2Options;
    return std::tuple{nested(&O::coder, "", "Networks."), nested(&O::code, "", "Size of codes."),
                      nested(&O::decoder, "", "Size of decoder weights.")};
  }
};

Parts make_rae_l2(const ModelBuild& b, const RaeL2Options& options) {
  PointModel model = point_model(b, options.coder);
  Parts parts = std::move(model.parts);
  parts.training = [&b, parts, decoder = model.decoder, options](const Given& given) {
    GraphBuilder& g = b.g;
    const PointTerms terms = point_terms(b, parts, given);
    const Value code = half_squared_norm(g, terms.z);
    const Value weights = weight_norm(g, decoder);
    const Value objective = g.add(code_penalized(g, terms.reconstruction, code, options.code),
                                  g.mul(g.constant(options.decoder.decoder_penalty), weights));
    return Training{.objectives = {{.value = objective}},
                    .terms = {{"reconstruction", terms.reconstruction},
                              {"code_norm", code},
                              {"decoder_norm", weights}}};
  };
  return parts;
}

}  // namespace

ModelDef models::rae_l2() {
  return {.name = "rae_l2",
          .summary = "autoencoder with small codes and small decoder weights",
          .help =
              "for sharp reconstructions; it has no prior, so items are drawn only from a density "
              "that you fit to its codes yourself (encode, decode)",
          .source = "Ghosh2020",
          .make = make_rae_l2,
          .sampler = "a mixture of 10 normals"};
}

}  // namespace isthmus
