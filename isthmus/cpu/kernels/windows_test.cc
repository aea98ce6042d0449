// SPDX-License-Identifier: Apache-2.0
// Windows of images on every instruction set: what is where, and nothing written outside.
#include "isthmus/cpu/kernels/every_target.h"

namespace isthmus {
namespace {

ISTHMUS_ON_EVERY_TARGET(WindowKernels);

constexpr int64_t kImages = 3, kGuard = 32;

template <class T>
struct Guarded {
  explicit Guarded(int64_t count)
      : values(static_cast<size_t>(count + 2 * kGuard), kSentinel), inside(count) {}
  T* data() { return values.data() + kGuard; }
  T at(int64_t i) const { return values[static_cast<size_t>(kGuard + i)]; }
  bool untouched_outside() const {
    for (int64_t i = 0; i < kGuard; ++i) {
      if (at(-1 - i) != kSentinel || at(inside + i) != kSentinel) return false;
    }
    return true;
  }
  static constexpr T kSentinel = 12345;
  std::vector<T> values;
  int64_t inside;
};

TEST_P(WindowKernels, CopyWindowsAndAddThemUpAgain) {
  for (const WindowCase& each : window_cases()) {
    Windows w = windows_over(each.attrs, each.image);
    w.images = 1;
    const int64_t image = w.image_size(), patches = w.out_h * w.out_w * w.patch();
    const auto x = random_values(kImages * image, -1, 1),
               y = random_values(kImages * patches, -1, 1);
    Guarded<float> copied(kImages * patches), added(kImages * image);
    copy_windows({.windows = w, .images = kImages, .src = x.data(), .dst = copied.data()});
    add_windows({.windows = w, .images = kImages, .src = y.data(), .dst = added.data()});
    std::vector<float> want_copied(static_cast<size_t>(kImages * patches), 0.0f);
    std::vector<double> want_added(static_cast<size_t>(kImages * image), 0.0);
    for (int64_t k = 0; k < kImages; ++k) {
      for_each_tap(w, [&](int64_t from, int64_t to) {
        want_copied[static_cast<size_t>(k * patches + to)] =
            x[static_cast<size_t>(k * image + from)];
        want_added[static_cast<size_t>(k * image + from)] +=
            static_cast<double>(y[static_cast<size_t>(k * patches + to)]);
      });
    }
    for (int64_t i = 0; i < kImages * patches; ++i) {
      ASSERT_EQ(want_copied[static_cast<size_t>(i)], copied.at(i)) << i;
    }
    for (int64_t i = 0; i < kImages * image; ++i) {
      ASSERT_NEAR(want_added[static_cast<size_t>(i)], static_cast<double>(added.at(i)), 1e-5) << i;
    }
    EXPECT_TRUE(copied.untouched_outside() && added.untouched_outside());
  }
}

/// Windows of images in float32 and in bf16: rows, and rows of a packed B, by the kernels that
/// round what copy_windows has written.
struct RoundedWindows {
  explicit RoundedWindows(const WindowCase& each, int64_t some_images) : images(some_images) {
    w = windows_over(each.attrs, each.image);
    w.images = 1;
    x = random_values(images * w.image_size(), -1, 1);
    rows = images * w.out_h * w.out_w;
    padded = (rows + 31) / 32 * 32;
    strips = (w.patch() + kBf16Strip - 1) / kBf16Strip;
    copied.resize(static_cast<size_t>(rows * w.patch()));
    copy_windows({.windows = w, .images = images, .src = x.data(), .dst = copied.data()});
    scratch.resize(static_cast<size_t>(windows_scratch(w)));
  }
  Windows w;
  int64_t images, rows = 0, padded = 0, strips = 0;
  std::vector<float> x, copied, scratch;
};

TEST_P(WindowKernels, RoundWindowsLikeRows) {
  for (const WindowCase& each : window_cases()) {
    for (const int64_t images : {1, 3}) {
      RoundedWindows r(each, images);
      const int64_t patch = r.w.patch(), stride = patch + 5;
      std::vector<uint16_t> want(static_cast<size_t>(r.rows * patch));
      rows_to_bf16(r.copied.data(), patch, r.rows, patch, want.data(), patch, 0);
      Guarded<uint16_t> got((r.rows - 1) * stride + patch);
      windows_to_bf16({.windows = r.w,
                       .images = images,
                       .src = r.x.data(),
                       .dst = got.data(),
                       .stride = stride,
                       .scratch = r.scratch.data()});
      for (int64_t row = 0; row < r.rows; ++row) {
        for (int64_t k = 0; k < patch; ++k) {
          ASSERT_EQ(want[static_cast<size_t>(row * patch + k)], got.at(row * stride + k))
              << row << " " << k;
        }
        for (int64_t k = patch; k < stride && row + 1 < r.rows; ++k) {
          ASSERT_EQ(got.kSentinel, got.at(row * stride + k)) << row << " " << k;
        }
      }
      EXPECT_TRUE(got.untouched_outside());
    }
  }
}

TEST_P(WindowKernels, PackWindowsLikeTheRowsOfAFactor) {
  for (const WindowCase& each : window_cases()) {
    for (const int64_t images : {1, 3}) {
      RoundedWindows r(each, images);
      const int64_t stride = r.padded * kBf16Strip + 64, size = r.strips * stride - 64;
      Guarded<uint16_t> want(size), got(size);
      PackCall pack;
      pack.src = r.copied.data();
      pack.k_stride = pack.num_n = r.w.patch();
      pack.n_stride = 1;
      pack.num_k = r.rows;
      pack.padded_k = pack.end_k = r.padded;
      pack.block_n = kBf16Strip;
      pack.block_stride = stride;
      pack.end_block = r.strips;
      pack.dst = want.data();
      pack_bf16_pairs(pack);
      pack_windows_to_bf16({.windows = r.w,
                            .images = images,
                            .src = r.x.data(),
                            .dst = got.data(),
                            .stride = stride,
                            .padded_rows = r.padded,
                            .scratch = r.scratch.data()});
      for (int64_t i = 0; i < size; ++i) ASSERT_EQ(want.at(i), got.at(i)) << i;
      EXPECT_TRUE(got.untouched_outside());
    }
  }
}

}  // namespace
}  // namespace isthmus
