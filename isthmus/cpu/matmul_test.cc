// SPDX-License-Identifier: Apache-2.0
// bf16 products of every kernel that this processor has, against sums in double of the same rounded
// operands: rows and columns of all tails, operands of gradients, and the bits of single rows.
#include "isthmus/cpu/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "isthmus/cpu/amx/amx_matmul.h"
#include "isthmus/cpu/kernels/every_target.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

constexpr float kStart = 0.5f;  // what C holds before

float widened(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value = 0;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// How the operands of a product lie in float32.
struct Orientation {
  bool a_transposed = false, b_transposed = false;
};

/// Operands of one product in bf16, and its values in double.
struct Problem {
  MatmulSpec spec;
  MatmulPacking packing;
  std::vector<uint16_t> a, b;
  std::vector<double> expected, sizes;  // sums of products, and of their sizes

  explicit Problem(MatmulSpec s, Orientation o = {})
      : spec(s), packing(MatmulPacking::of(s.n, s.k)) {
    const auto fa = random_normals(s.m * s.k, 1), fb = random_normals(s.k * s.n, 2);
    spec.bf16 = true;
    spec.a_stride_m = Matmul::row_stride(s.k);
    a.assign(static_cast<size_t>(s.m * spec.a_stride_m), 0);
    if (o.a_transposed) {
      rows_to_bf16_transposed(fa.data(), s.m, s.k, s.m, a.data(), spec.a_stride_m, s.k);
    } else {
      rows_to_bf16(fa.data(), s.k, s.m, s.k, a.data(), spec.a_stride_m, 0);
    }
    b.assign(static_cast<size_t>(packing.num_values), 0);
    PackCall pack{.src = fb.data(), .num_k = s.k, .num_n = s.n};
    pack.k_stride = o.b_transposed ? 1 : s.n;
    pack.n_stride = o.b_transposed ? s.k : 1;
    pack.padded_k = pack.end_k = packing.padded_k;
    pack.block_n = packing.block_n;
    pack.block_stride = packing.block_stride;
    pack.end_block = (s.n + packing.block_n - 1) / packing.block_n;
    pack.dst = b.data();
    pack_bf16_pairs(pack);
    const auto float_a = [&](int64_t i, int64_t k) {
      return fa[static_cast<size_t>(o.a_transposed ? k * s.m + i : i * s.k + k)];
    };
    const auto float_b = [&](int64_t k, int64_t j) {
      return fb[static_cast<size_t>(o.b_transposed ? j * s.k + k : k * s.n + j)];
    };
    for (int64_t i = 0; i < s.m; ++i) {
      for (int64_t j = 0; j < s.n; ++j) {
        double sum = 0, size = 0;
        for (int64_t k = 0; k < s.k; ++k) {
          const double product = rounded(float_a(i, k)) * rounded(float_b(k, j));
          sum += product;
          size += std::fabs(product);
        }
        expected.push_back(sum);
        sizes.push_back(size);
      }
    }
  }

  /// To bf16 by the definition: nearest, ties to even.
  static double rounded(float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, 4);
    return static_cast<double>(
        widened(static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)));
  }

  void check(const std::vector<float>& c) const {
    for (int64_t i = 0; i < spec.m; ++i) {
      for (int64_t j = 0; j < spec.n; ++j) {
        const auto at = static_cast<size_t>(i * spec.n + j);
        const auto got = static_cast<double>(c[static_cast<size_t>(i * spec.c_stride_m + j)]);
        const double start = spec.accumulate ? static_cast<double>(kStart) : 0;
        ASSERT_TRUE(
            tolerance::within(got, start + expected[at], tolerance::kSumBf16, start + sizes[at]))
            << spec.m << "x" << spec.n << "x" << spec.k << " at " << i << "," << j << ": " << got
            << " is not " << start + expected[at];
      }
      for (int64_t j = spec.n; j < spec.c_stride_m; ++j) {
        ASSERT_EQ(c[static_cast<size_t>(i * spec.c_stride_m + j)], kStart) << "outside of C";
      }
    }
  }
};

struct Kernel {
  std::string name;
  int64_t target = 0;  // of Highway
  bool amx = false, paired = false;
};

std::vector<Kernel> all_kernels() {
  return {{.name = "amx", .amx = true},
          {.name = "avx512_pairs", .target = HWY_AVX3, .paired = true},
          {.name = "avx512_widened", .target = HWY_AVX3},
          {.name = "avx2_widened", .target = HWY_AVX2},
          {.name = "plain_widened", .target = HWY_SCALAR | HWY_EMU128}};
}

class Bf16Kernel : public ::testing::TestWithParam<Kernel> {
 protected:
  void SetUp() override {
    const Kernel& kernel = GetParam();
    if (kernel.amx && !AmxMatmul::available()) GTEST_SKIP() << "this processor has no AMX";
    if (kernel.amx) return;
    if ((hwy::SupportedTargets() & kernel.target) == 0 && kernel.name != "plain_widened") {
      GTEST_SKIP() << "this processor lacks the instruction set";
    }
    hwy::SetSupportedTargetsForTest(kernel.target);
    hwy::GetChosenTarget().DeInit();
    if (kernel.paired && !multiplies_bf16_pairs()) {
      GTEST_SKIP() << "this processor has no AVX512-BF16";
    }
  }
  void TearDown() override {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
  }

  /// The first `rows` rows from row `row` on and the first `cols` columns.
  static std::vector<float> product(const Problem& p, int64_t row, int64_t rows, int64_t cols) {
    MatmulSpec spec = p.spec;
    spec.m = rows;
    spec.n = cols;
    std::vector<float> c(static_cast<size_t>(rows * spec.c_stride_m), kStart);
    const uint16_t* a = p.a.data() + row * spec.a_stride_m;
    if (GetParam().amx) {
      AmxMatmul(spec).run(a, p.b.data(), c.data());
    } else {
      bf16_multiply({spec.m, spec.n, spec.k, a, spec.a_stride_m, p.b.data(), p.packing.block_stride,
                     c.data(), spec.c_stride_m, spec.accumulate, GetParam().paired});
    }
    return c;
  }
  static std::vector<float> product(const Problem& p) { return product(p, 0, p.spec.m, p.spec.n); }
};

MatmulSpec shape(int64_t m, int64_t n, int64_t k, bool accumulate = false) {
  return {.m = m, .n = n, .k = k, .c_stride_m = n + 3, .accumulate = accumulate};
}

TEST_P(Bf16Kernel, EqualsTheSumsInDoubleAndWritesNothingElse) {
  const int64_t shapes[][3] = {{1, 1, 1},     {1, 20, 128},  {16, 16, 32},  {17, 33, 31},
                               {20, 40, 65},  {31, 15, 2},   {32, 48, 100}, {33, 17, 64},
                               {48, 128, 20}, {64, 40, 128}, {50, 98, 130}, {112, 30, 512},
                               {7, 500, 200}, {2, 1000, 33}, {64, 3, 1000}};
  for (const auto& s : shapes) {
    for (bool accumulate : {false, true}) {
      const Problem p(shape(s[0], s[1], s[2], accumulate));
      p.check(product(p));
    }
  }
}

TEST_P(Bf16Kernel, OfRandomShapesAndGradientsOperandsEqualsTheSumsInDouble) {
  for (uint64_t item = 0; item < 120; ++item) {
    float u[6];
    fill_uniform(RngKey{7, 11}, item, 0, 0, u, 6);
    const auto up_to = [](float fraction, int64_t most) {
      return 1 + static_cast<int64_t>(fraction * static_cast<float>(most));
    };
    const Problem p(shape(up_to(u[0], 80), up_to(u[1], 120), up_to(u[2], 200), u[3] < 0.5f),
                    {.a_transposed = u[4] < 0.5f, .b_transposed = u[5] < 0.5f});
    p.check(product(p));
  }
}

TEST_P(Bf16Kernel, BitsOfAValueDependNeitherOnTheOtherRowsNorOnTheOtherColumns) {
  const Problem p(shape(80, 70, 201));
  const std::vector<float> whole = product(p);
  for (int64_t rows : {1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 64}) {
    for (int64_t row : {int64_t{0}, int64_t{9}, 80 - rows}) {
      if (row + rows > 80) continue;
      for (int64_t cols : {1, 15, 16, 17, 33, 48, 70}) {
        const std::vector<float> part = product(p, row, rows, cols);
        for (int64_t i = 0; i < rows; ++i) {
          const auto* got = part.data() + i * p.spec.c_stride_m;
          const auto* want = whole.data() + (row + i) * p.spec.c_stride_m;
          ASSERT_EQ(0, std::memcmp(got, want, static_cast<size_t>(cols) * sizeof(float)))
              << "row " << i << " of " << rows << " from " << row << ", " << cols << " columns";
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, Bf16Kernel, ::testing::ValuesIn(all_kernels()),
                         [](const auto& each) { return each.param.name; });

TEST(Matmul, OfBf16RunsForEveryWidth) {
  for (int64_t width : {1, 2, 3, 17, 33, 48, 64, 200, 500, 784, 1000, 1024}) {
    Problem p(shape(2, width, 20));
    const Matmul matmul(p.spec);
    std::vector<float> c(static_cast<size_t>(2 * p.spec.c_stride_m), kStart);
    matmul.run(p.a.data(), p.b.data(), c.data(), nullptr);
    p.check(c);
  }
}

TEST(Matmul, RowsOfABlockFallIntoDifferentCacheSets) {
  for (int64_t k : {1, 31, 32, 33, 128, 512, 784, 1024}) {
    EXPECT_GE(Matmul::row_stride(k), k);
    EXPECT_EQ(Matmul::row_stride(k) % 64, 32) << "an odd number of lines of 32 values";
  }
}

}  // namespace
}  // namespace isthmus
