// SPDX-License-Identifier: Apache-2.0
// Regularized autoencoder (Ghosh et al. 2020, arXiv:1903.12436) with a penalty on the decoder's
// Jacobian: reconstruction + b |z|^2 / 2 + l |J|_F^2, J = d mean(z) / d z at the code, on the
// model's scale. |J|_F^2 is estimated without bias by |J' v|^2, v ~ N(0, I), one v per item and
// step: one gradient with respect to z, which is differentiated once more for the weights.
#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

struct RaeGpOptions {
  CoderOptions coder;
  CodePenaltyOptions code;
  double jacobian_penalty = 1;

  static constexpr auto fields() {
    using O = RaeGpOptions;
    return std::tuple{nested(&O::coder, "", "Networks."), nested(&O::code, "", "Size of codes."),
                      field(&O::jacobian_penalty, "model.jacobian_penalty", at_least(0),
                            "Weight of the decoder's squared Jacobian. Raise it when neighbouring "
                            "codes decode to unlike items; it costs reconstruction.",
                            {.metavar = "L"})};
  }
};

Parts make_rae_gp(const ModelBuild& b, const RaeGpOptions& options) {
  Parts parts = point_model(b, options.coder).parts;
  parts.training = [&b, parts, options](const Given& given) {
    GraphBuilder& g = b.g;
    const PointTerms terms = point_terms(b, parts, given);
    const Value code = half_squared_norm(g, terms.z);
    const Value jacobian = jacobian_norm(g, b.likelihood.mean(g, terms.params), terms.z);
    const Value objective = g.add(code_penalized(g, terms.reconstruction, code, options.code),
                                  g.mul(g.constant(options.jacobian_penalty), jacobian));
    return Training{.objectives = {{.value = objective}},
                    .terms = {{"reconstruction", terms.reconstruction},
                              {"code_norm", code},
                              {"jacobian_norm", jacobian}}};
  };
  return parts;
}

}  // namespace

ModelDef models::rae_gp() {
  return {.name = "rae_gp",
          .summary = "autoencoder with small codes and a flat decoder",
          .help = "as rae_l2, where interpolation between codes has to be smooth; slower",
          .source = "Ghosh2020",
          .make = make_rae_gp,
          // The mean of others does not differentiate twice more.
          .likelihoods = {"gaussian", "bernoulli", "laplace", "student_t", "poisson",
                          "negative_binomial"},
          .sampler = "a mixture of 10 normals"};
}

}  // namespace isthmus
