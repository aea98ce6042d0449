// SPDX-License-Identifier: Apache-2.0
// Windows of images written one behind the other, as float32 or as operands of bf16 products, and
// windows added up to images. Channels last, so that each line of a window is one run of values.
#include <algorithm>

#include "isthmus/cpu/kernels/bf16_plain.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/windows.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/bf16_lanes.h"

#ifndef ISTHMUS_WINDOWS_SIZES_  // once, whatever the instruction set
#define ISTHMUS_WINDOWS_SIZES_
namespace isthmus {
namespace {

// Lines of so few values are not worth a vector each.
constexpr int64_t kShortLine = 16;

inline bool has_short_lines(const Windows& w) { return w.kernel_w * w.channels <= kShortLine; }

}  // namespace
}  // namespace isthmus
#endif

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// Runs of a few channels end within a vector: their ends go four by four, which costs less than a
// mask.
using FourTag = hn::CappedTag<float, 4>;

HWY_INLINE void copy_run(const float* src, float* dst, int64_t count) {
  const FloatTag d;
  const FourTag four;
  const auto n = static_cast<size_t>(count), lanes = hn::Lanes(d), few = hn::Lanes(four);
  size_t k = 0;
  for (; k + lanes <= n; k += lanes) hn::StoreU(hn::LoadU(d, src + k), d, dst + k);
  for (; k + few <= n; k += few) hn::StoreU(hn::LoadU(four, src + k), four, dst + k);
  for (; k < n; ++k) dst[k] = src[k];
}

HWY_INLINE void clear_run(float* dst, int64_t count) {
  const FloatTag d;
  const FourTag four;
  const auto n = static_cast<size_t>(count), lanes = hn::Lanes(d), few = hn::Lanes(four);
  size_t k = 0;
  for (; k + lanes <= n; k += lanes) hn::StoreU(hn::Zero(d), d, dst + k);
  for (; k + few <= n; k += few) hn::StoreU(hn::Zero(four), four, dst + k);
  for (; k < n; ++k) dst[k] = 0;
}

template <class D>
HWY_INLINE void add_vector(D d, const float* src, float* dst) {
  hn::StoreU(hn::Add(hn::LoadU(d, dst), hn::LoadU(d, src)), d, dst);
}

HWY_INLINE void add_run(const float* src, float* dst, int64_t count) {
  const FloatTag d;
  const FourTag four;
  const auto n = static_cast<size_t>(count), lanes = hn::Lanes(d), few = hn::Lanes(four);
  size_t k = 0;
  for (; k + lanes <= n; k += lanes) add_vector(d, src + k, dst + k);
  for (; k + few <= n; k += few) add_vector(four, src + k, dst + k);
  for (; k < n; ++k) dst[k] += src[k];
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

/// Window (i, j) of one of several images, in order.
struct Position {
  const float* image;
  int64_t i = 0, j = 0;
  void advance(const Windows& w) {
    if (++j < w.out_w) return;
    j = 0;
    if (++i < w.out_h) return;
    i = 0;
    image += w.image_size();
  }
};

void copy_window(const Windows& w, const Position& at, float* dst) {
  const int64_t c = w.channels, line = w.kernel_w * c;
  const Columns x = columns_of(w, at.j);
  for (int64_t ky = 0; ky < w.kernel_h; ++ky, dst += line) {
    const int64_t y = at.i * w.stride - w.pad_top + ky;
    if (y < 0 || y >= w.height) {
      clear_run(dst, line);
      continue;
    }
    if (x.first > 0) clear_run(dst, x.first * c);
    copy_run(at.image + (y * w.width + x.image_x) * c, dst + x.first * c, (x.end - x.first) * c);
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
  const int64_t end = call.images * w.out_h * w.out_w;
  Position at = {.image = call.src};
  for (int64_t k = 0; k < end; ++k, at.advance(w)) copy_window(w, at, call.dst + k * w.patch());
}

#if ISTHMUS_PLAIN_TARGET
struct PlainRounding {};
using HardwareRounding = PlainRounding;
using IntegerRounding = PlainRounding;
template <class>
void cast_row(const float* src, int64_t cols, uint16_t* dst) {
  bf16_plain::rows(src, cols, 1, cols, dst, cols, 0);
}
template <class>
void cast_pair(const float* low, const float* high, int64_t cols, uint16_t* dst) {
  for (int64_t c = 0; c < cols; ++c) {
    dst[2 * c] = bf16_plain::to_bf16(low[c]);
    dst[2 * c + 1] = bf16_plain::to_bf16(high[c]);
  }
}
#endif

/// Line ky of a window where it lies, or, where it reaches beyond the image, made at `edge`.
HWY_INLINE const float* line_of(const Windows& w, const Position& at, const Columns& x, int64_t ky,
                                float* edge) {
  const int64_t c = w.channels, y = at.i * w.stride - w.pad_top + ky;
  if (y < 0 || y >= w.height) {
    clear_run(edge, w.kernel_w * c);
    return edge;
  }
  const float* const line = at.image + (y * w.width + x.image_x) * c;
  if (x.first == 0 && x.end == w.kernel_w) return line;
  clear_run(edge, w.kernel_w * c);
  copy_run(line, edge + x.first * c, (x.end - x.first) * c);
  return edge;
}

/// An image rounded once, with zeros around it: where lines are short, they are copied from there.
class RoundedImage {
 public:
  explicit RoundedImage(const Bf16WindowsCall& call)
      : w_(call.windows), values_(reinterpret_cast<uint16_t*>(call.scratch)) {
    std::memset(values_, 0, static_cast<size_t>(row() * w_.reach_h()) * sizeof(uint16_t));
  }

  template <class Rounding>
  void read(const float* image) {
    const int64_t rows = std::min(w_.height, w_.reach_h() - w_.pad_top);
    const int64_t cols = std::min(w_.width, w_.reach_w() - w_.pad_left) * w_.channels;
    uint16_t* dst = values_ + w_.pad_top * row() + w_.pad_left * w_.channels;
    for (int64_t y = 0; y < rows; ++y, dst += row()) {
      cast_row<Rounding>(image + y * w_.width * w_.channels, cols, dst);
    }
  }

  /// The windows of line i, `stride` values apart.
  void copy_windows(int64_t i, uint16_t* dst, int64_t stride) const {
    const int64_t line = w_.kernel_w * w_.channels;
    const uint16_t* window = values_ + i * w_.stride * row();
    for (int64_t j = 0; j < w_.out_w; ++j, dst += stride, window += w_.stride * w_.channels) {
      const uint16_t* src = window;
      uint16_t* to = dst;
      for (int64_t ky = 0; ky < w_.kernel_h; ++ky, src += row(), to += line) {
        int64_t k = 0;
        for (; k + 4 <= line; k += 4) std::memcpy(to + k, src + k, 4 * sizeof *src);
        for (; k < line; ++k) to[k] = src[k];
      }
    }
  }

 private:
  int64_t row() const { return w_.reach_w() * w_.channels; }

  const Windows& w_;
  uint16_t* values_;
};

template <class Rounding>
void cast_short_windows(const Bf16WindowsCall& call) {
  const Windows& w = call.windows;
  RoundedImage image(call);
  uint16_t* dst = call.dst;
  for (int64_t n = 0; n < call.images; ++n) {
    image.read<Rounding>(call.src + n * w.image_size());
    for (int64_t i = 0; i < w.out_h; ++i, dst += w.out_w * call.stride) {
      image.copy_windows(i, dst, call.stride);
    }
  }
}

/// Two rows of `strips` whole strips, one behind the other, into a pair of rows of each strip.
HWY_INLINE void interleave_rows(const uint16_t* rows, int64_t strips, int64_t stride,
                                uint16_t* dst) {
  const uint16_t* const low = rows;
  const uint16_t* const high = rows + strips * kBf16Strip;
#if ISTHMUS_PLAIN_TARGET
  for (int64_t n = 0; n < strips * kBf16Strip; ++n) {
    uint16_t* to = dst + n / kBf16Strip * stride + 2 * (n % kBf16Strip);
    to[0] = low[n];
    to[1] = high[n];
  }
#else
  const hn::CappedTag<uint16_t, 8> d;
  for (int64_t strip = 0; strip < strips; ++strip) {
    uint16_t* to = dst + strip * stride;
    for (int64_t n = strip * kBf16Strip; n < (strip + 1) * kBf16Strip; n += 8, to += 16) {
      const auto a = hn::LoadU(d, low + n), b = hn::LoadU(d, high + n);
      hn::StoreU(hn::InterleaveLower(d, a, b), d, to);
      hn::StoreU(hn::InterleaveUpper(d, a, b), d, to + 8);
    }
  }
#endif
}

/// Zeros right of the windows, in the last strip of a pair of rows.
HWY_INLINE void clear_right(const Windows& w, int64_t stride, uint16_t* dst) {
  const int64_t rest = w.patch() % kBf16Strip;
  if (rest == 0) return;
  std::memset(dst + w.patch() / kBf16Strip * stride + 2 * rest, 0,
              static_cast<size_t>(2 * (kBf16Strip - rest)) * sizeof(uint16_t));
}

/// Zeros in the rows from dst, where the windows end, to padded_rows.
HWY_INLINE void clear_below(const Bf16WindowsCall& call, uint16_t* dst) {
  const int64_t pairs = call.padded_rows / 2 - (dst - call.dst) / (2 * kBf16Strip);
  for (int64_t n = 0; n < call.windows.patch() && pairs > 0; n += kBf16Strip) {
    std::memset(dst + n / kBf16Strip * call.stride, 0,
                static_cast<size_t>(pairs * 2 * kBf16Strip) * sizeof(uint16_t));
  }
}

template <class Rounding>
void pack_short_windows(const Bf16WindowsCall& call) {
  const Windows& w = call.windows;
  const int64_t strips = (w.patch() + kBf16Strip - 1) / kBf16Strip, width = strips * kBf16Strip;
  RoundedImage image(call);
  // One line of windows, and before it one that waits for the other of its pair.
  uint16_t* const rows = reinterpret_cast<uint16_t*>(call.scratch) + w.reach_size();
  std::memset(rows, 0, static_cast<size_t>((w.out_w + 1) * width) * sizeof(uint16_t));
  uint16_t* dst = call.dst;
  int64_t count = 0;
  for (int64_t n = 0; n < call.images; ++n) {
    image.read<Rounding>(call.src + n * w.image_size());
    for (int64_t i = 0; i < w.out_h; ++i) {
      image.copy_windows(i, rows + count * width, width);
      count += w.out_w;
      int64_t done = 0;
      for (; done + 2 <= count; done += 2, dst += 2 * kBf16Strip) {
        interleave_rows(rows + done * width, strips, call.stride, dst);
      }
      count -= done;
      if (count > 0) std::copy_n(rows + done * width, width, rows);
    }
  }
  if (count > 0) {
    std::memset(rows + width, 0, static_cast<size_t>(width) * sizeof(uint16_t));
    interleave_rows(rows, strips, call.stride, dst);
    dst += 2 * kBf16Strip;
  }
  clear_below(call, dst);
}

template <class Rounding>
void cast_windows(const Bf16WindowsCall& call) {
  const Windows& w = call.windows;
  const int64_t line = w.kernel_w * w.channels, end = call.images * w.out_h * w.out_w;
  Position at = {.image = call.src};
  uint16_t* dst = call.dst;
  for (int64_t k = 0; k < end; ++k, at.advance(w), dst += call.stride) {
    const Columns x = columns_of(w, at.j);
    for (int64_t ky = 0; ky < w.kernel_h; ++ky) {
      cast_row<Rounding>(line_of(w, at, x, ky, call.scratch), line, dst + ky * line);
    }
  }
}

/// A pair of lines to columns [n, n + count) of strips.
template <class Rounding>
HWY_INLINE void pack_lines(const float* low, const float* high, int64_t n, int64_t count,
                           int64_t stride, uint16_t* dst) {
  for (int64_t done = 0; done < count;) {
    const int64_t strip = (n + done) / kBf16Strip, inside = (n + done) % kBf16Strip;
    const int64_t cols = std::min(kBf16Strip - inside, count - done);
    cast_pair<Rounding>(low + done, high + done, cols, dst + strip * stride + 2 * inside);
    done += cols;
  }
}

template <class Rounding>
void pack_windows(const Bf16WindowsCall& call) {
  const Windows& w = call.windows;
  const int64_t line = w.kernel_w * w.channels, end = call.images * w.out_h * w.out_w;
  float* const high_edge = call.scratch + line;
  Position at = {.image = call.src};
  uint16_t* dst = call.dst;
  for (int64_t k = 0; k < end; k += 2, dst += 2 * kBf16Strip) {
    const Position low = at;
    at.advance(w);
    const Position high = at;
    at.advance(w);
    const bool is_pair = k + 1 < end;
    if (!is_pair) clear_run(high_edge, line);
    const Columns low_x = columns_of(w, low.j), high_x = columns_of(w, high.j);
    for (int64_t ky = 0; ky < w.kernel_h; ++ky) {
      const float* const first = line_of(w, low, low_x, ky, call.scratch);
      const float* const second = is_pair ? line_of(w, high, high_x, ky, high_edge) : high_edge;
      pack_lines<Rounding>(first, second, ky * line, line, call.stride, dst);
    }
    clear_right(w, call.stride, dst);
  }
  clear_below(call, dst);
}

template <class Rounding>
void cast_by(const Bf16WindowsCall& call) {
  has_short_lines(call.windows) ? cast_short_windows<Rounding>(call) : cast_windows<Rounding>(call);
}
template <class Rounding>
void pack_by(const Bf16WindowsCall& call) {
  has_short_lines(call.windows) ? pack_short_windows<Rounding>(call) : pack_windows<Rounding>(call);
}

void cast_all(const Bf16WindowsCall& call) {
  has_avx512_bf16() ? cast_by<HardwareRounding>(call) : cast_by<IntegerRounding>(call);
}
void pack_all(const Bf16WindowsCall& call) {
  has_avx512_bf16() ? pack_by<HardwareRounding>(call) : pack_by<IntegerRounding>(call);
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

int64_t windows_scratch(const Windows& w) noexcept {
  const int64_t line = w.kernel_w * w.channels;
  if (!has_short_lines(w)) return 2 * line;  // two of them
  // The rounded image and the windows of one of its lines.
  const int64_t width = (w.patch() + kBf16Strip - 1) / kBf16Strip * kBf16Strip;
  return (w.reach_size() + (w.out_w + 1) * width + 1) / 2;
}

HWY_EXPORT(copy_all);
HWY_EXPORT(cast_all);
HWY_EXPORT(pack_all);
HWY_EXPORT(add_all);
void copy_windows(const WindowsCall& call) noexcept { HWY_DYNAMIC_DISPATCH(copy_all)(call); }
void windows_to_bf16(const Bf16WindowsCall& call) noexcept { HWY_DYNAMIC_DISPATCH(cast_all)(call); }
void pack_windows_to_bf16(const Bf16WindowsCall& call) noexcept {
  HWY_DYNAMIC_DISPATCH(pack_all)(call);
}
void add_windows(const WindowsCall& call) noexcept { HWY_DYNAMIC_DISPATCH(add_all)(call); }

}  // namespace isthmus
#endif
