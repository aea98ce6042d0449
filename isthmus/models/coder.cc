// SPDX-License-Identifier: Apache-2.0
// Encoder and decoder from the options. The layers are nn's, the densities prob's.
#include "isthmus/models/coder.h"

namespace isthmus {
namespace {

constexpr size_t kMaxLayers = 64;

/// The log variance of a code starts near 0 whatever the item: an outlier in a narrow table would
/// otherwise begin with a kl of hundreds of nats.
constexpr double kLogVarStart = 0.1;

}  // namespace

std::optional<std::vector<int64_t>> widths(const std::string& hidden) {
  if (hidden == "auto") return std::nullopt;
  std::vector<int64_t> result;
  if (hidden != "none") parse_value("model.hidden", hidden, kWidthBounds, result);
  if (result.size() > kMaxLayers) {
    throw Error(ErrorCode::kBadValue, std::to_string(result.size()) + " hidden layers are too many",
                "at most " + std::to_string(kMaxLayers), {.key = "model.hidden"});
  }
  return result;
}

NetworkOptions network_options(const CoderOptions& options) {
  const std::optional<std::vector<int64_t>> hidden = widths(options.hidden);
  ISTHMUS_CHECK(hidden.has_value(), "hidden is resolved before a model is built");
  return {.hidden = *hidden,
          .activation = options.activation,
          .init = options.init,
          .dropout = options.dropout};
}

Network make_encoder(const ModelBuild& b, const CoderOptions& options, int64_t out_dim,
                     int64_t tail) {
  NetworkOptions net = network_options(options);
  net.output.tail = tail;
  net.context = b.setup.data.condition.width();
  if (tail > 0) net.output.tail_scale = kLogVarStart;
  net.input_dropout = options.input_dropout;
  return net_of(options).encoder(
      b, {.scope = "encoder", .item = b.setup.data.item_shape, .code = out_dim, .options = net},
      b.setup.own);
}

Network make_decoder(const ModelBuild& b, const CoderOptions& options) {
  const ModelSetup& setup = b.setup;
  NetRequest request = {.scope = "decoder",
                        .item = setup.data.item_shape,
                        .code = latent_dim(setup),
                        .params_per_value = b.likelihood.num_params / setup.data.num_values(),
                        .side_by_side = b.likelihood.side_by_side,
                        .options = network_options(options)};
  request.options.context = setup.data.condition.width();
  request.options.output_bias = {
      .kind = "values",
      .values = all_likelihoods().find(setup.model.likelihood).first_params(setup.data)};
  return net_of(options).decoder(b, request, setup.own);
}

const NetDef& net_of(const CoderOptions& options) {
  return all_nets().find(options.arch == "auto" ? "mlp" : options.arch);
}

std::string network_name(const ModelSetup& setup) {
  const bool networks = own_option(chosen_owners(setup), "model.arch") != nullptr;
  return networks ? std::string(net_of(read_own<CoderOptions>(setup.own)).name) : "none";
}

int64_t latent_dim(const ModelSetup& setup) {
  const std::optional<int64_t> latent = latent_dim_of(setup.model);
  ISTHMUS_CHECK(latent.has_value(), "latent_dim is resolved before a model is built");
  return *latent;
}

}  // namespace isthmus
