// SPDX-License-Identifier: Apache-2.0
// Convolutional network: stages that halve the image, then dense layers; the decoder is its mirror
// image, of transposed convolutions. Weights are shared by all places of an image.
#include "isthmus/nn/images.h"

namespace isthmus {
namespace {

struct ConvOptions {
  std::string stages = "auto";
  int64_t kernel_side = 4;
  std::string norm = "none";

  static constexpr auto fields() {
    using O = ConvOptions;
    return std::tuple{field(&O::stages, "model.stages", any_value(), kStagesHelp,
                            {.costs_memory = true, .metavar = "32,64"}),
                      field(&O::kernel_side, "model.kernel_side", between(2, 7),
                            "Side of the kernels. Raise it for few stages on large images.",
                            {.level = OptionLevel::kRare}),
                      field(&O::norm, "model.norm", one_of(norm_words), kNormHelp,
                            {.level = OptionLevel::kRare})};
  }
};

std::vector<Image> images_of(const Shape& item, const ConvOptions& options) {
  const StageOptions stages = {.network = "conv", .stages = options.stages, .norm = options.norm};
  return images_of(item, stages);
}

/// A hidden layer up to its norm and activation, which stand behind it.
LayerOptions product(const NetworkOptions& options, double dropout) {
  LayerOptions layer = hidden_layer(options, dropout);
  layer.activation.clear();
  return layer;
}

Network encoder(const Build& b, const NetRequest& r, const ConvOptions& options) {
  const std::vector<Image> images = images_of(r.item, options);
  Network network(r.scope);
  add_reshape(network, 1, images[0].shape());
  for (size_t k = 1; k < images.size(); ++k) {
    network.add_conv(b,
                     {.size = options.kernel_side,
                      .stride = 2,
                      .in = images[k - 1].channels,
                      .out = images[k].channels},
                     product(r.options, k == 1 ? r.options.input_dropout : r.options.dropout));
    network.add_norm(b, options.norm, images[k].channels, r.options.activation);
  }
  add_code(network, b, r, images.back());
  return network;
}

Network decoder(const Build& b, const NetRequest& r, const ConvOptions& options) {
  const std::vector<Image> images = images_of(r.item, options);
  Network network(r.scope);
  add_smallest(network, b, r, images.back(), r.options.activation);
  for (size_t k = images.size() - 1; k > 1; --k) {
    network.add_conv_transpose(b,
                               {.size = options.kernel_side,
                                .stride = 2,
                                .in = images[k].channels,
                                .out = images[k - 1].channels},
                               images[k - 1].size(), product(r.options, r.options.dropout));
    network.add_norm(b, options.norm, images[k - 1].channels, r.options.activation);
  }
  add_item(network, b, r, images[1], images[0], options.kernel_side);
  return network;
}

NetFront front(const Shape& item, const ConvOptions& options) {
  const std::vector<Image> images = images_of(item, options);
  return {.weights = stage_weights(images, options.kernel_side),
          .values = value_count(images.back().shape())};
}

}  // namespace

NetDef nets::conv() {
  return {.name = "conv",
          .summary = "convolutions that halve the image, then dense layers",
          .help = "for images: what is learned of one place holds at all others",
          .source = "LeCun1989",
          .over_images = true,
          .encoder = encoder,
          .decoder = decoder,
          .front = front};
}

}  // namespace isthmus
