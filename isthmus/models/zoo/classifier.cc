// SPDX-License-Identifier: Apache-2.0
// A network that tells the classes of items: features, the activations before its last layer, and
// log p(class | x) by a softmax. It says nothing about items; its codes are the space in which
// samples of other models are judged, and its accuracy what the labels can be told with.
#include <memory>

#include "isthmus/models/coder.h"
#include "isthmus/models/components.h"
#include "isthmus/models/model.h"

namespace isthmus {
namespace {

Parts make_classifier(const ModelBuild& b, const CoderOptions& options) {
  require_no_condition(b.setup);
  // Two where no data are known yet.
  const int64_t features = latent_dim(b.setup),
                classes = b.setup.data.classes.empty() ? 2 : num_classes(b.setup);
  const auto encoder = std::make_shared<const Network>(make_encoder(b, options, features));
  const GraphBuilder::Scope scope(b.g, "classifier");
  const Value weight = b.g.parameter("weight", {features, classes}, {.kind = "glorot_uniform"});
  const Value bias = b.g.parameter("bias", {classes}, {});
  Parts parts;
  parts.latent_dim = features;
  parts.code = [&b, encoder](const Given& given) {
    return b.g.relu((*encoder)(b, given.x, given.context));
  };
  parts.classify = [&b, weight, bias, code = parts.code](const Given& given) {
    const Value logits = b.g.add(b.g.matmul(code(given), weight), bias);
    const Value total = b.g.reshape({{"shape", Shape{1}}}, b.g.logsumexp(logits));
    return b.g.sub(logits, total);
  };
  parts.loss = [&b, classify = parts.classify, classes](const Given& given) {
    return b.g.neg(b.g.sum(b.g.mul(classify(given), b.g.input("label", {classes}))));
  };
  parts.training = [&b, loss = parts.loss](const Given& given) {
    const Value mean = b.g.batch_mean(loss(given));
    return Training{.objectives = {{.value = mean}}, .terms = {{"loss", mean}}};
  };
  return parts;
}

}  // namespace

ModelDef models::classifier() {
  return {.name = "classifier",
          .summary = "a network that tells the classes of items; no density, no samples",
          .help =
              "to judge samples of other models in its features (eval --features), and to see "
              "how well the labels can be told; --latent is the number of features",
          .source = "Salimans2016",
          .make = make_classifier,
          .likelihoods = {"gaussian"},
          .takes_sigma = false,
          .needs_labels = true,
          .defaults = {{"model.latent_dim", "64"}}};
}

}  // namespace isthmus
