// SPDX-License-Identifier: Apache-2.0
// Windows that slide over an image, the shared geometry of patches and fold and so of every
// convolution. Images are channels last: (..., H, W, C), axes in front are images of their own.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "isthmus/graph/graph.h"

namespace isthmus {

/// Window (i, j) covers rows i * stride - pad_top and `kernel_h - 1` more of an image, columns
/// likewise; what it covers outside the image is zero.
struct Windows {
  int64_t images = 1;  // per row of the batch
  int64_t height = 0, width = 0, channels = 0;
  int64_t kernel_h = 1, kernel_w = 1, stride = 1;
  int64_t pad_top = 0, pad_left = 0;
  int64_t out_h = 0, out_w = 0;                                     // windows
  int64_t patch() const { return kernel_h * kernel_w * channels; }  // values of a window
  int64_t image_size() const { return height * width * channels; }
  // Rows and columns from the first to the last that a window reaches, those beyond the image too.
  int64_t reach_h() const { return (out_h - 1) * stride + kernel_h; }
  int64_t reach_w() const { return (out_w - 1) * stride + kernel_w; }
  int64_t reach_size() const { return reach_h() * reach_w() * channels; }
  bool operator==(const Windows&) const = default;
};

/// Attributes kernel {h, w}, stride, padding {top, left, bottom, right}, as patches and fold have
/// them. Error E2203 unless kernels are from 1 to 7, strides 1 or 2 or the kernel's, paddings
/// smaller than the kernel, and at least one window fits.
Windows windows_over(const Attrs& attrs, const Shape& images);

/// Error E2203 unless x is images and weight a kernel (height, width and two numbers of channels)
/// whose size `axis`, 2 or 3, is the channels of x.
void require_convolution(const ValueType& x, const ValueType& weight, size_t axis);

/// The product of the last axis of images with a matrix, also where the images have no rows: then
/// all their pixels are rows of one matrix.
Value product_of_images(GraphBuilder& g, const Attrs& attrs, Value images, Value matrix);

/// Calls f(index in the row's images, index in the row's windows) for every value of every window
/// that lies in an image, windows in order.
void for_each_tap(const Windows& w, const std::function<void(int64_t, int64_t)>& f);

/// Images and windows for conformance cases: kernels, strides, odd sizes, leading axes.
struct WindowCase {
  Attrs attrs;
  Shape image;
};
std::vector<WindowCase> window_cases();

/// Padding {top, left, bottom, right} of "same" (as many windows as ceil(size / stride), the odd
/// zero behind) or "valid" (none). Error E2203 for other words.
std::vector<int64_t> padding_of(const std::string& padding, std::array<int64_t, 2> size,
                                std::array<int64_t, 2> kernel, int64_t stride);

}  // namespace isthmus
