// SPDX-License-Identifier: Apache-2.0
// Independent columns and principal components against numbers that numpy computed. The data are
// whole numbers over powers of two, exact in float32; in Python:
//
//   def v(i, j): return (((i*i*3 + 5*i) % 17) * (j % 5) + ((7*i + 1) % 13) * (j % 3)
//                        + ((i*(j+1)*11 + j*j + i*i*j) % 19))
//   def rows(a, b, d): return np.array([[v(i, j) / 8 for j in range(d)] for i in range(a, b)])
#include "isthmus/metrics/baselines.h"

#include <cmath>

#include <gtest/gtest.h>

#include "isthmus/metrics/pca.h"
#include "isthmus/metrics/principal_directions.h"
#include "isthmus/metrics/symmetric_eigen.h"

namespace isthmus {
namespace {

constexpr double kTolerance = 1e-9;

int64_t v(int64_t i, int64_t j) {
  return ((i * i * 3 + 5 * i) % 17) * (j % 5) + ((7 * i + 1) % 13) * (j % 3) +
         ((i * (j + 1) * 11 + j * j + i * i * j) % 19);
}

template <class Value>
std::vector<float> table(int64_t begin, int64_t end, int64_t width, Value value) {
  std::vector<float> values;
  for (int64_t i = begin; i < end; ++i) {
    for (int64_t j = 0; j < width; ++j) values.push_back(static_cast<float>(value(i, j)));
  }
  return values;
}
std::vector<float> rows(int64_t begin, int64_t end, int64_t width) {
  return table(begin, end, width, [](int64_t i, int64_t j) { return v(i, j) / 8.0; });
}

MetricResult columns_on(const std::vector<float>& train, const std::vector<float>& evaluation,
                        int64_t width, const ColumnsSetup& setup) {
  const IndependentColumns columns(rows_of(train, width), setup);
  return columns.log_prob(rows_of(evaluation, width));
}

// m = tr.mean(0); s2 = np.maximum(tr.var(0), floor**2)
// lp = (-.5*np.log(2*pi*s2) - .5*(ev - m)**2/s2).sum(1); lp.mean(), lp.std(ddof=1)/sqrt(20)
TEST(IndependentColumns, GaussiansAgreeWithNumpy) {
  const auto train = rows(0, 60, 7), evaluation = rows(60, 80, 7);
  const MetricResult plain = columns_on(train, evaluation, 7, {});
  EXPECT_NEAR(plain.value, -11.767191418998516, kTolerance);
  EXPECT_NEAR(*plain.standard_error, 0.3105755783234738, kTolerance);
  const MetricResult floored =
      columns_on(train, evaluation, 7, {.sigma_floor = {0, 0, 3, 0, 0, 4, 0}});
  EXPECT_NEAR(floored.value, -12.86301355594361, kTolerance);
  EXPECT_NEAR(*floored.standard_error, 0.2826096653160703, kTolerance);
  const MetricResult shared =
      columns_on(train, evaluation, 7, {.sigma = ColumnSigma::kShared});  // s2[:] = s2.mean()
  EXPECT_NEAR(shared.value, -12.992868656476745, kTolerance);
  EXPECT_NEAR(*shared.standard_error, 0.5030051706545723, kTolerance);
}

TEST(IndependentColumns, OfOneGivenSigmaIsTheDistanceFromTheMeans) {
  const std::vector<float> train = {1, 3}, evaluation = {5};
  const MetricResult r =
      columns_on(train, evaluation, 1, {.sigma = ColumnSigma::kFixed, .fixed_sigma = 2});
  EXPECT_NEAR(r.value, -0.5 * std::log(2 * M_PI * 4) - 0.5 * 9 / 4.0, kTolerance);
  EXPECT_FALSE(r.standard_error);  // one item has none
}

TEST(IndependentColumns, AColumnOfOneValueIsFinite) {
  const std::vector<float> train = {4, 4, 4};
  EXPECT_TRUE(std::isfinite(columns_on(train, train, 1, {}).value));
}

// b[i, j] = v(i, j) % 3 == 0, column 4 zero but for one item that the training rows never showed.
// p = np.clip(tr.mean(0), 1/120, 1 - 1/120); lp = (ev*log(p) + (1-ev)*log(1-p)).sum(1)
TEST(IndependentColumns, CoinsAgreeWithNumpy) {
  const auto coin = [](int64_t i, int64_t j) {
    return j == 4 ? (i == 63 ? 1.0 : 0.0) : (v(i, j) % 3 == 0 ? 1.0 : 0.0);
  };
  const MetricResult r = columns_on(table(0, 60, 5, coin), table(60, 80, 5, coin), 5,
                                    {.family = ColumnFamily::kBernoulli});
  EXPECT_NEAR(r.value, -2.902273551529836, kTolerance);
  EXPECT_NEAR(*r.standard_error, 0.26084792170894827, kTolerance);
}

// x[i, j] = (v(i, j) % 65) / 64; t by halving until 1/(1 - exp(-t)) - 1/t is the column's mean, A =
// log((exp(t) - 1)/t), lp = (ev*t - A).sum(1), all with 60 decimal digits.
TEST(IndependentColumns, ContinuousCoinsAgreeWithSixtyDigits) {
  const auto grey = [](int64_t i, int64_t j) { return static_cast<double>(v(i, j) % 65) / 64; };
  const MetricResult r = columns_on(table(0, 60, 4, grey), table(60, 80, 4, grey), 4,
                                    {.family = ColumnFamily::kContinuousBernoulli});
  EXPECT_NEAR(r.value, 1.0786630128533865, kTolerance);
  EXPECT_NEAR(*r.standard_error, 0.15302491466256476, kTolerance);
}

TEST(ContinuousBernoulli, MeanAndLogitAreInverse) {
  for (double mean : {1e-7, 0.003, 0.4, 0.4999, 0.5, 0.50001, 0.7, 0.999999}) {
    EXPECT_NEAR(continuous_bernoulli_mean(continuous_bernoulli_logit(mean)), mean, 1e-12) << mean;
  }
}

TEST(ContinuousBernoulli, NormalizerAndMeanAgreeWithSixtyDigits) {
  struct Case {
    double logit, normalizer, mean;
  };
  for (const Case& c : {Case{0.005, 0.0025010416664496527, 0.5004166664930556},
                        Case{0.5, 0.2603950509927567, 0.5414940825367983},
                        Case{-30, -3.401197381662249, 0.033333333333239755},
                        Case{30, 26.59880261833775, 0.9666666666667603},
                        Case{-0.009, -0.004496625002278122, 0.49925000101249806}}) {
    EXPECT_NEAR(continuous_bernoulli_normalizer(c.logit), c.normalizer, 1e-13) << c.logit;
    EXPECT_NEAR(continuous_bernoulli_mean(c.logit), c.mean, 1e-13) << c.logit;
  }
}

struct Reference {
  std::vector<double> variances;
  double sigma, log_prob, standard_error, error;
};

void expect_agrees(const Pca& pca, const RowSource& evaluation, const Reference& expected) {
  for (size_t i = 0; i < expected.variances.size(); ++i) {
    EXPECT_NEAR(pca.variances()[i], expected.variances[i], kTolerance) << i;
  }
  EXPECT_NEAR(pca.sigma(), expected.sigma, kTolerance);
  const MetricResult r = pca.log_prob(evaluation);
  EXPECT_NEAR(r.value, expected.log_prob, kTolerance);
  EXPECT_NEAR(*r.standard_error, expected.standard_error, kTolerance);
  EXPECT_NEAR(pca.reconstruction_error(evaluation).total, expected.error, kTolerance);
}

// w, U = np.linalg.eigh(np.cov(tr.T, bias=True)), largest first; s2 = w[q:].mean()
// W = U[:, :q]*sqrt(w[:q] - s2); C = W @ W.T + s2*eye(d)
// lp = -.5*(d*log(2*pi) + slogdet(C) + z @ solve(C, z)); rec = z - z @ U[:, :q] @ U[:, :q].T
TEST(Pca, OfATableAgreesWithNumpy) {
  const auto train = rows(0, 60, 7), evaluation = rows(60, 80, 7);
  const Pca pca(rows_of(train, 7), {.components = 2});
  expect_agrees(pca, rows_of(evaluation, 7),
                {.variances = {15.442391854847475, 2.078139234345125},
                 .sigma = 0.7105520625192563,
                 .log_prob = -10.244225009235999,
                 .standard_error = 0.3637083504151407,
                 .error = 0.3743824068180214});
  const std::vector<double> column = {0.455822080562743, 0.481941397659937, 0.424457600134366,
                                      0.205970234380683, 0.295499746990307, 0.134483481658991,
                                      0.622502306339123};
  const ReconstructionError error = pca.reconstruction_error(rows_of(evaluation, 7));
  for (size_t j = 0; j < column.size(); ++j) EXPECT_NEAR(error.column[j], column[j], kTolerance);
}

TEST(Pca, OfFewerRowsThanColumnsAgreesWithNumpy) {
  const auto train = rows(0, 12, 40), evaluation = rows(60, 80, 40);
  expect_agrees(Pca(rows_of(train, 40), {.components = 3}), rows_of(evaluation, 40),
                {.variances = {148.68650967673884, 5.196807000404144, 4.298189853293819},
                 .sigma = 0.5323810931151786,
                 .log_prob = -59.35931843676981,
                 .standard_error = 4.002999547664078,
                 .error = 0.5683279752035441});
}

TEST(Pca, HasThreeWaysToTheSameDirections) {
  const int64_t kWidth = 40, kQ = 4;
  const auto train = rows(0, 60, kWidth);
  const RowSource source = rows_of(train, kWidth);
  const std::vector<double> mean = column_facts(source).mean;
  const PrincipalDirections a = directions_by_columns(source, mean, kQ);
  const PrincipalDirections b = directions_by_rows(source, mean, kQ);
  const PrincipalDirections c = directions_by_iteration(source, mean, kQ);
  for (size_t i = 0; i < static_cast<size_t>(kQ); ++i) {
    EXPECT_NEAR(a.variances[i], b.variances[i], kTolerance);
    EXPECT_NEAR(a.variances[i], c.variances[i], kTolerance);
    double ab = 0, ac = 0;
    for (size_t j = 0; j < static_cast<size_t>(kWidth); ++j) {
      const size_t at = i * static_cast<size_t>(kWidth) + j;
      ab += a.directions[at] * b.directions[at];
      ac += a.directions[at] * c.directions[at];
    }
    EXPECT_NEAR(std::fabs(ab), 1, 1e-9);  // equal up to sign
    EXPECT_NEAR(std::fabs(ac), 1, 1e-6);
  }
}

TEST(Pca, OfThousandsOfColumnsNeedsNoSquareOfThem) {
  const int64_t kWidth = 3000, kRows = 1100, kSources = 3;
  const auto planted = [](int64_t i, int64_t j) {  // three sources of 9, 4, 1 times 1000, no noise
    double sum = 0;
    for (int64_t s = 0; s < kSources; ++s) {
      const double sign_i = ((i >> s) & 1) != 0 ? 1 : -1, sign_j = ((j >> s) & 1) != 0 ? 1 : -1;
      sum += static_cast<double>(kSources - s) * sign_i * sign_j;
    }
    return sum;
  };
  const auto train = table(0, kRows, kWidth, planted);
  const Pca pca(rows_of(train, kWidth), {.components = 3});
  EXPECT_NEAR(pca.variances()[0], 9.0 * kWidth, 0.01 * kWidth);
  EXPECT_NEAR(pca.reconstruction_error(rows_of(train, kWidth)).total, 0, 1e-9);
}

TEST(Pca, OfAsManyComponentsAsColumnsIsAFullGaussian) {
  const auto train = rows(0, 60, 3);
  const Pca pca(rows_of(train, 3), {.components = 8});
  EXPECT_EQ(pca.components(), 3);
  EXPECT_NEAR(pca.reconstruction_error(rows_of(train, 3)).total, 0, 1e-12);
  // Of a fitted Gaussian the mean squared distance is D: -(D log(2 pi e) + log det) / 2.
  double log_det = 0;
  for (double variance : pca.variances()) log_det += std::log(variance);
  EXPECT_NEAR(pca.log_prob(rows_of(train, 3)).value,
              -0.5 * (3 * std::log(2 * M_PI * M_E) + log_det), kTolerance);
}

TEST(Pca, OfRowsThatAreAllEqualIsFinite) {
  const std::vector<float> train(20, 2.5f);
  for (int64_t width : {1, 4, 20}) {
    const Pca pca(rows_of(train, width), {.components = 2});
    EXPECT_TRUE(std::isfinite(pca.log_prob(rows_of(train, width)).value)) << width;
    EXPECT_EQ(pca.reconstruction_error(rows_of(train, width)).total, 0) << width;
  }
}

// np.linalg.eigvalsh(np.cov(rows(0, 60, 9).T, bias=True))
TEST(SymmetricEigen, AgreesWithNumpyAndSolvesTheEquation) {
  constexpr size_t kSide = 9;
  const auto data = rows(0, 60, kSide);
  const ColumnFacts facts = column_facts(rows_of(data, kSide));
  std::vector<double> matrix(kSide * kSide);
  for (size_t r = 0; r < 60; ++r) {
    for (size_t i = 0; i < kSide; ++i) {
      for (size_t j = 0; j < kSide; ++j) {
        matrix[i * kSide + j] +=
            (data[r * kSide + i] - facts.mean[i]) * (data[r * kSide + j] - facts.mean[j]) / 60;
      }
    }
  }
  const SymmetricEigen eigen = symmetric_eigen(matrix, kSide);
  const std::vector<double> expected = {23.093759439103096, 2.138797595679741, 1.173883611506554,
                                        0.660254793038383,  0.570968116373821, 0.420958276754194,
                                        0.288001093600354,  0.180228244494452, 0.132979558616074};
  for (size_t i = 0; i < kSide; ++i) {
    EXPECT_NEAR(eigen.values[i], expected[i], 1e-12);
    for (size_t r = 0; r < kSide; ++r) {
      double product = 0;
      for (size_t c = 0; c < kSide; ++c) {
        product += matrix[r * kSide + c] * eigen.vectors[i * kSide + c];
      }
      EXPECT_NEAR(product, eigen.values[i] * eigen.vectors[i * kSide + r], 1e-12);
    }
  }
}

TEST(SymmetricEigen, OfADiagonalMatrixSortsIt) {
  const SymmetricEigen eigen = symmetric_eigen({1, 0, 0, 0, 3, 0, 0, 0, 2}, 3);
  EXPECT_EQ(eigen.values, (std::vector<double>{3, 2, 1}));
  EXPECT_EQ(symmetric_eigen({0, 0, 0, 0}, 2).values, (std::vector<double>{0, 0}));
  EXPECT_EQ(symmetric_eigen({5}, 1).vectors, std::vector<double>{1});
}

TEST(RowSource, ReadsEveryRowOnceInOrder) {
  std::vector<int64_t> asked;
  const RowSource source{
      .count = 2500, .width = 2, .read = [&](int64_t first, int64_t count, std::span<float> out) {
        asked.push_back(count);
        for (size_t i = 0; i < out.size(); ++i) {
          out[i] = static_cast<float>(2 * first + static_cast<int64_t>(i));
        }
      }};
  int64_t next = 0;
  source.for_each_row([&](std::span<const float> row, int64_t number) {
    EXPECT_EQ(number, next++);
    EXPECT_EQ(row[1], static_cast<float>(2 * number + 1));
  });
  EXPECT_EQ(next, 2500);
  EXPECT_EQ(asked, (std::vector<int64_t>{1024, 1024, 452}));
}

}  // namespace
}  // namespace isthmus
