// SPDX-License-Identifier: Apache-2.0
// Noise (same bits as rng_key.h), Bernoulli loss with gradient and Adam against double, on every
// instruction set.
#include <algorithm>
#include <cstring>

#include "isthmus/cpu/kernels/every_target.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

ISTHMUS_ON_EVERY_TARGET(TrainingKernels);

TEST_P(TrainingKernels, NoiseHasTheBitsOfTheScalarGenerator) {
  const RngKey key{0x12345678, 0x9abcdef0};
  const std::vector<int64_t> items = {0, 5, 1, int64_t{1} << 40, 77, 59999, 2, 3};
  const auto num_items = static_cast<int64_t>(items.size());
  for (int64_t cols : {1, 2, 3, 4, 5, 20, 64, 101}) {
    const int64_t stride = cols + 3;
    std::vector<float> dst(static_cast<size_t>(num_items * stride), 7.0f), expected = dst;
    for (bool normal : {true, false}) {
      (normal ? fill_normal_rows : fill_uniform_rows)(key, items.data(), num_items, 3, 11, cols,
                                                      dst.data(), stride);
      for (int64_t r = 0; r < num_items; ++r) {
        (normal ? fill_normal : fill_uniform)(key,
                                              static_cast<uint64_t>(items[static_cast<size_t>(r)]),
                                              3, 11, expected.data() + r * stride, cols);
      }
      ASSERT_EQ(std::memcmp(dst.data(), expected.data(), dst.size() * sizeof(float)), 0)
          << (normal ? "normals, " : "uniforms, ") << cols;
    }
  }
}

TEST_P(TrainingKernels, ManyNormalsHaveTheBitsOfTheScalarGenerator) {
  const RngKey key{42, 43};
  const int64_t item = 17, count = 200000;
  std::vector<float> dst(static_cast<size_t>(count)), expected(dst.size());
  fill_normal_rows(key, &item, 1, 0, 0, count, dst.data(), count);
  fill_normal(key, 17, 0, 0, expected.data(), count);
  EXPECT_EQ(std::memcmp(dst.data(), expected.data(), dst.size() * sizeof(float)), 0);
}

TEST_P(TrainingKernels, BiasAndReluHaveTheBitsOfTheirParts) {
  constexpr int64_t kRows = 3;
  for (int64_t cols : {1, 7, 16, 20, 128, 131}) {
    const int64_t stride = cols + 2;
    auto src = random_normals(kRows * stride);
    const auto bias = random_normals(cols, 1);
    src[0] = -bias[0];  // exactly 0
    std::vector<float> dst(src.size(), 9.0f);
    bias_relu({kRows, cols, src.data(), stride, bias.data(), dst.data(), stride});
    for (int64_t i = 0; i < kRows * stride; ++i) {
      const auto k = static_cast<size_t>(i), c = static_cast<size_t>(i % stride);
      const bool inside = i % stride < cols;
      const float t = inside ? src[k] + bias[c] : 0;
      EXPECT_EQ(dst[k], inside ? std::max(t, 0.0f) : 9.0f) << cols << " " << i;
    }
  }
}

struct BernoulliRow {
  float log_prob = 0;
  std::vector<float> gradient;
};

BernoulliRow run_bernoulli(const std::vector<float>& t, const std::vector<float>& x, float scale) {
  BernoulliRow out;
  out.gradient.resize(t.size());
  const auto cols = static_cast<int64_t>(t.size());
  bernoulli_log_prob_and_gradient({1, cols, t.data(), cols, nullptr, x.data(), cols, scale,
                                   &out.log_prob, out.gradient.data(), cols});
  return out;
}

void expect_bernoulli(const std::vector<float>& t, const std::vector<float>& x, float scale) {
  const BernoulliRow row = run_bernoulli(t, x, scale);
  double log_prob = 0, size = 0;
  for (size_t i = 0; i < t.size(); ++i) {
    const double l = double{t[i]};
    const double e = std::exp(-std::fabs(l));
    const double linear = l * (double{x[i]} - (l > 0 ? 1.0 : 0.0));
    log_prob += linear - std::log1p(e);
    size += std::fabs(linear) + std::log1p(e) + 0.1;  // a factor 1 + e is rounded at 1
    const double gradient = double{scale} * ((l >= 0 ? 1 : e) / (1 + e) - double{x[i]});
    ASSERT_TRUE(tolerance::within(row.gradient[i], gradient, tolerance::kElementwiseF32,
                                  std::fabs(double{scale})))
        << l << ", " << x[i] << ": " << row.gradient[i] << ", expected " << gradient;
  }
  EXPECT_TRUE(tolerance::within(row.log_prob, log_prob, tolerance::kSumF32, size))
      << t.size() << ": " << row.log_prob << ", expected " << log_prob;
}

TEST_P(TrainingKernels, BernoulliOfStoredBytesHasTheBitsOfLoadedRows) {
  constexpr int64_t kRows = 5, kValid = 3;
  const float shift = 10, scale = 1.0f / 200;
  const std::vector<int64_t> items = {4, 0, 2};
  for (int64_t cols : {1, 16, 20, 784}) {
    std::vector<uint8_t> base(static_cast<size_t>(6 * cols));
    for (size_t i = 0; i < base.size(); ++i) base[i] = static_cast<uint8_t>(i * 91 % 256);
    LoadCall stored{.base = base.data(), .base_stride = cols, .is_u8 = true};
    stored.items = items.data();
    stored.num_items = kValid;
    stored.rows = kRows;
    stored.cols = cols;
    stored.shift = &shift;
    stored.scale = &scale;
    std::vector<float> x(static_cast<size_t>(kRows * cols));
    stored.dst = x.data();
    stored.dst_stride = cols;
    load_rows(stored);
    const auto logits = random_normals(kRows * cols), bias = random_normals(cols, 1);
    std::vector<float> log_prob(kRows), gradient(x.size()), log_prob2(kRows), gradient2(x.size());
    BernoulliCall call{kRows,
                       cols,
                       logits.data(),
                       cols,
                       bias.data(),
                       x.data(),
                       cols,
                       0.5f,
                       log_prob.data(),
                       gradient.data(),
                       cols};
    bernoulli_log_prob_and_gradient(call);
    call.x = nullptr;
    call.log_prob = log_prob2.data();
    call.gradient = gradient2.data();
    bernoulli_log_prob_and_gradient(call, stored);
    EXPECT_EQ(log_prob2, log_prob) << cols;
    EXPECT_EQ(gradient2, gradient) << cols;
  }
}

TEST_P(TrainingKernels, BernoulliEqualsDouble) {
  for (int64_t cols : {1, 2, 15, 16, 17, 784, 1000, 1024, 1025, 5000}) {
    for (float spread : {0.1f, 3.0f, 100.0f, 1e4f}) {
      auto t = random_values(cols, -spread, spread);
      const auto grey = random_values(cols, 0, 1, 1);
      expect_bernoulli(t, grey, 1);
      auto binary = grey;
      for (float& v : binary) v = v > 0.5f ? 1.0f : 0.0f;
      expect_bernoulli(t, binary, 0.001f);
    }
  }
}

TEST_P(TrainingKernels, BernoulliOfZeroAndExtremeLogits) {
  for (size_t cols : {784u, 1000u, 5000u}) {
    const std::vector<float> zero(cols, 0.0f), one(cols, 1.0f);
    expect_bernoulli(zero, one, 1);  // each factor is exactly 2
    const std::vector<float> high(cols, 1e4f), low(cols, -1e4f);
    EXPECT_EQ(run_bernoulli(high, one, 1).log_prob, 0);
    EXPECT_EQ(run_bernoulli(low, zero, 1).log_prob, 0);
    expect_bernoulli(high, zero, 1);
    expect_bernoulli(low, one, 1);
  }
}

TEST_P(TrainingKernels, BernoulliKeepsNan) {
  auto t = random_values(100, -2, 2);
  t[37] = std::nanf("");
  const auto row = run_bernoulli(t, random_values(100, 0, 1, 1), 1);
  EXPECT_TRUE(std::isnan(row.log_prob));
  EXPECT_TRUE(std::isnan(row.gradient[37]));
}

TEST_P(TrainingKernels, BernoulliAddsTheBiasOfAColumnToItsLogit) {
  constexpr int64_t kCols = 117;
  const auto t = random_values(kCols, -5, 5), bias = random_values(kCols, -1, 1, 2);
  const auto x = random_values(kCols, 0, 1, 1);
  auto sum = t;
  for (size_t c = 0; c < sum.size(); ++c) sum[c] += bias[c];
  const auto expected = run_bernoulli(sum, x, 0.5f);
  std::vector<float> gradient(t.size());
  float log_prob = 0;
  bernoulli_log_prob_and_gradient({1, kCols, t.data(), kCols, bias.data(), x.data(), kCols, 0.5f,
                                   &log_prob, gradient.data(), kCols});
  EXPECT_EQ(log_prob, expected.log_prob);
  EXPECT_EQ(gradient, expected.gradient);
}

TEST_P(TrainingKernels, BernoulliRowsDoNotDependOnTheirNeighbours) {
  constexpr int64_t kCols = 117, kRows = 4;
  const auto t = random_values(kRows * kCols, -5, 5), x = random_values(kRows * kCols, 0, 1, 1);
  std::vector<float> gradient(t.size()), log_prob(kRows);
  bernoulli_log_prob_and_gradient({kRows, kCols, t.data(), kCols, nullptr, x.data(), kCols, 0.5f,
                                   log_prob.data(), gradient.data(), kCols});
  for (int64_t r = 0; r < kRows; ++r) {
    const auto first = r * kCols, last = first + kCols;
    const auto row = run_bernoulli({t.begin() + first, t.begin() + last},
                                   {x.begin() + first, x.begin() + last}, 0.5f);
    EXPECT_EQ(row.log_prob, log_prob[static_cast<size_t>(r)]);
    EXPECT_EQ(std::memcmp(row.gradient.data(), gradient.data() + first, kCols * sizeof(float)), 0);
  }
}

/// One parameter in double. Errors are relative to what was added up, before it cancelled.
struct AdamTruth {
  double m = 0, m_size = 0, v = 0, w = 0, change_size = 0;

  void step(const AdamCall& call, double g) {
    const double beta1 = 1 - double{call.rest1}, beta2 = 1 - double{call.rest2};
    m = beta1 * m + (1 - beta1) * g;
    m_size = beta1 * m_size + (1 - beta1) * std::fabs(g);
    v = beta2 * v + (1 - beta2) * g * g;
    const double size = std::sqrt(v * double{call.correction2}) + double{call.epsilon};
    const double rate = double{call.rate} * double{call.correction1} / size;
    w -= rate * m + double{call.decay} * w;
    change_size = rate * m_size;
  }
};

/// Eight steps of parameters with ordinary, zero and tiny gradients.
void expect_adam(float epsilon, float decay) {
  constexpr int64_t kCount = 103;
  std::vector<float> m(kCount), v(kCount), w = random_normals(kCount, 50);
  std::vector<AdamTruth> truth(kCount);
  for (size_t i = 0; i < truth.size(); ++i) truth[i].w = double{w[i]};
  for (int step = 1; step <= 8; ++step) {
    auto g = random_normals(kCount, static_cast<uint64_t>(step));
    for (size_t i = 0; i < g.size(); i += 3) g[i] = 0;  // v stays 0
    for (size_t i = 1; i < g.size(); i += 3) g[i] *= 1e-12f;
    AdamCall call = {1, kCount, kCount, kCount, g.data(), m.data(), v.data(), w.data()};
    call.epsilon = epsilon;
    call.decay = decay;
    call.rate = 1e-3f;
    call.correction1 = static_cast<float>(1 / (1 - std::pow(1 - double{call.rest1}, step)));
    call.correction2 = static_cast<float>(1 / (1 - std::pow(1 - double{call.rest2}, step)));
    adam_update(call);
    const double tolerance = tolerance::kElementwiseF32 * step;  // of each step
    for (size_t i = 0; i < truth.size(); ++i) {
      AdamTruth& t = truth[i];
      t.step(call, double{g[i]});
      ASSERT_TRUE(tolerance::within(m[i], t.m, tolerance, t.m_size)) << step;
      ASSERT_TRUE(tolerance::within(v[i], t.v, tolerance, t.v)) << step;
      const double size = std::fabs(t.w) * 0.2 + t.change_size;
      ASSERT_TRUE(tolerance::within(w[i], t.w, tolerance, size)) << step;
    }
  }
}

TEST_P(TrainingKernels, AdamEqualsDouble) {
  for (float epsilon : {1e-8f, 1e-3f}) {
    for (float decay : {0.0f, 1e-4f}) expect_adam(epsilon, decay);
  }
}

TEST_P(TrainingKernels, AdamOfNoGradientAndNoEpsilonStands) {
  float g = 0, m = 0, v = 0, w = 1;
  AdamCall call = {1, 1, 1, 1, &g, &m, &v, &w};
  call.epsilon = 0;
  call.rate = 1;
  adam_update(call);
  EXPECT_EQ(w, 1);  // not 0 * infinity
}

TEST_P(TrainingKernels, AdamValuesDoNotDependOnTheirPlace) {
  const auto g = random_normals(100), start = random_normals(100, 1);
  const auto update = [&](size_t first, size_t count) {
    std::vector<float> m(100, 0.1f), v(100, 0.2f), w = start;
    AdamCall call;
    call.cols = static_cast<int64_t>(count);
    call.gradient = g.data() + first;
    call.m = m.data() + first;
    call.v = v.data() + first;
    call.w = w.data() + first;
    call.rate = 0.1f;
    adam_update(call);
    return w;
  };
  const auto whole = update(0, 100);
  for (size_t first : {1u, 7u, 16u, 33u}) {
    const auto part = update(first, 50);
    for (size_t i = 0; i < 100; ++i) {
      EXPECT_EQ(part[i], i >= first && i < first + 50 ? whole[i] : start[i]);
    }
  }
}

}  // namespace
}  // namespace isthmus
