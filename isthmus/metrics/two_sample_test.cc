// SPDX-License-Identifier: Apache-2.0
// Known answers: what cannot be told apart, what is told apart by mean, spread and shape alone, and
// the area under the curve by counting pairs.
#include "isthmus/metrics/two_sample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"

namespace isthmus {
namespace {

std::vector<float> normals(int64_t rows, int64_t width, uint64_t seed) {
  std::vector<float> out(static_cast<size_t>(rows * width));
  fill_normal(RngKey::from(seed, "test/rows"), 0, 0, 0, out.data(),
              static_cast<int64_t>(out.size()));
  return out;
}

TEST(Auroc, ConstantScoresGiveOneHalf) {
  EXPECT_DOUBLE_EQ(auroc(std::vector<double>{1, 1}, std::vector<double>{1, 1, 1}), 0.5);
}

TEST(Auroc, CountsPairsWithTiesHalf) {
  const std::vector<double> p = {0.2, 0.7, 0.7, 3}, n = {0.1, 0.7, 2};
  double pairs = 0;
  for (const double a : p) {
    for (const double b : n) pairs += a > b ? 1 : a == b ? 0.5 : 0;
  }
  EXPECT_DOUBLE_EQ(auroc(p, n), pairs / 12);
}

TEST(TwoSample, EqualDistributionsCannotBeTold) {
  for (const int64_t width : {1, 20}) {
    const TwoSample r = two_sample_test(normals(3000, width, 1), normals(3000, width, 2), width, 0);
    EXPECT_NEAR(r.auroc, 0.5, 5 * r.auroc_se) << width;
    EXPECT_NEAR(r.accuracy, 0.5, 5 * r.accuracy_se) << width;
  }
}

TEST(TwoSample, MeansApartAreToldAsWellAsTheyCanBe) {
  // Two normals of distance d: no classifier is better than Phi(d / sqrt 2).
  std::vector<float> b = normals(5000, 2, 2);
  for (size_t i = 0; i < b.size(); i += 2) b[i] += 1;
  const TwoSample r = two_sample_test(normals(5000, 2, 1), b, 2, 0);
  const double best = 0.5 * std::erfc(-1 / std::sqrt(2.0) / std::sqrt(2.0));
  EXPECT_NEAR(r.auroc, best, 0.01);
}

TEST(TwoSample, ShapeIsToldWhereMeanAndVarianceAgree) {
  // +-1 with a little noise against a normal of variance 1 + .01, in one of two columns.
  std::vector<float> a = normals(5000, 2, 1), b = normals(5000, 2, 2);
  const std::vector<float> side = normals(5000, 1, 3);
  for (size_t i = 0; i < b.size(); i += 2) {
    a[i] *= std::sqrt(1.01f);
    b[i] = (side[i / 2] > 0 ? 1.0f : -1.0f) + 0.1f * b[i];
  }
  EXPECT_GT(two_sample_test(a, b, 2, 0).auroc, 0.75);
}

TEST(TwoSample, TooFewRowsAreRefused) {
  try {
    two_sample_test(normals(10, 1, 1), normals(100, 1, 2), 1, 0);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kTooFewItems);
  }
}

}  // namespace
}  // namespace isthmus
