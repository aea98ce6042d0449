// SPDX-License-Identifier: Apache-2.0
// Reductions, checks and loading against double, on every instruction set.
#include <cstring>
#include <limits>

#include "isthmus/cpu/kernels/every_target.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

ISTHMUS_ON_EVERY_TARGET(RowKernels);

constexpr int64_t kWidths[] = {1, 2, 15, 16, 17, 63, 64, 100, 784, 1000};

TEST_P(RowKernels, RowSumsAreSums) {
  for (int64_t cols : kWidths) {
    const auto src = random_normals(3 * (cols + 1));
    std::vector<float> dst(6, 9.0f);
    row_sum({3, cols, src.data(), cols + 1, dst.data(), 2});
    for (int64_t r = 0; r < 3; ++r) {
      double sum = 0, size = 0;
      for (int64_t c = 0; c < cols; ++c) {
        const double x = double{src[static_cast<size_t>(r * (cols + 1) + c)]};
        sum += x;
        size += std::fabs(x);
      }
      EXPECT_TRUE(tolerance::within(dst[static_cast<size_t>(2 * r)], sum, tolerance::kSumF32, size))
          << cols;
      EXPECT_EQ(dst[static_cast<size_t>(2 * r + 1)], 9.0f);
    }
  }
}

TEST_P(RowKernels, ARowsReductionDoesNotDependOnItsNeighbours) {
  for (int64_t cols : kWidths) {
    const auto src = random_normals(5 * cols);
    for (auto* reduce : {&row_sum, &row_logsumexp}) {
      std::vector<float> together(5), alone(5);
      reduce({5, cols, src.data(), cols, together.data(), 1});
      for (size_t r = 0; r < 5; ++r) {
        std::vector<float> shifted(static_cast<size_t>(cols) + r);  // another alignment
        std::memcpy(shifted.data() + r, src.data() + r * static_cast<size_t>(cols),
                    static_cast<size_t>(cols) * sizeof(float));
        reduce({1, cols, shifted.data() + r, cols, alone.data() + r, 1});
      }
      EXPECT_EQ(together, alone) << cols;
    }
  }
}

double logsumexp_in_double(const float* x, int64_t cols) {
  double largest = -HUGE_VAL, sum = 0;
  for (int64_t c = 0; c < cols; ++c) largest = std::max(largest, double{x[c]});
  for (int64_t c = 0; c < cols; ++c) sum += std::exp(double{x[c]} - largest);
  return largest + std::log(sum);
}

TEST_P(RowKernels, LogSumExpEqualsDouble) {
  for (int64_t cols : kWidths) {
    for (float spread : {0.0f, 1.0f, 30.0f, 1e4f}) {
      auto src = random_values(2 * cols, -spread, spread);
      for (int64_t c = cols; c < 2 * cols; ++c) src[static_cast<size_t>(c)] += 5000;
      std::vector<float> dst(2);
      row_logsumexp({2, cols, src.data(), cols, dst.data(), 1});
      for (int64_t r = 0; r < 2; ++r) {
        const double expected = logsumexp_in_double(src.data() + r * cols, cols);
        EXPECT_TRUE(
            tolerance::within(dst[static_cast<size_t>(r)], expected, tolerance::kElementwiseF32))
            << cols << " values within " << spread;
      }
    }
  }
}

TEST_P(RowKernels, LogSumExpKnowsInfinities) {
  const auto of = [](std::vector<float> x) {
    float out = 0;
    const auto cols = static_cast<int64_t>(x.size());
    row_logsumexp({1, cols, x.data(), cols, &out, 1});
    return out;
  };
  EXPECT_EQ(of({-kInf, -kInf, -kInf}), -kInf);
  EXPECT_EQ(of({-kInf, 2, -kInf}), 2);
  EXPECT_EQ(of({kInf, 2}), kInf);
  EXPECT_TRUE(std::isnan(of({std::nanf(""), 2})));
}

TEST_P(RowKernels, SoftmaxEqualsDouble) {
  for (int64_t cols : kWidths) {
    for (bool in_place : {false, true}) {
      auto src = random_values(2 * cols, -20, 20);
      const auto original = src;
      std::vector<float> other(src.size());
      float* dst = in_place ? src.data() : other.data();
      row_softmax({2, cols, src.data(), cols, dst, cols});
      for (int64_t r = 0; r < 2; ++r) {
        const double norm = logsumexp_in_double(original.data() + r * cols, cols);
        for (int64_t c = r * cols; c < (r + 1) * cols; ++c) {
          const double log = double{original[static_cast<size_t>(c)]} - norm;
          const double expected = std::exp(log);
          // The exponent is rounded before exp.
          const double magnitude = expected * std::max(1.0, std::fabs(log));
          ASSERT_TRUE(tolerance::within(dst[c], expected, tolerance::kElementwiseF32, magnitude))
              << cols << ": " << dst[c] << ", expected " << expected;
        }
      }
    }
  }
}

TEST_P(RowKernels, ColumnSumsAddInRowOrder) {
  for (int64_t cols : kWidths) {
    for (int64_t rows : {0, 1, 32}) {
      const auto src = random_normals(rows * (cols + 1) + 1);
      std::vector<float> dst(static_cast<size_t>(cols), 5.0f), expected(dst.size(), 0.0f);
      const int64_t half = rows / 2;
      column_sum(src.data(), cols + 1, half, cols, false, dst.data());
      column_sum(src.data() + half * (cols + 1), cols + 1, rows - half, cols, true, dst.data());
      for (int64_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < dst.size(); ++c) {
          expected[c] += src[static_cast<size_t>(r * (cols + 1)) + c];
        }
      }
      EXPECT_EQ(dst, expected);
      add_into(dst.data(), expected.data(), cols);
      for (size_t c = 0; c < dst.size(); ++c) EXPECT_EQ(dst[c], 2 * expected[c]);
    }
  }
}

TEST_P(RowKernels, SumOfSquaresEqualsDouble) {
  for (int64_t count : kWidths) {
    const auto src = random_normals(count);
    double expected = 0;
    for (float x : src) expected += double{x} * double{x};
    EXPECT_TRUE(tolerance::within(sum_of_squares(src.data(), count), expected, tolerance::kSumF64));
  }
}

TEST_P(RowKernels, OneBadValueIsFoundAnywhere) {
  for (int64_t count : {1, 15, 16, 17, 100}) {
    auto src = random_normals(count);
    src[0] = std::numeric_limits<float>::max();
    EXPECT_TRUE(all_finite(src.data(), count));
    for (size_t i = 0; i < src.size(); ++i) {
      for (float bad : {kInf, -kInf, std::nanf(""), -std::nanf("")}) {
        auto broken = src;
        broken[i] = bad;
        EXPECT_FALSE(all_finite(broken.data(), count)) << i;
      }
    }
  }
  EXPECT_TRUE(all_finite(nullptr, 0));
}

template <class T>
void expect_loaded(const std::vector<T>& base, bool uniform, int64_t cols) {
  const auto shift = random_values(cols, -1, 1), scale = random_values(cols, 0.5f, 2, 1);
  const std::vector<int64_t> items = {7, 0, 3, 3, 9, 1, 2};
  const int64_t stride = cols + 2;
  std::vector<float> dst(static_cast<size_t>(9 * stride), 5.0f);
  LoadCall call{.base = base.data(), .base_stride = cols, .is_u8 = sizeof(T) == 1};
  call.items = items.data();
  call.rows_ahead = 4;
  call.prefetch_cols = cols;
  call.num_items = 7;
  call.rows = 9;
  call.cols = cols;
  call.shift = shift.data();
  call.scale = scale.data();
  call.uniform = uniform;
  call.dst = dst.data();
  call.dst_stride = stride;
  load_rows(call);
  for (int64_t r = 0; r < 9; ++r) {
    for (int64_t c = 0; c < stride; ++c) {
      float expected = c < cols ? 0.0f : 5.0f;
      if (r < 7 && c < cols) {
        const auto k = static_cast<size_t>(uniform ? 0 : c);
        const auto item = items[static_cast<size_t>(r)];
        const auto value = static_cast<float>(base[static_cast<size_t>(item * cols + c)]);
        expected = (value - shift[k]) * scale[k];
      }
      ASSERT_EQ(dst[static_cast<size_t>(r * stride + c)], expected)
          << cols << ": " << r << ", " << c;
    }
  }
}

TEST_P(RowKernels, RowsAreGatheredShiftedAndScaled) {
  for (int64_t cols : kWidths) {
    const auto values = random_values(10 * cols, 0, 256);
    std::vector<uint8_t> bytes;
    for (float v : values) bytes.push_back(static_cast<uint8_t>(v));
    for (bool uniform : {true, false}) {
      expect_loaded(values, uniform, cols);
      expect_loaded(bytes, uniform, cols);
    }
  }
}

TEST_P(RowKernels, TheInstructionSetHasAName) {
  const bool plain = (GetParam() & (HWY_SCALAR | HWY_EMU128)) != 0;
  EXPECT_EQ(instruction_set_name() == "plain", plain || GetParam() == HWY_NEON);
}

}  // namespace
}  // namespace isthmus
