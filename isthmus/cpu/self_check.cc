// SPDX-License-Identifier: Apache-2.0
// The start-up check of a program's matrix products. It finds kernels that split their sums by
// something that differs between threads; it does not compare with a known result.
#include "isthmus/cpu/self_check.h"

#include <cstring>
#include <vector>

#include "isthmus/base/rng_key.h"

namespace isthmus {
namespace {

/// Fixed normals, repeated: the values matter less than that they are neither zero nor equal.
std::vector<float> fixed_values(int64_t count) {
  constexpr int64_t kPeriod = 4099;
  std::vector<float> values(static_cast<size_t>(count));
  const int64_t made = std::min(count, kPeriod);
  fill_normal(RngKey::from(1, "self_check"), 0, 0, 0, values.data(), made);
  for (int64_t i = made; i < count; ++i) {
    values[static_cast<size_t>(i)] = values[static_cast<size_t>(i - kPeriod)];
  }
  return values;
}

std::vector<uint16_t> fixed_halfs(int64_t count) {
  const std::vector<float> values = fixed_values(count);
  std::vector<uint16_t> halfs(values.size());
  rows_to_bf16(values.data(), count, 1, count, halfs.data(), count, 0);
  return halfs;
}

bool product_repeats(const Matmul& matmul, ThreadPool& pool) {
  const MatmulSpec& s = matmul.spec();
  std::vector<float> a, b;
  std::vector<uint16_t> half_a, half_b;
  if (s.bf16) {
    half_a = fixed_halfs(s.m * s.a_stride_m);
    half_b = fixed_halfs(matmul.packing().num_values);
  } else {
    a = fixed_values((s.m - 1) * s.a_stride_m + (s.k - 1) * s.a_stride_k + 1);
    b = fixed_values((s.k - 1) * s.b_stride_k + (s.n - 1) * s.b_stride_n + 1);
  }
  const void* a_data = s.bf16 ? static_cast<const void*>(half_a.data()) : a.data();
  const void* b_data = s.bf16 ? static_cast<const void*>(half_b.data()) : b.data();
  return same_on_two_threads(pool, s.m * s.c_stride_m, [&](int, float* c) {
    std::vector<float> scratch(static_cast<size_t>(matmul.scratch_floats()));
    matmul.run(a_data, b_data, c, scratch.data());
  });
}

}  // namespace

bool same_on_two_threads(ThreadPool& pool, int64_t count,
                         const std::function<void(int attempt, float* result)>& compute) {
  std::vector<float> results[2];
  for (auto& r : results) r.assign(static_cast<size_t>(count), 0.0f);
  auto body = [&](int64_t task, int) {
    compute(static_cast<int>(task), results[static_cast<size_t>(task)].data());
  };
  pool.run(2, body);
  return std::memcmp(results[0].data(), results[1].data(), results[0].size() * sizeof(float)) == 0;
}

bool products_repeat(const Program& program, ThreadPool& pool) {
  const ArithmeticGuard guard;
  return std::all_of(program.matmuls.begin(), program.matmuls.end(),
                     [&](const Matmul& m) { return product_repeats(m, pool); });
}

}  // namespace isthmus
