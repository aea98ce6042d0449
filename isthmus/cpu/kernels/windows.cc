// SPDX-License-Identifier: Apache-2.0
// Windows of images written one behind the other, and windows added up to images. Channels last, so
// that a window is one run of values per row of its own.
#include <algorithm>

#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/windows.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/vector_memory.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;

HWY_INLINE void copy_run(const float* src, float* dst, int64_t count) {
  const FloatTag d;
  const auto n = static_cast<size_t>(count), lanes = hn::Lanes(d);
  size_t k = 0;
  for (; k + lanes <= n; k += lanes) hn::StoreU(hn::LoadU(d, src + k), d, dst + k);
  if (k < n) store_partial(load_partial(d, src + k, n - k), d, dst + k, n - k);
}

HWY_INLINE void clear_run(float* dst, int64_t count) {
  const FloatTag d;
  const auto n = static_cast<size_t>(count), lanes = hn::Lanes(d);
  size_t k = 0;
  for (; k + lanes <= n; k += lanes) hn::StoreU(hn::Zero(d), d, dst + k);
  if (k < n) store_partial(hn::Zero(d), d, dst + k, n - k);
}

HWY_INLINE void add_run(const float* src, float* dst, int64_t count) {
  const FloatTag d;
  const auto n = static_cast<size_t>(count), lanes = hn::Lanes(d);
  size_t k = 0;
  for (; k + lanes <= n; k += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, dst + k), hn::LoadU(d, src + k)), d, dst + k);
  }
  if (k == n) return;
  const auto sum = hn::Add(load_partial(d, dst + k, n - k), load_partial(d, src + k, n - k));
  store_partial(sum, d, dst + k, n - k);
}

/// Columns of window j that lie in the image: its own [first, end), and where the first one is.
struct Columns {
  int64_t first, end, image_x;
};
HWY_INLINE Columns columns_of(const Windows& w, int64_t j) {
  const int64_t left = j * w.stride - w.pad_left;
  const int64_t first = std::max<int64_t>(0, -left);
  const int64_t end = std::max(first, std::min(w.kernel_w, w.width - left));
  return {first, end, left + first};
}

/// Window (i, j) of an image.
void copy_window(const Windows& w, const float* image, int64_t i, int64_t j, float* dst) {
  const int64_t c = w.channels, line = w.kernel_w * c;
  const Columns x = columns_of(w, j);
  for (int64_t ky = 0; ky < w.kernel_h; ++ky, dst += line) {
    const int64_t y = i * w.stride - w.pad_top + ky;
    if (y < 0 || y >= w.height) {
      clear_run(dst, line);
      continue;
    }
    if (x.first > 0) clear_run(dst, x.first * c);
    copy_run(image + (y * w.width + x.image_x) * c, dst + x.first * c, (x.end - x.first) * c);
    if (x.end < w.kernel_w) clear_run(dst + x.end * c, (w.kernel_w - x.end) * c);
  }
}

/// Windows that overlap are not added one right behind the other: a run that was just stored can be
/// loaded again only when it has left the store buffer.
void add_image(const Windows& w, const float* src, float* image) {
  const int64_t c = w.channels, line = w.kernel_w * c;
  const int64_t step = (w.kernel_w + w.stride - 1) / w.stride;
  clear_run(image, w.image_size());
  for (int64_t i = 0; i < w.out_h; ++i) {
    const float* windows = src + i * w.out_w * w.patch();
    for (int64_t ky = 0; ky < w.kernel_h; ++ky) {
      const int64_t y = i * w.stride - w.pad_top + ky;
      if (y < 0 || y >= w.height) continue;
      for (int64_t first = 0; first < step; ++first) {
        for (int64_t j = first; j < w.out_w; j += step) {
          const Columns x = columns_of(w, j);
          add_run(windows + j * w.patch() + ky * line + x.first * c,
                  image + (y * w.width + x.image_x) * c, (x.end - x.first) * c);
        }
      }
    }
  }
}

void copy_all(const WindowsCall& call) {
  const Windows& w = call.windows;
  const int64_t each = w.out_h * w.out_w, end = call.end < 0 ? call.images * each : call.end;
  float* dst = call.dst;
  int64_t i = call.first % each / w.out_w, j = call.first % w.out_w;
  const float* image = call.src + call.first / each * w.image_size();
  for (int64_t k = call.first; k < end; ++k, dst += w.patch()) {
    copy_window(w, image, i, j, dst);
    if (++j < w.out_w) continue;
    j = 0;
    if (++i < w.out_h) continue;
    i = 0;
    image += w.image_size();
  }
}

void add_all(const WindowsCall& call) {
  const Windows& w = call.windows;
  for (int64_t k = 0; k < call.images; ++k) {
    add_image(w, call.src + k * w.out_h * w.out_w * w.patch(), call.dst + k * w.image_size());
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(copy_all);
HWY_EXPORT(add_all);
void copy_windows(const WindowsCall& call) noexcept { HWY_DYNAMIC_DISPATCH(copy_all)(call); }
void add_windows(const WindowsCall& call) noexcept { HWY_DYNAMIC_DISPATCH(add_all)(call); }

}  // namespace isthmus
#endif
