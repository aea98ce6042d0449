// SPDX-License-Identifier: Apache-2.0
// Closed-form values of the metrics, and that batches may come in any order.
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "isthmus/metrics/metric.h"

namespace isthmus {
namespace {

struct Images {
  std::vector<float> x, y;
};

/// x is a ramp in [0, 1]; y differs from it by `shift` everywhere.
Images ramp_images(int64_t count, int64_t values, float shift) {
  Images images;
  for (int64_t i = 0; i < count * values; ++i) {
    images.x.push_back(static_cast<float>((i * 37) % 101) / 101.0f);
    images.y.push_back(images.x.back() + shift);
  }
  return images;
}

double value_of(const char* name, const MetricSetup& setup, const Images& images, int64_t rows) {
  auto metric = all_metrics().find(name).make(setup);
  metric->add_batch({.rows = rows, .originals = images.x, .reconstructions = images.y});
  return metric->finish().value;
}

TEST(Mse, IsTheMeanOverValues) {
  const Images images{{0, 0, 1, 1}, {0, 1, 1, 3}};
  EXPECT_DOUBLE_EQ(value_of("mse", {.item_shape = {2}}, images, 2), (0 + 1 + 0 + 4) / 4.0);
}

TEST(Mae, IsTheMeanOfAbsoluteValues) {
  const Images images{{0, 0, 1, 1}, {0, 1, 1, -2}};
  EXPECT_DOUBLE_EQ(value_of("mae", {.item_shape = {2}}, images, 2), (0 + 1 + 0 + 3) / 4.0);
}

TEST(Psnr, OfMeanSquaredErrorOneHundredthIs20) {
  const Images images{{0.5f, 0.5f}, {0.4f, 0.6f}};
  EXPECT_NEAR(value_of("psnr", {.item_shape = {1, 2}}, images, 1), 20.0, 1e-5);
}

TEST(Psnr, UsesTheRangeOfTheData) {
  // Images of 0 .. 255 that were not scaled had -42 dB: the range was taken to be 1.
  const Images images{{127.5f, 127.5f}, {102.0f, 153.0f}};
  EXPECT_NEAR(value_of("psnr", {.item_shape = {1, 2}, .dynamic_range = 255}, images, 1), 20.0,
              1e-5);
}

TEST(Ssim, DoesNotChangeWithTheUnitOfTheData) {
  Images unit = ramp_images(1, 144, 0.2f), bytes = unit;
  for (float& v : bytes.x) v *= 255;
  for (float& v : bytes.y) v *= 255;
  EXPECT_NEAR(value_of("ssim", {.item_shape = {12, 12}}, unit, 1),
              value_of("ssim", {.item_shape = {12, 12}, .dynamic_range = 255}, bytes, 1), 1e-5);
}

TEST(Psnr, OfAPerfectImageIsCapped) {
  const Images images = ramp_images(3, 16, 0.0f);
  EXPECT_DOUBLE_EQ(value_of("psnr", {.item_shape = {4, 4}}, images, 3), 100.0);
}

TEST(Psnr, AveragesDecibelsNotErrors) {
  const Images images{{0, 0}, {0.1f, 0.01f}};  // 20 dB and 40 dB
  EXPECT_NEAR(value_of("psnr", {.item_shape = {1, 1}}, images, 2), 30.0, 1e-4);
}

TEST(Ssim, OfEqualImagesIsOne) {
  const Images images = ramp_images(2, 28 * 28, 0.0f);
  EXPECT_NEAR(value_of("ssim", {.item_shape = {28, 28}}, images, 2), 1.0, 1e-12);
}

TEST(Ssim, OfConstantImagesHasTheLuminanceTermOnly) {
  Images images;
  images.x.assign(12 * 13 * 3, 0.25f);
  images.y.assign(12 * 13 * 3, 0.75f);
  const double expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25 * 0.25 + 0.75 * 0.75 + 1e-4);
  EXPECT_NEAR(value_of("ssim", {.item_shape = {12, 13, 3}}, images, 1), expected, 1e-12);
}

/// Four loops over one window, written from the definition.
TEST(Ssim, EqualsTheDefinitionOnOneWindow) {
  const Images images = ramp_images(1, 11 * 11, 0.0f);
  Images noisy = images;
  for (size_t i = 0; i < noisy.y.size(); ++i) noisy.y[i] = 0.8f * noisy.x[i] + 0.1f * (i % 3);
  double sum = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  for (int r = -5; r <= 5; ++r) {
    for (int c = -5; c <= 5; ++c) sum += std::exp(-(r * r + c * c) / 4.5);
  }
  for (int r = -5; r <= 5; ++r) {
    for (int c = -5; c <= 5; ++c) {
      const double w = std::exp(-(r * r + c * c) / 4.5) / sum;
      const size_t at = static_cast<size_t>((r + 5) * 11 + c + 5);
      const double a = noisy.x[at], b = noisy.y[at];
      mx += w * a, my += w * b, xx += w * a * a, yy += w * b * b, xy += w * a * b;
    }
  }
  xx -= mx * mx, yy -= my * my, xy -= mx * my;
  const double expected =
      (2 * mx * my + 1e-4) * (2 * xy + 9e-4) / ((mx * mx + my * my + 1e-4) * (xx + yy + 9e-4));
  EXPECT_NEAR(value_of("ssim", {.item_shape = {11, 11}}, noisy, 1), expected, 1e-12);
}

TEST(Ssim, DoesNotApplyToSmallImagesOrTables) {
  DataSpec spec;
  spec.kind = DataKind::kImage;
  spec.item_shape = {8, 8};
  EXPECT_FALSE(all_metrics().find("ssim").applies(spec));
  spec.item_shape = {11, 11};
  EXPECT_TRUE(all_metrics().find("ssim").applies(spec));
  spec.kind = DataKind::kTable;
  EXPECT_FALSE(all_metrics().find("ssim").applies(spec));
}

TEST(ActiveUnits, CountsVariancesAboveTheThreshold) {
  auto metric = all_metrics().find("active_units").make({.latent_dim = 3});
  // Variances: 0 (dead, far from zero), 0.0064, 0.04.
  const std::vector<float> means = {1e4f, 0.08f, 0.2f, 1e4f, -0.08f, -0.2f};
  metric->add_batch({.rows = 2, .posterior_means = means});
  EXPECT_EQ(metric->finish().value, 1.0);
}

TEST(Metrics, OrderOfBatchesDoesNotMatter) {
  constexpr int64_t kRows = 6, kValues = 12 * 12;
  Images images = ramp_images(kRows, kValues, 0.0f);
  for (size_t i = 0; i < images.y.size(); ++i) images.y[i] += 0.001f * static_cast<float>(i % 89);
  for (const MetricDef& def : all_metrics()) {
    auto one = def.make({.item_shape = {12, 12}, .latent_dim = kValues});
    auto other = def.make({.item_shape = {12, 12}, .latent_dim = kValues});
    const auto part = [&](int64_t first, int64_t count) {
      const size_t at = static_cast<size_t>(first * kValues);
      const size_t size = static_cast<size_t>(count * kValues);
      return MetricBatch{.rows = count,
                         .originals = std::span<const float>(images.x).subspan(at, size),
                         .reconstructions = std::span<const float>(images.y).subspan(at, size),
                         .posterior_means = std::span<const float>(images.x).subspan(at, size)};
    };
    one->add_batch(part(0, kRows));
    other->add_batch(part(4, 2));
    other->add_batch(part(0, 3));
    other->add_batch(part(3, 1));
    EXPECT_NEAR(one->finish().value, other->finish().value, 1e-12) << def.name;
  }
}

TEST(Metrics, StandardErrorIsTheDeviationOverTheRootOfTheCount) {
  ItemMean mean;
  for (double v : {1.0, 2.0, 3.0, 4.0}) mean.add(v);
  EXPECT_DOUBLE_EQ(mean.mean(), 2.5);
  EXPECT_NEAR(mean.standard_error(), std::sqrt(5.0 / 3.0 / 4.0), 1e-15);
}

TEST(Metrics, AnUnknownNameIsRefusedWithTheNearest) {
  try {
    all_metrics().find("snr");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadValue);
    EXPECT_NE(std::string(error.what()).find("psnr"), std::string::npos);
  }
}

}  // namespace
}  // namespace isthmus
