// SPDX-License-Identifier: Apache-2.0
// What models share whose code of an item is a point: encoder and decoder without a posterior, so
// there is no kl and no elbo. A member of the family is this with a prior and a training rule.
#pragma once

#include "isthmus/models/coder.h"

namespace isthmus {

/// Of models that keep their codes small.
struct CodePenaltyOptions {
  double code_penalty = 0.0064;

  static constexpr auto fields() {
    using O = CodePenaltyOptions;
    return std::tuple{field(&O::code_penalty, "model.code_penalty", at_least(0),
                            "Weight of half the squared norm of the code.",
                            {.level = OptionLevel::kRare, .metavar = "B"})};
  }
};

/// Of models that keep the decoder's weights small.
struct DecoderPenaltyOptions {
  double decoder_penalty = 5e-5;

  static constexpr auto fields() {
    return std::tuple{field(&DecoderPenaltyOptions::decoder_penalty, "model.decoder_penalty",
                            at_least(0),
                            "Weight of the sum of the decoder's squared weights. Raise it when "
                            "neighbouring codes decode to unlike items.",
                            {.metavar = "L"})};
  }
};

/// Sum of the squared weights among these parameters; biases do not count. ()
Value weight_norm(GraphBuilder& g, const Values& parameters);

/// |J|_F^2 of `output` (B, M) by `input` (B, N), averaged over the batch, estimated without bias by
/// |J' v|^2 with one v ~ N(0, I) (M) of stream "jacobian" per item. Can be differentiated once
/// more. ()
Value jacobian_norm(GraphBuilder& g, Value output, Value input);

/// |z|^2 / 2, averaged over the batch: ().
Value half_squared_norm(GraphBuilder& g, Value z);
/// reconstruction + code_penalty code.
Value code_penalized(GraphBuilder& g, Value reconstruction, Value code,
                     const CodePenaltyOptions& options);

/// code and decode; prior and training are left to the model.
struct PointModel {
  Parts parts;
  Values encoder, decoder;  // their parameters
};
PointModel point_model(const ModelBuild& b, const CoderOptions& options);

/// N(0, I) of the code's width.
std::function<Distribution(const Given&)> standard_normal_prior(int64_t width);

/// Those that exist so far.
Values trained_parameters(const GraphBuilder& g);

struct PointTerms {
  Value z;               // (B, Z)
  Value params;          // (B, P D)
  Value reconstruction;  // (): batch mean
};
PointTerms point_terms(const ModelBuild& b, const Parts& parts, const Given& given);

}  // namespace isthmus
