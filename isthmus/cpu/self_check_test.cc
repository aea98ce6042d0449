// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/self_check.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

TEST(SelfCheck, FindsResultsThatDifferInOneBit) {
  for (int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    const auto equal = [](int, float* r) { r[6] = 1; };
    const auto other = [](int attempt, float* r) { r[6] = attempt == 0 ? 1.0f : 1.0000001f; };
    EXPECT_TRUE(same_on_two_threads(pool, 7, equal));
    EXPECT_FALSE(same_on_two_threads(pool, 7, other));
  }
}

TEST(SelfCheck, ProductsOfBothPrecisionsRepeat) {
  ThreadPool pool(2);
  for (bool bf16 : {false, true}) {
    Program program;
    for (int64_t k : {20, 128, 784}) {
      MatmulSpec spec{.m = 64, .n = 40, .k = k, .bf16 = bf16};
      spec.a_stride_m = bf16 ? Matmul::row_stride(k) : k;
      spec.b_stride_k = spec.c_stride_m = 40;
      const ArithmeticGuard guard;
      program.matmuls.emplace_back(spec);
    }
    EXPECT_TRUE(products_repeat(program, pool));
  }
}

}  // namespace
}  // namespace isthmus
