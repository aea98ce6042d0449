// SPDX-License-Identifier: Apache-2.0
// Windows of images on every instruction set: what is where, and nothing written outside.
#include "isthmus/cpu/kernels/every_target.h"

namespace isthmus {
namespace {

ISTHMUS_ON_EVERY_TARGET(WindowKernels);

constexpr int64_t kImages = 3, kGuard = 32;
constexpr float kSentinel = 12345.0f;

struct Guarded {
  explicit Guarded(int64_t count)
      : values(static_cast<size_t>(count + 2 * kGuard), kSentinel), inside(count) {}
  float* data() { return values.data() + kGuard; }
  float at(int64_t i) const { return values[static_cast<size_t>(kGuard + i)]; }
  bool untouched_outside() const {
    for (int64_t i = 0; i < kGuard; ++i) {
      if (at(-1 - i) != kSentinel || at(inside + i) != kSentinel) return false;
    }
    return true;
  }
  std::vector<float> values;
  int64_t inside;
};

TEST_P(WindowKernels, CopyWindowsAndAddThemUpAgain) {
  for (const WindowCase& each : window_cases()) {
    Windows w = windows_over(each.attrs, each.image);
    w.images = 1;
    const int64_t image = w.image_size(), patches = w.out_h * w.out_w * w.patch();
    const auto x = random_values(kImages * image, -1, 1),
               y = random_values(kImages * patches, -1, 1);
    Guarded copied(kImages * patches), added(kImages * image);
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

TEST_P(WindowKernels, CopySomeWindowsLikeAllOfThem) {
  for (const WindowCase& each : window_cases()) {
    Windows w = windows_over(each.attrs, each.image);
    w.images = 1;
    const int64_t count = kImages * w.out_h * w.out_w;
    const auto x = random_values(kImages * w.image_size(), -1, 1);
    std::vector<float> all(static_cast<size_t>(count * w.patch()));
    copy_windows({.windows = w, .images = kImages, .src = x.data(), .dst = all.data()});
    for (int64_t first = 0; first < count; first += 3) {
      const int64_t end = std::min(count, first + 5);
      Guarded some((end - first) * w.patch());
      copy_windows({.windows = w,
                    .images = kImages,
                    .src = x.data(),
                    .dst = some.data(),
                    .first = first,
                    .end = end});
      for (int64_t i = 0; i < some.inside; ++i) {
        ASSERT_EQ(all[static_cast<size_t>(first * w.patch() + i)], some.at(i)) << first << " " << i;
      }
      EXPECT_TRUE(some.untouched_outside());
    }
  }
}

}  // namespace
}  // namespace isthmus
