// SPDX-License-Identifier: Apache-2.0
// Convolutional network: stages that halve the image, then dense layers; the decoder is its mirror
// image, of transposed convolutions. Weights are shared by all places of an image.
#include <algorithm>

#include "isthmus/nn/net.h"

namespace isthmus {
namespace {

constexpr int64_t kLeastSide = 8, kMostSide = 256, kSmallEnough = 7;
constexpr Bounds kChannels = between(1, 4096);

struct ConvOptions {
  std::string stages = "auto";
  int64_t kernel_side = 4;

  static constexpr auto fields() {
    using O = ConvOptions;
    return std::tuple{
        field(&O::stages, "model.stages", any_value(),
              "Channels behind each stage, which halves the image; auto: halved until 7 pixels are "
              "left, 32 channels in the first stages and 64 in the last. Widen them for pictures "
              "with much detail.",
              {.costs_memory = true, .metavar = "32,64"}),
        field(&O::kernel_side, "model.kernel_side", between(2, 7),
              "Side of the kernels. Raise it for few stages on large images.",
              {.level = OptionLevel::kRare})};
  }
};

/// An image at one stage.
struct Image {
  int64_t height = 0, width = 0, channels = 1;
  Shape shape() const { return {height, width, channels}; }
  std::array<int64_t, 2> size() const { return {height, width}; }
};

[[noreturn]] void refuse(std::string message, std::string hint, const char* key) {
  throw Error(ErrorCode::kConflict, std::move(message), std::move(hint), {.key = key});
}

/// The item, then what each stage leaves of it.
std::vector<Image> images_of(const Shape& item, const ConvOptions& options) {
  if (item.size() != 2 && item.size() != 3) {
    refuse("network conv needs images, and an item has " + std::to_string(item.size()) +
               (item.size() == 1 ? " axis" : " axes"),
           "use --arch mlp, or give images (H, W) or (H, W, C)", "model.arch");
  }
  std::vector<Image> images = {
      {.height = item[0], .width = item[1], .channels = item.size() == 3 ? item[2] : 1}};
  const int64_t least = std::min(item[0], item[1]), most = std::max(item[0], item[1]);
  if (least < kLeastSide || most > kMostSide) {
    refuse("network conv takes images from 8 x 8 to 256 x 256, these are " +
               std::to_string(item[0]) + " x " + std::to_string(item[1]),
           least < kLeastSide ? "use --arch mlp" : "make them smaller, or use --arch mlp",
           "model.arch");
  }
  std::vector<int64_t> stages;
  parse_value("model.stages", options.stages, kChannels, stages);
  for (size_t k = 0; k < stages.size(); ++k) {
    const Image& last = images.back();
    if (std::min(last.height, last.width) < 2) {
      refuse("model.stages has " + std::to_string(stages.size()) + " stages, but images of " +
                 std::to_string(item[0]) + " x " + std::to_string(item[1]) + " are halved " +
                 std::to_string(k) + " times at most",
             "give fewer stages", "model.stages");
    }
    images.push_back(
        {.height = (last.height + 1) / 2, .width = (last.width + 1) / 2, .channels = stages[k]});
  }
  return images;
}

/// The last axes of x as an image, or as one axis.
void add_reshape(Network& network, size_t axes_before, Shape to) {
  network.add([axes_before, to = std::move(to)](const Build& b, Value x) {
    const Shape& shape = b.g.shape(x);
    Shape whole(shape.begin(), shape.end() - static_cast<int64_t>(axes_before));
    whole.insert(whole.end(), to.begin(), to.end());
    return b.g.reshape({{"shape", whole}}, x);
  });
}

LayerOptions hidden_layer(const NetworkOptions& options, double dropout) {
  return {
      .weight = hidden_initializer(options), .activation = options.activation, .dropout = dropout};
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
                     hidden_layer(r.options, k == 1 ? r.options.input_dropout : r.options.dropout));
  }
  const int64_t flat = value_count(images.back().shape());
  add_reshape(network, 3, {flat});
  NetworkOptions dense = r.options;
  dense.input_dropout = dense.dropout;
  network.add_dense_layers(b, flat, dense, r.code);
  return network;
}

/// The bias of each output channel: the mean over the image of the first values of its pixels.
Initializer channel_bias(const NetRequest& r, const Image& image) {
  const Initializer& of_values = r.options.output_bias;
  if (of_values.kind != "values") return of_values;
  const auto pixels = static_cast<size_t>(image.height * image.width);
  const auto planes = static_cast<size_t>(r.side_by_side ? 1 : r.params_per_value);
  const size_t width = of_values.values.size() / pixels / planes;  // of a pixel in its plane
  Initializer bias = {.kind = "values"};
  for (size_t plane = 0; plane < planes; ++plane) {
    for (size_t k = 0; k < width; ++k) {
      double sum = 0;
      for (size_t p = 0; p < pixels; ++p) {
        sum += static_cast<double>(of_values.values[(plane * pixels + p) * width + k]);
      }
      bias.values.push_back(static_cast<float>(sum / static_cast<double>(pixels)));
    }
  }
  return bias;
}

/// Pixels with `params` groups of channels to `params` images one behind the other, flat.
void add_planes(Network& network, const Image& image, int64_t params, bool side_by_side) {
  if (params > 1 && !side_by_side) {
    network.add([image, params](const Build& b, Value x) {
      Values planes;
      for (int64_t k = 0; k < params; ++k) {
        Value plane = b.g.slice(
            {{"axis", -1}, {"begin", k * image.channels}, {"end", (k + 1) * image.channels}}, x);
        Shape flat = b.g.shape(plane);
        flat.erase(flat.end() - 3, flat.end());
        flat.push_back(value_count(image.shape()));
        planes.push_back(b.g.reshape({{"shape", flat}}, plane));
      }
      return b.g.call("concat", {{"axis", -1}}, planes);
    });
  } else {
    add_reshape(network, 3, {params * value_count(image.shape())});
  }
}

Network decoder(const Build& b, const NetRequest& r, const ConvOptions& options) {
  const std::vector<Image> images = images_of(r.item, options);
  const Image &item = images.front(), &smallest = images.back();
  Network network(r.scope);
  const NetworkOptions dense = mirrored(r.options);
  std::vector<int64_t> widths = dense.hidden;
  widths.push_back(value_count(smallest.shape()));
  int64_t width = r.code;
  for (size_t k = 0; k < widths.size(); ++k) {
    network.add_dense(b, width, widths[k],
                      hidden_layer(dense, k == 0 ? dense.input_dropout : dense.dropout),
                      k == 0 ? dense.context : 0);
    width = widths[k];
  }
  add_reshape(network, 1, smallest.shape());
  for (size_t k = images.size() - 1; k > 0; --k) {
    const bool last = k == 1;
    LayerOptions layer = hidden_layer(dense, dense.dropout);
    if (last) {
      layer.weight = dense.output;
      layer.bias = channel_bias(r, item);
      layer.activation.clear();
    }
    network.add_conv_transpose(b,
                               {.size = options.kernel_side,
                                .stride = 2,
                                .in = images[k].channels,
                                .out = images[k - 1].channels * (last ? r.params_per_value : 1)},
                               images[k - 1].size(), layer);
  }
  add_planes(network, item, r.params_per_value, r.side_by_side);
  return network;
}

NetFront front(const Shape& item, const ConvOptions& options) {
  const std::vector<Image> images = images_of(item, options);
  NetFront front = {.values = value_count(images.back().shape())};
  for (size_t k = 1; k < images.size(); ++k) {
    front.weights += CheckedU64(static_cast<uint64_t>(options.kernel_side * options.kernel_side)) *
                     static_cast<uint64_t>(images[k - 1].channels) *
                     static_cast<uint64_t>(images[k].channels);
  }
  return front;
}

}  // namespace

std::string usual_stages(int64_t height, int64_t width) {
  int64_t stages = 0;
  for (int64_t side = std::min(height, width); side > kSmallEnough; side = (side + 1) / 2) ++stages;
  stages = std::max<int64_t>(1, stages);
  std::string text;
  for (int64_t k = 0; k < stages; ++k) {
    text += (k == 0 ? "" : ",") + std::string(k < stages / 2 ? "32" : "64");
  }
  return text;
}

NetDef nets::conv() {
  return {.name = "conv",
          .summary = "convolutions that halve the image, then dense layers",
          .help = "for images: what is learned of one place holds at all others",
          .source = "LeCun1989",
          .encoder = encoder,
          .decoder = decoder,
          .front = front};
}

}  // namespace isthmus
