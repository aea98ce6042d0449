// SPDX-License-Identifier: Apache-2.0
// Residual network: each stage halves the image with a 4 x 4 convolution of stride 2, then adds
// blocks x + conv(act(norm(conv(act(norm(x)))))) of 3 x 3 convolutions (pre-activation, He et al.
// 2016), whose last weights start at 0: a deep network begins as a shallow one. The decoder is its
// mirror image. A transposed 4 x 4 convolution of stride 2 is what a convolution before
// pixel_shuffle is (Shi et al. 2016): all pixels of a square are reached by equally many taps.
#include "isthmus/nn/images.h"

namespace isthmus {
namespace {

constexpr int64_t kStageKernel = 4, kBlockKernel = 3;

struct ResnetOptions {
  std::string stages = "auto";
  int64_t blocks = 1;
  std::string norm = "group";

  static constexpr auto fields() {
    using O = ResnetOptions;
    return std::tuple{
        field(&O::stages, "model.stages", any_value(), kStagesHelp,
              {.costs_memory = true, .metavar = "32,64"}),
        field(&O::blocks, "model.blocks", between(1, 32),
              "Residual blocks of two 3 x 3 convolutions behind each halving. Raise it where more "
              "training of one block no longer helps; a step takes longer in proportion.",
              {.costs_memory = true}),
        field(&O::norm, "model.norm", one_of(norm_words), kNormHelp,
              {.level = OptionLevel::kRare})};
  }
};

std::vector<Image> images_of(const Shape& item, const ResnetOptions& options) {
  const StageOptions stages = {.network = "resnet", .stages = options.stages, .norm = options.norm};
  return images_of(item, stages);
}

void add_blocks(Network& network, const Build& b, const NetRequest& r, const ResnetOptions& options,
                int64_t channels) {
  const Network::Kernel kernel = {
      .size = kBlockKernel, .stride = 1, .in = channels, .out = channels};
  for (int64_t k = 0; k < options.blocks; ++k) {
    network.add_residual(b, [&](Network& block) {
      block.add_norm(b, options.norm, channels, r.options.activation);
      block.add_conv(b, kernel, {.weight = hidden_initializer(r.options)});
      block.add_norm(b, options.norm, channels, r.options.activation);
      block.add_conv(b, kernel, {.weight = {.kind = "zeros"}, .dropout = r.options.dropout});
    });
  }
}

Network encoder(const Build& b, const NetRequest& r, const ResnetOptions& options) {
  const std::vector<Image> images = images_of(r.item, options);
  Network network(r.scope);
  add_reshape(network, 1, images[0].shape());
  for (size_t k = 1; k < images.size(); ++k) {
    network.add_conv(
        b,
        {.size = kStageKernel,
         .stride = 2,
         .in = images[k - 1].channels,
         .out = images[k].channels},
        {.weight = hidden_initializer(r.options), .dropout = k == 1 ? r.options.input_dropout : 0});
    add_blocks(network, b, r, options, images[k].channels);
  }
  network.add_norm(b, options.norm, images.back().channels, r.options.activation);
  add_code(network, b, r, images.back());
  return network;
}

Network decoder(const Build& b, const NetRequest& r, const ResnetOptions& options) {
  const std::vector<Image> images = images_of(r.item, options);
  Network network(r.scope);
  add_smallest(network, b, r, images.back(), "");
  for (size_t k = images.size() - 1; k > 0; --k) {
    add_blocks(network, b, r, options, images[k].channels);
    if (k == 1) break;
    network.add_conv_transpose(b,
                               {.size = kStageKernel,
                                .stride = 2,
                                .in = images[k].channels,
                                .out = images[k - 1].channels},
                               images[k - 1].size(), {.weight = hidden_initializer(r.options)});
  }
  network.add_norm(b, options.norm, images[1].channels, r.options.activation);
  add_item(network, b, r, images[1], images[0], kStageKernel);
  return network;
}

NetFront front(const Shape& item, const ResnetOptions& options) {
  const std::vector<Image> images = images_of(item, options);
  NetFront front = {.weights = stage_weights(images, kStageKernel),
                    .values = value_count(images.back().shape())};
  for (size_t k = 1; k < images.size(); ++k) {
    const auto channels = static_cast<uint64_t>(images[k].channels);
    front.weights += CheckedU64(static_cast<uint64_t>(options.blocks)) *
                     uint64_t{2 * kBlockKernel * kBlockKernel} * channels * channels;
  }
  return front;
}

}  // namespace

NetDef nets::resnet() {
  return {
      .name = "resnet",
      .summary = "conv with residual blocks of normalized 3 x 3 convolutions behind each stage",
      .help =
          "for pictures with much detail, where conv no longer gains; a step takes several times "
          "as long",
      .source = "He2016",
      .over_images = true,
      .encoder = encoder,
      .decoder = decoder,
      .front = front};
}

}  // namespace isthmus
