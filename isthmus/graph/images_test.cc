// SPDX-License-Identifier: Apache-2.0
// Operations over images against their definitions, written here once more as plain loops.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "isthmus/graph/op.h"
#include "isthmus/graph/windows.h"

namespace isthmus {
namespace {

std::vector<double> waves(int64_t count, double frequency) {
  std::vector<double> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = std::sin(frequency * static_cast<double>(i) + 0.3);
  }
  return values;
}

/// The one output "y" of a graph with an input "x" and, if `weight` has values, a parameter "w".
std::vector<double> value_of(const std::function<Value(GraphBuilder&, Value, Value)>& make,
                             const Shape& x, const std::vector<double>& values, const Shape& w = {},
                             const std::vector<double>& weight = {}) {
  GraphBuilder g;
  const Value input = g.input("x", x);
  const Value parameter = weight.empty() ? Value{} : g.parameter("w", w, {});
  g.output("y", make(g, input, parameter));
  const Graph graph = std::move(g).finish();
  ReferenceRun run(graph, 1);
  run.set("x", values);
  if (!weight.empty()) run.set("w", weight);
  run.run();
  return run.output("y").data;
}

struct Convolution {
  int64_t height, width, channels, outputs, kernel, stride;
  std::string padding;
};

std::vector<double> convolved(const Convolution& c, const std::vector<double>& x,
                              const std::vector<double>& w) {
  const bool same = c.padding == "same";
  const auto windows = [&](int64_t size) {
    return same ? (size + c.stride - 1) / c.stride : (size - c.kernel) / c.stride + 1;
  };
  const auto before = [&](int64_t size) {
    return same ? std::max<int64_t>(0, (windows(size) - 1) * c.stride + c.kernel - size) / 2 : 0;
  };
  std::vector<double> y;
  for (int64_t i = 0; i < windows(c.height); ++i) {
    for (int64_t j = 0; j < windows(c.width); ++j) {
      for (int64_t o = 0; o < c.outputs; ++o) {
        double sum = 0;
        for (int64_t ky = 0; ky < c.kernel; ++ky) {
          for (int64_t kx = 0; kx < c.kernel; ++kx) {
            const int64_t row = i * c.stride - before(c.height) + ky;
            const int64_t col = j * c.stride - before(c.width) + kx;
            if (row < 0 || col < 0 || row >= c.height || col >= c.width) continue;
            for (int64_t k = 0; k < c.channels; ++k) {
              sum +=
                  x[static_cast<size_t>((row * c.width + col) * c.channels + k)] *
                  w[static_cast<size_t>(((ky * c.kernel + kx) * c.channels + k) * c.outputs + o)];
            }
          }
        }
        y.push_back(sum);
      }
    }
  }
  return y;
}

const std::vector<Convolution> kConvolutions = {
    {28, 28, 1, 3, 4, 2, "same"}, {7, 9, 2, 3, 4, 2, "same"},  {5, 5, 3, 2, 3, 1, "same"},
    {6, 5, 1, 1, 5, 2, "valid"},  {8, 8, 2, 4, 1, 1, "valid"}, {9, 7, 2, 1, 7, 1, "same"}};

Attrs attrs_of(const Convolution& c) { return {{"stride", c.stride}, {"padding", c.padding}}; }

TEST(Conv2d, IsTheSumOverItsWindows) {
  for (const Convolution& c : kConvolutions) {
    const auto x = waves(c.height * c.width * c.channels, 0.7);
    const auto w = waves(c.kernel * c.kernel * c.channels * c.outputs, 1.1);
    const auto y = value_of(
        [&](GraphBuilder& g, Value in, Value weight) { return g.conv2d(attrs_of(c), in, weight); },
        {c.height, c.width, c.channels}, x, {c.kernel, c.kernel, c.channels, c.outputs}, w);
    const auto want = convolved(c, x, w);
    ASSERT_EQ(want.size(), y.size());
    for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(want[i], y[i], 1e-12);
  }
}

TEST(Conv2dTranspose, IsTheTransposeOfTheMapThatConv2dIs) {
  for (const Convolution& c : kConvolutions) {
    const auto x = waves(c.height * c.width * c.channels, 0.7);
    const auto w = waves(c.kernel * c.kernel * c.channels * c.outputs, 1.1);
    const auto y = convolved(c, x, w);
    const auto dual = waves(static_cast<int64_t>(y.size()), 0.37);
    const bool same = c.padding == "same";
    const auto windows = [&](int64_t size) {
      return same ? (size + c.stride - 1) / c.stride : (size - c.kernel) / c.stride + 1;
    };
    const Attrs attrs = attrs_of(c).with("size", std::vector<int64_t>{c.height, c.width});
    const auto back = value_of([&](GraphBuilder& g, Value in,
                                   Value weight) { return g.conv2d_transpose(attrs, in, weight); },
                               {windows(c.height), windows(c.width), c.outputs}, dual,
                               {c.kernel, c.kernel, c.channels, c.outputs}, w);
    ASSERT_EQ(x.size(), back.size());
    EXPECT_NEAR(std::inner_product(y.begin(), y.end(), dual.begin(), 0.0),
                std::inner_product(x.begin(), x.end(), back.begin(), 0.0), 1e-10);
  }
}

TEST(Conv2d, SaysWhichSizesDoNotFit) {
  GraphBuilder g;
  const Value x = g.input("x", {2, 2, 3});
  const Value w = g.parameter("w", {3, 3, 4, 5}, {});
  const Value narrow = g.parameter("narrow", {3, 3, 3, 5}, {});
  const auto message = [&](const Attrs& attrs, Value weight) -> std::string {
    try {
      g.conv2d(attrs, x, weight);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(std::string::npos, message({}, w).find("channels differ")) << message({}, w);
  EXPECT_NE(std::string::npos,
            message({{"padding", std::string("valid")}}, narrow).find("no window"));
  EXPECT_NE(std::string::npos, message({{"padding", std::string("full")}}, narrow).find("'full'"));
  EXPECT_NE(std::string::npos, message({{"stride", 4}}, narrow).find("stride is 4"));
}

TEST(PixelShuffle, LaysTheValuesOfAPixelOutAsASquare) {
  std::vector<double> x(16);  // 1 x 2 pixels of a 2 x 2 square with 2 channels each
  std::iota(x.begin(), x.end(), 0.0);
  const auto y = value_of(
      [](GraphBuilder& g, Value in, Value) {
        return g.pixel_shuffle({{"factor", 2}}, in);
      },
      {1, 2, 8}, x);
  EXPECT_EQ((std::vector<double>{0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15}), y);
}

TEST(UpsampleNearest, RepeatsPixels) {
  const auto y = value_of(
      [](GraphBuilder& g, Value in, Value) {
        return g.upsample_nearest({{"factor", 2}}, in);
      },
      {1, 2, 2}, {1, 2, 3, 4});
  EXPECT_EQ((std::vector<double>{1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4}), y);
}

TEST(AvgPool, AveragesSquaresAndLeavesOutWhatIsNoWholeOne) {
  const auto y = value_of(
      [](GraphBuilder& g, Value in, Value) {
        return g.avg_pool({{"size", 2}}, in);
      },
      {3, 4, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 100, 100, 100, 100});
  EXPECT_EQ((std::vector<double>{3.5, 5.5}), y);
  const auto all = value_of([](GraphBuilder& g, Value in, Value) { return g.global_avg_pool(in); },
                            {2, 1, 2}, {1, 2, 3, 6});
  EXPECT_EQ((std::vector<double>{2, 4}), all);
}

/// Mean and variance of values at `start + k * step` for k < count, seen from `values`.
std::pair<double, double> moments(const std::vector<double>& values,
                                  const std::vector<size_t>& places) {
  double mean = 0, square = 0;
  for (size_t p : places) mean += values[p] / static_cast<double>(places.size());
  for (size_t p : places) {
    square += (values[p] - mean) * (values[p] - mean) / static_cast<double>(places.size());
  }
  return {mean, square};
}

TEST(GroupNorm, GivesEachGroupOfAnImageMeanZeroAndVarianceOne) {
  constexpr size_t kPixels = 12, kChannels = 6, kGroups = 2;
  const auto y = value_of(
      [](GraphBuilder& g, Value in, Value) {
        return g.group_norm({{"groups", 2}, {"epsilon", 0.0}}, in);
      },
      {3, 4, 6}, waves(kPixels * kChannels, 0.9));
  for (size_t group = 0; group < kGroups; ++group) {
    std::vector<size_t> places;
    for (size_t p = 0; p < kPixels; ++p) {
      for (size_t c = 0; c < kChannels / kGroups; ++c)
        places.push_back(p * kChannels + group * 3 + c);
    }
    const auto [mean, variance] = moments(y, places);
    EXPECT_NEAR(0, mean, 1e-12);
    EXPECT_NEAR(1, variance, 1e-12);
  }
}

TEST(LayerNorm, GivesTheChannelsOfAPixelMeanZeroAndVarianceOne) {
  const auto y = value_of(
      [](GraphBuilder& g, Value in, Value) {
        return g.layer_norm({{"epsilon", 0.0}}, in);
      },
      {2, 1, 5}, waves(10, 0.9));
  for (const size_t first : {size_t{0}, size_t{5}}) {
    const auto [mean, variance] = moments(y, {first, first + 1, first + 2, first + 3, first + 4});
    EXPECT_NEAR(0, mean, 1e-12);
    EXPECT_NEAR(1, variance, 1e-12);
  }
}

}  // namespace
}  // namespace isthmus
