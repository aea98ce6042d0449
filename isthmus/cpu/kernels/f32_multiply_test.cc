// SPDX-License-Identifier: Apache-2.0
// float32 products on every instruction set of this machine, against sums in double: tails of rows,
// columns and depth, all orders of the operands, and the bits of single rows and columns.
#include <gtest/gtest.h>

#include <cstring>

#include "isthmus/cpu/kernels/every_target.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

ISTHMUS_ON_EVERY_TARGET(F32MultiplyKernel);

constexpr float kStart = 0.5f;  // what C and the scratch hold before
constexpr int64_t kBehind = 3;  // values behind each row of C, and lines behind the scratch

struct Problem {
  int64_t m = 0, n = 0, k = 0;
  bool a_transposed = false, b_transposed = false, accumulate = false;
  std::vector<float> a = {}, b = {};

  void draw() {
    a = random_normals(m * k, 1);
    b = random_normals(k * n, 2);
  }
  int64_t a_stride_m() const { return a_transposed ? 1 : k; }
  int64_t a_stride_k() const { return a_transposed ? m : 1; }
  int64_t b_stride_k() const { return b_transposed ? 1 : n; }
  int64_t b_stride_n() const { return b_transposed ? k : 1; }
  int64_t c_stride() const { return n + kBehind; }

  /// A corner of C, `rows` x `cols` values from (row, col) on.
  std::vector<float> corner(int64_t row, int64_t rows, int64_t col, int64_t cols) const {
    std::vector<float> c(static_cast<size_t>(rows * c_stride()), kStart);
    const int64_t room = f32_multiply_scratch(cols, k);
    std::vector<float> scratch(static_cast<size_t>(room + kBehind), kStart);
    f32_multiply({.m = rows,
                  .n = cols,
                  .k = k,
                  .a = a.data() + row * a_stride_m(),
                  .a_stride_m = a_stride_m(),
                  .a_stride_k = a_stride_k(),
                  .b = b.data() + col * b_stride_n(),
                  .b_stride_k = b_stride_k(),
                  .b_stride_n = b_stride_n(),
                  .c = c.data(),
                  .c_stride = c_stride(),
                  .accumulate = accumulate,
                  .scratch = scratch.data()});
    for (int64_t i = room; i < room + kBehind; ++i) {
      EXPECT_EQ(scratch[static_cast<size_t>(i)], kStart) << "behind the scratch";
    }
    return c;
  }

  void check() const {
    const std::vector<float> c = corner(0, m, 0, n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = accumulate ? static_cast<double>(kStart) : 0, size = std::fabs(sum);
        for (int64_t p = 0; p < k; ++p) {
          const auto at_a = static_cast<size_t>(i * a_stride_m() + p * a_stride_k());
          const auto at_b = static_cast<size_t>(p * b_stride_k() + j * b_stride_n());
          const double product = static_cast<double>(a[at_a]) * static_cast<double>(b[at_b]);
          sum += product;
          size += std::fabs(product);
        }
        const auto got = static_cast<double>(c[static_cast<size_t>(i * c_stride() + j)]);
        ASSERT_TRUE(tolerance::within(got, sum, tolerance::kSumF32, size))
            << m << "x" << n << "x" << k << " at " << i << "," << j << ": " << got << " is not "
            << sum;
      }
      for (int64_t j = n; j < c_stride(); ++j) {
        ASSERT_EQ(c[static_cast<size_t>(i * c_stride() + j)], kStart) << "outside of C";
      }
    }
  }
};

void check_all_orders(int64_t m, int64_t n, int64_t k) {
  for (const int orders : {0, 1, 2, 3, 4, 7}) {
    Problem p{.m = m,
              .n = n,
              .k = k,
              .a_transposed = (orders & 1) != 0,
              .b_transposed = (orders & 2) != 0,
              .accumulate = (orders & 4) != 0};
    p.draw();
    p.check();
  }
}

TEST_P(F32MultiplyKernel, EqualsTheSumsInDoubleAndWritesNothingElse) {
  const int64_t shapes[][3] = {
      {1, 1, 1},    {1, 20, 128},  {2, 300, 33}, {3, 64, 17},   {8, 128, 40},  {9, 33, 31},
      {12, 8, 100}, {13, 16, 65},  {16, 32, 70}, {31, 15, 2},   {33, 17, 64},  {64, 40, 257},
      {65, 3, 300}, {130, 48, 16}, {7, 513, 20}, {70, 260, 30}, {100, 1, 512}, {200, 9, 11}};
  for (const auto& s : shapes) check_all_orders(s[0], s[1], s[2]);
}

TEST_P(F32MultiplyKernel, OfRandomShapesEqualsTheSumsInDouble) {
  for (uint64_t item = 0; item < 60; ++item) {
    float u[3];
    fill_uniform(RngKey{7, 11}, item, 0, 0, u, 3);
    const auto up_to = [](float fraction, int64_t most) {
      return 1 + static_cast<int64_t>(fraction * static_cast<float>(most));
    };
    check_all_orders(up_to(u[0], 90), up_to(u[1], 90), up_to(u[2], 90));
  }
}

TEST_P(F32MultiplyKernel, BitsOfAValueDependNeitherOnTheOtherRowsNorOnTheOtherColumns) {
  for (const bool transposed : {false, true}) {
    Problem p{.m = 80, .n = 70, .k = 301, .a_transposed = transposed, .b_transposed = transposed};
    p.draw();
    const std::vector<float> whole = p.corner(0, p.m, 0, p.n);
    for (const int64_t rows : {1, 2, 5, 8, 9, 16, 33}) {
      for (const int64_t cols : {1, 7, 16, 17, 33, 48, 60}) {
        const int64_t row = (p.m - rows) / 2, col = (p.n - cols) / 3;
        const std::vector<float> part = p.corner(row, rows, col, cols);
        for (int64_t i = 0; i < rows; ++i) {
          const float* got = part.data() + i * p.c_stride();
          const float* want = whole.data() + (row + i) * p.c_stride() + col;
          ASSERT_EQ(0, std::memcmp(got, want, static_cast<size_t>(cols) * sizeof(float)))
              << "row " << row + i << " of " << rows << " rows and " << cols << " columns";
        }
      }
    }
  }
}

}  // namespace
}  // namespace isthmus
