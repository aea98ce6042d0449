// SPDX-License-Identifier: Apache-2.0
// Matrix products against sums in double of the same rounded operands, for every implementation
// that this processor has.
#include "isthmus/cpu/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/base/thread_pool.h"
#include "isthmus/cpu/amx/amx_matmul.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/onednn/onednn_matmul.h"

namespace isthmus {
namespace {

std::vector<float> random_values(const char* purpose, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  fill_normal(RngKey::from(1, purpose), 0, 0, 0, values.data(), count);
  return values;
}

float widened(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value = 0;
  std::memcpy(&value, &bits, 4);
  return value;
}

constexpr float kStart = 0.5f;  // what C holds before

/// Operands of one bf16 product, packed as `packing` says, and its values in double.
struct Bf16Problem {
  MatmulSpec spec;
  std::vector<uint16_t> a, b;
  std::vector<double> expected, sizes;  // sums of products, and of their sizes

  Bf16Problem(const MatmulSpec& s, const MatmulPacking& packing) : spec(s) {
    const auto fa = random_values("a", s.m * s.k), fb = random_values("b", s.k * s.n);
    a.assign(static_cast<size_t>(s.m * s.a_stride_m), 0);
    rows_to_bf16(fa.data(), s.k, s.m, s.k, a.data(), s.a_stride_m, 0);
    b.assign(static_cast<size_t>(packing.num_values), 0);
    PackCall pack{.src = fb.data(), .k_stride = s.n, .n_stride = 1, .num_k = s.k, .num_n = s.n};
    pack.padded_k = pack.end_k = packing.padded_k;
    pack.block_n = packing.block_n;
    pack.block_stride = packing.block_stride;
    pack.end_block = (s.n + packing.block_n - 1) / packing.block_n;
    pack.dst = b.data();
    pack_bf16_pairs(pack);
    for (int64_t i = 0; i < s.m; ++i) {
      for (int64_t j = 0; j < s.n; ++j) add_expected(packing, i, j);
    }
  }

  void add_expected(const MatmulPacking& p, int64_t i, int64_t j) {
    double sum = 0, size = 0;
    for (int64_t k = 0; k < spec.k; ++k) {
      const double x = widened(a[static_cast<size_t>(i * spec.a_stride_m + k)]);
      const int64_t at =
          j / p.block_n * p.block_stride + k / 2 * 2 * p.block_n + 2 * (j % p.block_n) + k % 2;
      const double y = widened(b[static_cast<size_t>(at)]);
      sum += x * y;
      size += std::abs(x * y);
    }
    expected.push_back(sum);
    sizes.push_back(size);
  }

  void check(const std::vector<float>& c, bool accumulate) const {
    for (int64_t i = 0; i < spec.m; ++i) {
      for (int64_t j = 0; j < spec.n; ++j) {
        const auto k = static_cast<size_t>(i * spec.n + j);
        const double got = c[static_cast<size_t>(i * spec.c_stride_m + j)];
        ASSERT_NEAR(got, (accumulate ? kStart : 0) + expected[k], 1e-6 * (1 + sizes[k]))
            << spec.m << "x" << spec.n << "x" << spec.k << " at " << i << "," << j;
      }
      for (int64_t j = spec.n; j < spec.c_stride_m; ++j) {
        ASSERT_EQ(c[static_cast<size_t>(i * spec.c_stride_m + j)], kStart) << "outside of C";
      }
    }
  }
};

const int64_t kShapes[][3] = {{1, 1, 1},     {1, 20, 128},  {16, 16, 32},  {17, 33, 31},
                              {20, 40, 65},  {31, 15, 2},   {32, 48, 100}, {33, 17, 64},
                              {48, 128, 20}, {64, 40, 128}, {50, 98, 130}, {112, 30, 512}};

MatmulSpec bf16_spec(const int64_t (&shape)[3], int64_t a_stride) {
  MatmulSpec spec{.m = shape[0], .n = shape[1], .k = shape[2], .bf16 = true};
  spec.a_stride_m = a_stride;
  spec.c_stride_m = shape[1] + 3;
  return spec;
}

std::vector<float> c_of(const MatmulSpec& spec) {
  return std::vector<float>(static_cast<size_t>(spec.m * spec.c_stride_m), kStart);
}

TEST(AmxMatmul, EqualsTheSumsInDoubleAndWritesNothingElse) {
  if (!AmxMatmul::available()) GTEST_SKIP() << "no AMX";
  for (const auto& shape : kShapes) {
    for (bool accumulate : {false, true}) {
      MatmulSpec spec = bf16_spec(shape, AmxMatmul::row_stride(shape[2]));
      spec.accumulate = accumulate;
      const AmxMatmul matmul(spec);
      const Bf16Problem problem(spec, matmul.packing());
      auto c = c_of(spec);
      matmul.run(problem.a.data(), problem.b.data(), c.data());
      problem.check(c, accumulate);
    }
  }
}

TEST(AmxMatmul, BitsOfARowDependNeitherOnTheOtherRowsNorOnTheOtherColumns) {
  if (!AmxMatmul::available()) GTEST_SKIP() << "no AMX";
  const int64_t big[3] = {80, 70, 200}, small[3] = {1, 70, 200};
  const MatmulSpec spec = bf16_spec(big, AmxMatmul::row_stride(200));
  const AmxMatmul matmul(spec);
  const Bf16Problem problem(spec, matmul.packing());
  auto c = c_of(spec);
  matmul.run(problem.a.data(), problem.b.data(), c.data());
  const MatmulSpec one = bf16_spec(small, AmxMatmul::row_stride(200));
  const AmxMatmul alone(one);
  for (int64_t i = 0; i < spec.m; ++i) {
    auto row = c_of(one);
    alone.run(problem.a.data() + i * spec.a_stride_m, problem.b.data(), row.data());
    ASSERT_EQ(0, std::memcmp(row.data(), c.data() + i * spec.c_stride_m, 70 * sizeof(float))) << i;
  }
}

TEST(AmxMatmul, RowsOfATileFallIntoDifferentCacheSets) {
  for (int64_t k : {1, 31, 32, 33, 128, 512, 784, 1024}) {
    EXPECT_GE(AmxMatmul::row_stride(k), k);
    EXPECT_EQ(AmxMatmul::row_stride(k) % 64, 32) << "an odd number of lines of 32 values";
  }
}

TEST(OnednnMatmul, Bf16EqualsTheSumsInDouble) {
  const ArithmeticGuard guard;
  for (const auto& shape : kShapes) {
    MatmulSpec spec = bf16_spec(shape, shape[2]);
    spec.c_stride_m = spec.n;
    std::optional<OnednnMatmul> matmul;
    try {
      matmul.emplace(spec);
    } catch (const Error&) {
      GTEST_SKIP() << "no bf16 kernels";
    }
    const Bf16Problem problem(spec, matmul->packing());
    auto c = c_of(spec);
    OnednnMatmul::Handles handles(*matmul);
    std::vector<std::byte> scratch(matmul->scratch_bytes() + 64);
    matmul->run(handles, problem.a.data(), problem.b.data(), c.data(), scratch.data());
    problem.check(c, false);
  }
}

}  // namespace
}  // namespace isthmus
