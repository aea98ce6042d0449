// SPDX-License-Identifier: Apache-2.0
// Distances of sets of samples against closed forms of normals and against counting by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/metrics/frechet.h"
#include "isthmus/metrics/kernel_distance.h"
#include "isthmus/metrics/manifold.h"

namespace isthmus {
namespace {

std::vector<float> normals(int64_t rows, int64_t width, uint64_t seed) {
  std::vector<float> out(static_cast<size_t>(rows * width));
  fill_normal(RngKey::from(seed, "test/rows"), 0, 0, 0, out.data(),
              static_cast<int64_t>(out.size()));
  return out;
}

TEST(Fid, ClosedFormOfGaussians) {
  // Diagonal covariances commute: |dm|^2 + sum (s - t)^2.
  EXPECT_NEAR(frechet_distance({1, 2}, {4, 0, 0, 9}, {0, 4}, {1, 0, 0, 25}), 1 + 4 + 1 + 4, 1e-12);
  // Two that do not commute, A = [[2, 1], [1, 2]] and B = diag(1, 4): tr (AB)^(1/2) is the sum of
  // the roots of the eigenvalues of AB, l^2 - 10 l + 12 = 0.
  const double high = 5 + std::sqrt(13.0), low = 5 - std::sqrt(13.0);
  EXPECT_NEAR(frechet_distance({0, 0}, {2, 1, 1, 2}, {0, 0}, {1, 0, 0, 4}),
              4 + 5 - 2 * (std::sqrt(high) + std::sqrt(low)), 1e-12);
}

TEST(Fid, SingularCovarianceIsFinite) {
  EXPECT_NEAR(frechet_distance({0, 0}, {1, 1, 1, 1}, {0, 0}, {1, -1, -1, 1}), 4, 1e-7);
  std::vector<float> constant(200, 3.0f);
  const FrechetResult r = frechet_distance(constant, constant, 2);
  EXPECT_DOUBLE_EQ(r.value, 0);
  EXPECT_DOUBLE_EQ(r.standard_error, 0);
}

TEST(Fid, OfRowsEqualsThatOfTheirMoments) {
  const std::vector<float> a = {0, 0, 2, 0, 0, 2, 2, 2}, b = {1, 1, 3, 1, 1, 5, 3, 5};
  std::vector<float> many_a, many_b;
  for (int i = 0; i < 20; ++i) {
    many_a.insert(many_a.end(), a.begin(), a.end());
    many_b.insert(many_b.end(), b.begin(), b.end());
  }
  const double c = 80.0 / 79;  // N - 1
  EXPECT_NEAR(frechet_distance(many_a, many_b, 2).value, 1 + 4 + c * ((1 - 1) + (2 - 1) * (2 - 1)),
              1e-9);
}

TEST(Fid, SelfDistanceMatchesFormula) {
  // The mean over pairs of samples of one normal, d 16, N 2,000.
  double mean = 0;
  constexpr int kPairs = 10;
  double told = 0;
  for (int p = 0; p < kPairs; ++p) {
    const FrechetResult r =
        frechet_distance(normals(2000, 16, static_cast<uint64_t>(2 * p)),
                         normals(2000, 16, static_cast<uint64_t>(2 * p + 1)), 16);
    mean += r.value / kPairs;
    told = r.self_distance;
  }
  EXPECT_NEAR(told, 2.0 * 16 / 2000 + 16.0 * 17 / (2 * 2000), 1e-12);
  EXPECT_NEAR(mean, told, 0.1 * told);
}

TEST(Fid, StandardErrorIsThatOfRepeatedSamples) {
  std::vector<double> values;
  double told = 0;
  constexpr int kPairs = 24;
  for (int p = 0; p < kPairs; ++p) {
    std::vector<float> b = normals(1000, 3, static_cast<uint64_t>(100 + p));
    for (size_t i = 0; i < b.size(); i += 3) b[i] += 1;
    const FrechetResult r = frechet_distance(normals(1000, 3, static_cast<uint64_t>(p)), b, 3);
    values.push_back(r.value);
    told += r.standard_error / kPairs;
  }
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / kPairs;
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  EXPECT_NEAR(told, std::sqrt(squares / (kPairs - 1)), 0.4 * told);
}

TEST(Kid, MeanOfEqualDistributionsIsZero) {
  const KernelDistance r = kernel_distance(normals(3000, 8, 1), normals(3000, 8, 2), 8, 0);
  // Subsets of one sample share rows: the error over subsets is a lower bound.
  EXPECT_NEAR(r.value, 0, 0.01);
  EXPECT_EQ(r.subset_size, 1000);
}

TEST(Kid, EqualsSumsOverPairsByHand) {
  const std::vector<float> a = {1, 2, 0}, b = {3, -1};
  const auto k = [](double x, double y) { return std::pow(x * y + 1, 3); };
  const double own_a = (k(1, 2) + k(1, 0) + k(2, 0)) * 2 / 6, own_b = k(3, -1);
  double cross = 0;
  for (const double x : {1.0, 2.0, 0.0}) cross += k(x, 3) + k(x, -1);
  EXPECT_NEAR(squared_mmd(a, b, 1), own_a + own_b - 2 * cross / 6, 1e-5);
}

TEST(Manifold, OfOneDistributionIsHigh) {
  const ManifoldScores s = manifold_scores(normals(1000, 2, 1), normals(1000, 2, 2), 2);
  EXPECT_GT(s.precision.value, 0.9);
  EXPECT_GT(s.recall.value, 0.9);
  EXPECT_NEAR(s.density.value, 1, 0.1);
  // 1 - (k of N fall elsewhere): 1 - 2^-k of the source for equal sizes, k = 5.
  EXPECT_NEAR(s.coverage.value, 1 - std::pow(0.5, 5), 0.02);
}

TEST(Manifold, CollapseCostsRecallAndCoverageAlone) {
  std::vector<float> all = normals(600, 2, 1), one(1200);
  const std::vector<float> noise = normals(600, 2, 2);
  for (size_t i = 0; i < one.size(); ++i) one[i] = 0.05f * noise[i];
  const ManifoldScores s = manifold_scores(all, one, 2);
  EXPECT_GT(s.precision.value, 0.95);
  EXPECT_LT(s.recall.value, 0.1);
  EXPECT_LT(s.coverage.value, 0.1);
}

TEST(NearestRatio, CopiesHaveNoneAndNewItemsOne) {
  const std::vector<float> train = normals(800, 2, 1), held_out = normals(800, 2, 2);
  EXPECT_DOUBLE_EQ(nearest_ratio(train, train, held_out, 2, 0).value, 0);
  const NearestRatio fresh = nearest_ratio(normals(800, 2, 3), train, held_out, 2, 0);
  EXPECT_LT(fresh.low, 1);
  EXPECT_GT(fresh.high, 1);
  const NearestRatio copies = nearest_ratio(train, train, held_out, 2, 0);
  for (size_t i = 0; i < copies.nearest.size(); ++i) {
    ASSERT_EQ(copies.nearest[i], static_cast<int64_t>(i));
  }
}

TEST(SampleMetrics, TooFewItemsAreRefused) {
  const std::vector<float> few = normals(4, 2, 1);
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { frechet_distance(few, few, 2); }, [&] { kernel_distance(few, few, 2, 0); },
           [&] { manifold_scores(few, few, 2); }}) {
    try {
      call();
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kTooFewItems);
    }
  }
}

}  // namespace
}  // namespace isthmus
