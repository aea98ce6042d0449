// SPDX-License-Identifier: Apache-2.0
// What networks over images share: the image behind each stage, and the ways between images and
// flat values. Stages halve the image; dense layers stand between the last one and the code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/nn/net.h"

namespace isthmus {

struct Image {
  int64_t height = 0, width = 0, channels = 1;
  Shape shape() const { return {height, width, channels}; }
  std::array<int64_t, 2> size() const { return {height, width}; }
};

/// How the hidden images of a network are made.
struct StageOptions {
  std::string_view network;  // "conv", for errors
  std::string stages;        // channels behind each stage
  std::string norm;
};

inline constexpr std::string_view kStagesHelp =
    "Channels behind each stage, which halves the image; auto: halved until 7 pixels are left, 32 "
    "channels in the first stages and 64 in the last. Widen them for pictures with much detail.";
inline constexpr std::string_view kNormHelp =
    "Normalization of hidden images: group over all pixels and a group of channels, layer over the "
    "channels of each pixel. Try group where a deep network learns slowly; each costs time.";

/// none group layer
std::vector<std::string> norm_words();

/// The item, then what each stage leaves of it. Error E2005 for items that are no images or of
/// sides that cannot be halved so often, and where a norm would leave nothing of a value.
std::vector<Image> images_of(const Shape& item, const StageOptions& options);

/// Layers that take the last `axes` axes of a value as an image, or as one axis.
void add_reshape(Network& network, size_t axes, Shape to);

/// The options of a hidden layer.
LayerOptions hidden_layer(const NetworkOptions& options, double dropout);

/// From the smallest image of an encoder to the code.
void add_code(Network& network, const Build& b, const NetRequest& r, const Image& smallest);

/// From the code to the smallest image of a decoder, whose values have `activation` or none.
void add_smallest(Network& network, const Build& b, const NetRequest& r, const Image& smallest,
                  const std::string& activation);

/// The last layer of a decoder, of params_per_value times the channels of the item: its transposed
/// kernel, and the parameters laid as the request says.
void add_item(Network& network, const Build& b, const NetRequest& r, const Image& from,
              const Image& item, int64_t kernel_side);

/// Values of the kernels between the images.
CheckedU64 stage_weights(const std::vector<Image>& images, int64_t kernel_side);

}  // namespace isthmus
