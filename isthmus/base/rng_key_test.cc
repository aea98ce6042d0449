// SPDX-License-Identifier: Apache-2.0
// Known answers, accuracy and statistics of the random numbers.
#include "isthmus/base/rng_key.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>
#include <vector>

#if __has_include(<Random123/philox.h>)
#include <Random123/philox.h>
#define ISTHMUS_HAS_RANDOM123
#undef philox4x32  // a macro of its C interface
#endif

#include "isthmus/base/error.h"
#include "isthmus/base/normal_polynomials.h"

namespace isthmus {
namespace {

TEST(Philox, HasTheKnownAnswers) {
  // kat_vectors of Random123.
  EXPECT_EQ(philox4x32({}, {}), (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u}, {~0u, ~0u, ~0u, ~0u}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

#ifdef ISTHMUS_HAS_RANDOM123
TEST(Philox, EqualsRandom123) {
  PhiloxBlock counter = {1, 2, 3, 4};
  RngKey key{5, 6};
  for (int i = 0; i < 1000; ++i) {
    const r123::Philox4x32::ctr_type c = {{counter[0], counter[1], counter[2], counter[3]}};
    const r123::Philox4x32::key_type k = {{key.low, key.high}};
    const auto expected = r123::Philox4x32()(c, k);
    counter = philox4x32(key, counter);
    for (size_t j = 0; j < 4; ++j) ASSERT_EQ(counter[j], expected[j]);
    key = {counter[0], counter[3]};
  }
}
#endif

TEST(RngKey, PurposesAndSeedsAreDistinct) {
  std::set<std::pair<uint32_t, uint32_t>> keys;
  int made = 0;
  for (uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 40}) {
    for (const char* purpose : {"init/encoder.0.weight", "init/encoder.0.bias", "shuffle", "split",
                                "noise", "noise/1", "dropout", "augment", "sample"}) {
      const RngKey key = RngKey::from(seed, purpose);
      keys.insert({key.low, key.high});
      ++made;
    }
  }
  EXPECT_EQ(static_cast<int>(keys.size()), made);
}

TEST(Uniform, CoversTheOpenInterval) {
  EXPECT_EQ(uniform_from_word(0), 0x1p-24f);
  EXPECT_EQ(uniform_from_word(~0u), 1.0f - 0x1p-24f);
  EXPECT_EQ(uniform_from_word(0x80000000u), 0.5f + 0x1p-24f);
}

TEST(Recipe, LogIsAccurate) {
  double worst = 0;
  const auto look = [&](uint32_t k) {
    const float u = uniform_from_word(k << 9);
    const double exact = std::log(static_cast<double>(u));
    worst = std::max(worst, std::abs((static_cast<double>(recipe_log(u)) - exact) / exact));
  };
  for (uint32_t k = 0; k < 1u << 23; k += 37) look(k);
  for (uint32_t k = 0; k < 5000; ++k) {
    look(k);
    look((1u << 23) - 1 - k);
  }
  EXPECT_LT(worst, 2e-7);
  std::printf("[ figure   ] log: relative error %.2g\n", worst);
}

TEST(Recipe, SineAndCosineAreAccurate) {
  double worst = 0;
  for (uint32_t k = 0; k < 1u << 23; k += 37) {
    const float u = uniform_from_word(k << 9);
    const double angle = 2 * std::numbers::pi * static_cast<double>(u);
    const SinCos found = recipe_sin_cos(u);
    worst = std::max({worst, std::abs(static_cast<double>(found.sin) - std::sin(angle)),
                      std::abs(static_cast<double>(found.cos) - std::cos(angle))});
  }
  EXPECT_LT(worst, 2e-7);
  std::printf("[ figure   ] sin, cos: absolute error %.2g\n", worst);
}

TEST(Normal, ExtremesAreFinite) {
  for (uint32_t a : {0u, ~0u, 511u, 0x80000000u}) {
    for (uint32_t b : {0u, ~0u, 0x40000000u, 0x80000000u, 0xC0000000u}) {
      for (float v : normal_pair_from_words(a, b)) {
        EXPECT_TRUE(std::isfinite(v));
        EXPECT_LT(std::abs(v), 5.8f);
      }
    }
  }
}

TEST(Normal, MomentsAndTailsAreThoseOfTheNormal) {
  constexpr int64_t kCount = 400000;
  std::vector<float> values(kCount);
  fill_normal(RngKey::from(3, "noise"), 11, 2, 0, values.data(), kCount);
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0, neighbours = 0;
  int64_t beyond2 = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double v = values[i];
    m1 += v, m2 += v * v, m3 += v * v * v, m4 += v * v * v * v;
    if (i > 0) neighbours += v * values[i - 1];
    if (std::abs(v) > 2) ++beyond2;
  }
  const double n = kCount;
  // Five standard errors each.
  EXPECT_NEAR(m1 / n, 0, 5 * std::sqrt(1 / n));
  EXPECT_NEAR(m2 / n, 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(m3 / n, 0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(m4 / n, 3, 5 * std::sqrt(96 / n));
  EXPECT_NEAR(neighbours / n, 0, 5 * std::sqrt(1 / n));
  EXPECT_NEAR(static_cast<double>(beyond2) / n, 0.0455003, 5 * std::sqrt(0.0434 / n));
}

TEST(Fill, IsAFunctionOfItemEpochAndBlock) {
  const RngKey key = RngKey::from(1, "noise");
  std::vector<float> whole(23), part(11);
  fill_normal(key, 5, 1, 0, whole.data(), 23);
  fill_normal(key, 5, 1, 3, part.data(), 11);
  for (size_t i = 0; i < part.size(); ++i) EXPECT_EQ(part[i], whole[12 + i]);
  const PhiloxBlock words = philox4x32(key, {5, 0, 1, 0});
  EXPECT_EQ(whole[2], normal_pair_from_words(words[2], words[3])[0]);

  std::vector<float> uniforms(6);
  fill_uniform(key, uint64_t{7} << 32, 1, 0, uniforms.data(), 6);
  EXPECT_EQ(uniforms[3], uniform_from_word(philox4x32(key, {0, 7, 1, 0})[3]));
  EXPECT_EQ(uniforms[4], uniform_from_word(philox4x32(key, {0, 7, 1, 1})[0]));
  fill_uniform(key, 0, 0, 0, nullptr, 0);
}

TEST(Permutation, IsABijectionForAllSmallSizes) {
  for (uint64_t n = 1; n <= 300; ++n) {
    const KeyedPermutation permutation(RngKey::from(n, "shuffle"), 3, n);
    std::vector<bool> seen(n);
    for (uint64_t i = 0; i < n; ++i) {
      const uint64_t item = permutation(i);
      ASSERT_LT(item, n);
      ASSERT_FALSE(seen[item]) << n;
      seen[item] = true;
    }
  }
}

TEST(Permutation, IsABijectionForLargeSizes) {
  for (uint64_t n : {uint64_t{60000}, uint64_t{65536}, uint64_t{65537}, uint64_t{100003}}) {
    const KeyedPermutation permutation(RngKey::from(0, "shuffle"), 0, n);
    std::vector<bool> seen(n);
    for (uint64_t i = 0; i < n; ++i) {
      const uint64_t item = permutation(i);
      ASSERT_LT(item, n);
      ASSERT_FALSE(seen[item]);
      seen[item] = true;
    }
  }
  const uint64_t huge = (uint64_t{1} << 40) + 12345;
  const KeyedPermutation permutation(RngKey::from(0, "shuffle"), 0, huge);
  std::set<uint64_t> items;
  for (uint64_t i = 0; i < 10000; ++i) items.insert(permutation(i));
  EXPECT_EQ(items.size(), 10000u);
  EXPECT_LT(*items.rbegin(), huge);
  EXPECT_GT(*items.rbegin(), huge / 2);
}

TEST(Permutation, ManyAtOnceAreThoseOneByOne) {
  for (uint64_t n : {uint64_t{1}, uint64_t{3}, uint64_t{40}, uint64_t{60000}, uint64_t{1} << 40}) {
    const KeyedPermutation permutation(RngKey::from(4, "shuffle"), 2, n);
    const uint64_t count = std::min<uint64_t>(n, 37), first = n - count;
    std::vector<uint64_t> items(count);
    permutation.take(first, items);
    for (uint64_t i = 0; i < count; ++i) EXPECT_EQ(items[i], permutation(first + i)) << n;
  }
}

TEST(Permutation, NeverChangesBetweenVersions) {
  const KeyedPermutation permutation(RngKey::from(0, "shuffle"), 1, 60000);
  std::vector<uint64_t> items(6);
  permutation.take(12345, items);
  EXPECT_EQ(items, (std::vector<uint64_t>{35969, 8896, 48182, 42241, 19580, 22600}));
}

TEST(Permutation, PositionsAreUniform) {
  // Chi-square: where do item positions go, over many epochs.
  constexpr uint64_t kSize = 10, kEpochs = 20000;
  double worst = 0;
  for (uint64_t position : {uint64_t{0}, uint64_t{1}, uint64_t{9}}) {
    std::vector<int> counts(kSize);
    for (uint32_t epoch = 0; epoch < kEpochs; ++epoch) {
      ++counts[KeyedPermutation(RngKey::from(1, "shuffle"), epoch, kSize)(position)];
    }
    double chi = 0;
    const double expected = static_cast<double>(kEpochs) / kSize;
    for (int c : counts) chi += (c - expected) * (c - expected) / expected;
    worst = std::max(worst, chi);
  }
  EXPECT_LT(worst, 33.7);  // 9 degrees of freedom, p = 1e-4
}

TEST(Permutation, AllOrdersOfThreeOccurEquallyOften) {
  std::vector<int> counts(27);
  constexpr uint32_t kEpochs = 12000;
  for (uint32_t epoch = 0; epoch < kEpochs; ++epoch) {
    const KeyedPermutation p(RngKey::from(2, "shuffle"), epoch, 3);
    ++counts[p(0) * 9 + p(1) * 3 + p(2)];
  }
  double chi = 0;
  int orders = 0;
  for (int c : counts) {
    if (c == 0) continue;
    ++orders;
    chi += (c - kEpochs / 6.0) * (c - kEpochs / 6.0) / (kEpochs / 6.0);
  }
  EXPECT_EQ(orders, 6);
  EXPECT_LT(chi, 25.7);  // 5 degrees of freedom, p = 1e-4
}

TEST(Permutation, NeighboursAreUnrelated) {
  constexpr uint64_t kSize = 50000;
  const KeyedPermutation a(RngKey::from(1, "shuffle"), 0, kSize),
      b(RngKey::from(1, "shuffle"), 1, kSize);
  double with_neighbour = 0, with_position = 0, with_other = 0;
  const double mean = (kSize - 1) / 2.0, variance = (kSize * static_cast<double>(kSize) - 1) / 12;
  for (uint64_t i = 0; i + 1 < kSize; ++i) {
    const double v = static_cast<double>(a(i)) - mean;
    with_neighbour += v * (static_cast<double>(a(i + 1)) - mean);
    with_position += v * (static_cast<double>(i) - mean);
    with_other += v * (static_cast<double>(b(i)) - mean);
  }
  const double bound = 5 / std::sqrt(static_cast<double>(kSize));
  EXPECT_NEAR(with_neighbour / variance / kSize, 0, bound);
  EXPECT_NEAR(with_position / variance / kSize, 0, bound);
  EXPECT_NEAR(with_other / variance / kSize, 0, bound);
}

TEST(Permutation, RefusesPositionsOutside) {
  const KeyedPermutation p(RngKey::from(1, "shuffle"), 0, 4);
  EXPECT_THROW(p(4), InternalError);
  EXPECT_EQ(KeyedPermutation(RngKey::from(1, "shuffle"), 0, 1)(0), 0u);
}

}  // namespace
}  // namespace isthmus
