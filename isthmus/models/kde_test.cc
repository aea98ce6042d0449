// SPDX-License-Identifier: Apache-2.0
// Kernel densities against the sum over items written out.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "isthmus/testing/fitted_model.h"
#include "isthmus/testing/jacobi.h"

namespace isthmus {
namespace {

using Doubles = std::vector<double>;

ModelSetup kde_setup(int64_t width, int64_t stored, const std::string& bandwidth = "auto") {
  return {.model = {.name = "kde", .likelihood = "gaussian"},
          .own = {.texts = {{"model.bandwidth", bandwidth},
                            {"model.stored_items", std::to_string(stored)}}},
          .data = {.item_shape = {width}}};
}

double bandwidth_of(const Fitted& f) {
  return static_cast<double>(f.parameters.at("kde/bandwidth").values<float>()[0]);
}

/// log 1/N sum_n N(x; x_n, h^2 I), without item `left_out`.
double log_kernel_sum(const std::vector<float>& items, size_t d, const double* x, double h,
                      size_t left_out = SIZE_MAX) {
  double sum = 0, count = 0;
  for (size_t n = 0; n < items.size() / d; ++n) {
    if (n == left_out) continue;
    double square = 0;
    for (size_t j = 0; j < d; ++j) square += std::pow(x[j] - items[n * d + j], 2);
    sum += std::exp(-square / (2 * h * h));
    count += 1;
  }
  return std::log(sum / count) - 0.5 * double(d) * std::log(2 * std::numbers::pi * h * h);
}

TEST(Kde, IsTheMeanOfKernelsAboutTheItems) {
  const std::vector<float> x = items(30, 3), other = items(40, 3);
  const Fitted f = fitted(kde_setup(3, 30, "0.7"), x);
  const Doubles points(other.begin(), other.end());
  const Doubles log_p = f.log_prob(points);
  for (size_t i = 0; i < log_p.size(); ++i) {
    EXPECT_NEAR(log_p[i], log_kernel_sum(x, 3, points.data() + 3 * i, 0.7), 1e-4);
  }
}

TEST(Kde, IntegratesToOneOnALineAndOnAPlane) {
  const Fitted line = fitted(kde_setup(1, 20), items(20, 1));
  const Fitted plane = fitted(kde_setup(2, 20, "0.5"), items(20, 2));
  Doubles xs, points;
  for (int i = -1000; i <= 1000; ++i) xs.push_back(0.01 * i);
  for (int i = -80; i <= 80; ++i) {
    for (int j = -80; j <= 80; ++j) {
      points.push_back(0.1 * i);
      points.push_back(0.1 * j);
    }
  }
  double one = 0, two = 0;
  for (double log_p : line.log_prob(xs)) one += 0.01 * std::exp(log_p);
  for (double log_p : plane.log_prob(points)) two += 0.01 * std::exp(log_p);
  EXPECT_NEAR(one, 1, 1e-3);
  EXPECT_NEAR(two, 1, 1e-3);
}

TEST(Kde, LeaveOneOutExcludesTheItem) {
  // With its own kernel an item would be the more probable the smaller the width.
  for (size_t d : {1u, 2u}) {
    const std::vector<float> x = items(60, static_cast<int64_t>(d));
    const double found = bandwidth_of(fitted(kde_setup(static_cast<int64_t>(d), 60), x));
    double deviation = 0;
    for (size_t j = 0; j < d; ++j) deviation += covariance_of(x, d)[j][j] / double(d);
    deviation = std::sqrt(deviation);
    double best = -INFINITY, expected = 0;
    for (int s = 0; s < 30; ++s) {
      const double h = 0.05 * std::pow(20.0, s / 29.0) * deviation;
      double sum = 0;
      for (size_t i = 0; i < 60; ++i) {
        const Doubles own(x.begin() + ptrdiff_t(i * d), x.begin() + ptrdiff_t((i + 1) * d));
        sum += log_kernel_sum(x, d, own.data(), h, i);
      }
      if (!(sum > best)) continue;
      best = sum;
      expected = h;
    }
    EXPECT_NEAR(found, expected, 1e-6);
    EXPECT_GT(found, 0.06 * deviation);
  }
}

TEST(Kde, DrawsHaveTheMeanAndTheVarianceOfTheDensity) {
  const std::vector<float> x = items(50, 2);
  const Fitted f = fitted(kde_setup(2, 50, "0.4"), x);
  const int64_t rows = 4000;
  const Doubles drawn = f.draws(rows);
  const std::vector<float> as_floats(drawn.begin(), drawn.end());
  for (size_t j = 0; j < 2; ++j) {
    const double variance = covariance_of(x, 2)[j][j] + 0.4 * 0.4;
    EXPECT_NEAR(mean_of(as_floats, 2)[j], mean_of(x, 2)[j], 5 * std::sqrt(variance / double(rows)));
    EXPECT_NEAR(covariance_of(as_floats, 2)[j][j], variance,
                5 * variance * std::sqrt(3 / double(rows)));
  }
}

TEST(Kde, StoresFewerItemsWhereToldTo) {
  const Fitted f = fitted(kde_setup(2, 8), items(50, 2));
  EXPECT_EQ(f.parameters.at("kde/items").shape(), (Shape{8, 2}));
}

ErrorCode code_of(const ModelSetup& setup, const std::vector<float>& x) {
  try {
    fitted(setup, x);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Kde, RefusesWhatCannotBeFitted) {
  EXPECT_EQ(code_of(kde_setup(2, 51), items(50, 2)), ErrorCode::kBadValue);
  EXPECT_EQ(code_of(kde_setup(2, 1), items(50, 2)), ErrorCode::kImpossible);
  EXPECT_EQ(code_of(kde_setup(2, 10), std::vector<float>(20, 0.25f)), ErrorCode::kImpossible);
  for (const char* width : {"0", "-1", "wide", "nan"}) {
    EXPECT_EQ(code_of(kde_setup(2, 10, width), items(10, 2)), ErrorCode::kBadValue) << width;
  }
}

}  // namespace
}  // namespace isthmus
