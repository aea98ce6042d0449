// SPDX-License-Identifier: Apache-2.0
// The sizes of stages, and the layers at both ends of a network over images.
#include "isthmus/nn/images.h"

#include <algorithm>

namespace isthmus {
namespace {

constexpr int64_t kLeastSide = 8, kMostSide = 256, kSmallEnough = 7;
constexpr Bounds kChannels = between(1, 4096);

[[noreturn]] void refuse(std::string message, std::string hint, const char* key) {
  throw Error(ErrorCode::kConflict, std::move(message), std::move(hint), {.key = key});
}

std::string by(int64_t height, int64_t width) {
  return std::to_string(height) + " x " + std::to_string(width);
}

void require_sides(const Shape& item, std::string_view network) {
  const std::string name = "network " + std::string(network);
  if (item.size() != 2 && item.size() != 3) {
    refuse(name + " needs images, and an item has " + std::to_string(item.size()) +
               (item.size() == 1 ? " axis" : " axes"),
           "use --arch mlp, or give images (H, W) or (H, W, C)", "model.arch");
  }
  const int64_t least = std::min(item[0], item[1]), most = std::max(item[0], item[1]);
  if (least < kLeastSide || most > kMostSide) {
    refuse(name + " takes images from 8 x 8 to 256 x 256, these are " + by(item[0], item[1]),
           least < kLeastSide ? "use --arch mlp"
                              : "bring them to a smaller size: --resize 128x128, or use --arch mlp",
           "model.arch");
  }
}

/// One value alone has itself as its mean: a norm would make it 0 whatever it was.
void require_values(const Image& image, const std::string& norm) {
  if (norm == "none") return;
  const int64_t pixels = norm == "layer" ? 1 : image.height * image.width;
  const int64_t channels =
      norm == "layer" ? image.channels : image.channels / norm_groups(image.channels);
  if (pixels * channels > 1) return;
  refuse("model.norm " + norm + " has a single value to normalize behind the stage of " +
             by(image.height, image.width) + " pixels and " + std::to_string(image.channels) +
             (image.channels == 1 ? " channel" : " channels"),
         "give that stage more channels (--stages), or use --norm none", "model.norm");
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
  if (params == 1 || side_by_side) {
    return add_reshape(network, 3, {params * value_count(image.shape())});
  }
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
}

}  // namespace

std::vector<std::string> norm_words() { return {"none", "group", "layer"}; }

std::vector<Image> images_of(const Shape& item, const StageOptions& options) {
  require_sides(item, options.network);
  std::vector<Image> images = {
      {.height = item[0], .width = item[1], .channels = item.size() == 3 ? item[2] : 1}};
  std::vector<int64_t> stages;
  parse_value("model.stages", options.stages, kChannels, stages);
  for (size_t k = 0; k < stages.size(); ++k) {
    const Image& last = images.back();
    if (std::min(last.height, last.width) < 2) {
      refuse("model.stages has " + std::to_string(stages.size()) + " stages, but images of " +
                 by(item[0], item[1]) + " are halved " + std::to_string(k) + " times at most",
             "give fewer stages", "model.stages");
    }
    images.push_back(
        {.height = (last.height + 1) / 2, .width = (last.width + 1) / 2, .channels = stages[k]});
    require_values(images.back(), options.norm);
  }
  return images;
}

void add_reshape(Network& network, size_t axes, Shape to) {
  network.add([axes, to = std::move(to)](const Build& b, Value x) {
    const Shape& shape = b.g.shape(x);
    Shape whole(shape.begin(), shape.end() - static_cast<int64_t>(axes));
    whole.insert(whole.end(), to.begin(), to.end());
    return b.g.reshape({{"shape", whole}}, x);
  });
}

LayerOptions hidden_layer(const NetworkOptions& options, double dropout) {
  return {
      .weight = hidden_initializer(options), .activation = options.activation, .dropout = dropout};
}

void add_code(Network& network, const Build& b, const NetRequest& r, const Image& smallest) {
  const int64_t flat = value_count(smallest.shape());
  add_reshape(network, 3, {flat});
  NetworkOptions dense = r.options;
  dense.input_dropout = dense.dropout;
  network.add_dense_layers(b, flat, dense, r.code);
}

void add_smallest(Network& network, const Build& b, const NetRequest& r, const Image& smallest,
                  const std::string& activation) {
  const NetworkOptions dense = mirrored(r.options);
  std::vector<int64_t> widths = dense.hidden;
  widths.push_back(value_count(smallest.shape()));
  int64_t width = r.code;
  for (size_t k = 0; k < widths.size(); ++k) {
    LayerOptions layer = hidden_layer(dense, k == 0 ? dense.input_dropout : dense.dropout);
    if (k + 1 == widths.size()) layer.activation = activation;
    network.add_dense(b, width, widths[k], layer, k == 0 ? dense.context : 0);
    width = widths[k];
  }
  add_reshape(network, 1, smallest.shape());
}

void add_item(Network& network, const Build& b, const NetRequest& r, const Image& from,
              const Image& item, int64_t kernel_side) {
  const LayerOptions layer = {.weight = r.options.output,
                              .bias = channel_bias(r, item),
                              .activation = {},
                              .dropout = r.options.dropout};
  network.add_conv_transpose(b,
                             {.size = kernel_side,
                              .stride = 2,
                              .in = from.channels,
                              .out = item.channels * r.params_per_value},
                             item.size(), layer);
  add_planes(network, item, r.params_per_value, r.side_by_side);
}

CheckedU64 stage_weights(const std::vector<Image>& images, int64_t kernel_side) {
  CheckedU64 weights = 0;
  for (size_t k = 1; k < images.size(); ++k) {
    weights += CheckedU64(static_cast<uint64_t>(kernel_side * kernel_side)) *
               static_cast<uint64_t>(images[k - 1].channels) *
               static_cast<uint64_t>(images[k].channels);
  }
  return weights;
}

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

}  // namespace isthmus
