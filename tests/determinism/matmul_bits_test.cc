// SPDX-License-Identifier: Apache-2.0
// Every matrix product that the compiler makes for the built-in presets (forward, gradients of the
// inputs, gradients of the weights), and 200 random ones: a row of C has the same bits on two
// threads at once and in blocks of other heights, and C equals the sums in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "isthmus/base/digest.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/base/thread_pool.h"
#include "isthmus/cpu/matmul.h"
#include "isthmus/cpu/program.h"
#include "isthmus/models/model.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

/// Normals, repeated with a period that divides no shape.
std::vector<float> drawn(const char* purpose, int64_t count) {
  constexpr int64_t kPeriod = 65521;
  std::vector<float> values(static_cast<size_t>(count));
  const int64_t made = std::min(count, kPeriod);
  fill_normal(RngKey::from(1, purpose), 0, 0, 0, values.data(), made);
  for (int64_t i = made; i < count; ++i) {
    values[static_cast<size_t>(i)] = values[static_cast<size_t>(i - kPeriod)];
  }
  return values;
}

float rounded_to_bf16(float value) {
  uint16_t half = 0;
  rows_to_bf16(&value, 1, 1, 1, &half, 1, 0);
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The operands of a product in its own layout.
class Operands {
 public:
  explicit Operands(const Matmul& matmul) : spec_(matmul.spec()) {
    a_ = drawn("a", spec_.m * spec_.k);
    b_ = drawn("b", spec_.k * spec_.n);
    if (spec_.bf16) {
      for (auto* values : {&a_, &b_}) {
        for (float& v : *values) v = rounded_to_bf16(v);
      }
      lay_out_halfs(matmul.packing());
    } else {
      lay_out_floats();
    }
  }

  const void* a(int64_t first_row) const {
    const auto at = static_cast<size_t>(first_row * spec_.a_stride_m);
    return spec_.bf16 ? static_cast<const void*>(&half_a_[at]) : &float_a_[at];
  }
  const void* b() const {
    return spec_.bf16 ? static_cast<const void*>(half_b_.data()) : float_b_.data();
  }

  /// Row i of A B, and of the products' sizes.
  void row(int64_t i, std::vector<double>& sums, std::vector<double>& sizes) const {
    const auto n = static_cast<size_t>(spec_.n);
    sums.assign(n, 0);
    sizes.assign(n, 0);
    for (int64_t k = 0; k < spec_.k; ++k) {
      const double x = a_[static_cast<size_t>(i * spec_.k + k)];
      const float* y = &b_[static_cast<size_t>(k * spec_.n)];
      for (size_t j = 0; j < n; ++j) {
        sums[j] += x * static_cast<double>(y[j]);
        sizes[j] += std::fabs(x * static_cast<double>(y[j]));
      }
    }
  }

 private:
  void lay_out_floats() {
    const MatmulSpec& s = spec_;
    float_a_.resize(static_cast<size_t>((s.m - 1) * s.a_stride_m + (s.k - 1) * s.a_stride_k + 1));
    float_b_.resize(static_cast<size_t>((s.k - 1) * s.b_stride_k + (s.n - 1) * s.b_stride_n + 1));
    for (int64_t i = 0; i < s.m * s.k; ++i) {
      float_a_[static_cast<size_t>(i / s.k * s.a_stride_m + i % s.k * s.a_stride_k)] =
          a_[static_cast<size_t>(i)];
    }
    for (int64_t i = 0; i < s.k * s.n; ++i) {
      float_b_[static_cast<size_t>(i / s.n * s.b_stride_k + i % s.n * s.b_stride_n)] =
          b_[static_cast<size_t>(i)];
    }
  }

  void lay_out_halfs(const MatmulPacking& packing) {
    const MatmulSpec& s = spec_;
    half_a_.assign(static_cast<size_t>(s.m * s.a_stride_m), 0);
    rows_to_bf16(a_.data(), s.k, s.m, s.k, half_a_.data(), s.a_stride_m, 0);
    half_b_.assign(static_cast<size_t>(packing.num_values), 0);
    PackCall pack{.src = b_.data(), .k_stride = s.n, .n_stride = 1, .num_k = s.k, .num_n = s.n};
    pack.padded_k = pack.end_k = packing.padded_k;
    pack.block_n = packing.block_n;
    pack.block_stride = packing.block_stride;
    pack.end_block = (s.n + packing.block_n - 1) / packing.block_n;
    pack.dst = half_b_.data();
    pack_bf16_pairs(pack);
  }

  MatmulSpec spec_;
  std::vector<float> a_, b_;  // dense, (m, k) and (k, n); bf16: rounded
  std::vector<float> float_a_, float_b_;
  std::vector<uint16_t> half_a_, half_b_;
};

constexpr float kStart = 0.5f;  // what C holds before

std::vector<float> product(const Matmul& matmul, const Operands& operands, int64_t first_row) {
  const MatmulSpec& s = matmul.spec();
  std::vector<float> c(static_cast<size_t>(s.m * s.c_stride_m), kStart);
  std::vector<float> scratch(static_cast<size_t>(matmul.scratch_floats()));
  matmul.run(operands.a(first_row), operands.b(), c.data(), scratch.data());
  return c;
}

std::string digest(std::span<const float> values) { return xxh3_128_label(std::as_bytes(values)); }

std::string text_of(const Matmul& matmul) {
  const MatmulSpec& s = matmul.spec();
  return std::to_string(s.m) + "x" + std::to_string(s.n) + "x" + std::to_string(s.k) +
         (s.bf16 ? " bf16" : " fp32") + (s.a_stride_k == 1 ? "" : " A transposed") +
         (s.bf16 || s.b_stride_n == 1 ? "" : " B transposed") + (s.accumulate ? " added, " : ", ") +
         matmul.kernel_name();
}

std::vector<float> expect_same_bits_on_two_threads(const Matmul& matmul, const Operands& operands,
                                                   ThreadPool& pool) {
  std::vector<float> results[2];
  auto body = [&](int64_t task, int) {
    results[static_cast<size_t>(task)] = product(matmul, operands, 0);
  };
  pool.run(2, body);
  EXPECT_EQ(digest(results[0]), digest(results[1]));
  return results[0];
}

void expect_same_bits_in_other_blocks(const Matmul& matmul, const Operands& operands,
                                      const std::vector<float>& whole) {
  for (const int64_t rows : {1, 7, 16, 32}) {
    MatmulSpec spec = matmul.spec();
    if (rows >= spec.m) continue;
    const int64_t first = (spec.m - rows) / 2;
    spec.m = rows;
    const Matmul part(spec);
    const std::vector<float> c = product(part, operands, first);
    const auto size = static_cast<size_t>(rows * spec.c_stride_m);
    const std::span<const float> same(&whole[static_cast<size_t>(first * spec.c_stride_m)], size);
    EXPECT_EQ(digest(c), digest(same)) << rows << " rows from row " << first;
  }
}

void expect_sums_in_double(const Matmul& matmul, const Operands& operands,
                           const std::vector<float>& c) {
  const MatmulSpec& s = matmul.spec();
  const double relative = s.bf16 ? tolerance::kSumBf16 : tolerance::kSumF32;
  const double start = s.accumulate ? static_cast<double>(kStart) : 0;
  std::vector<double> sums, sizes;
  for (const int64_t i : std::set<int64_t>{0, s.m / 3, s.m / 2, s.m - 1}) {
    operands.row(i, sums, sizes);
    for (int64_t j = 0; j < s.n; ++j) {
      const auto at = static_cast<size_t>(j);
      const double got = static_cast<double>(c[static_cast<size_t>(i * s.c_stride_m + j)]);
      ASSERT_TRUE(tolerance::within(got, start + sums[at], relative, start + sizes[at]))
          << "row " << i << ", column " << j << ": " << got << " is not " << start + sums[at]
          << ", sizes " << sizes[at];
    }
  }
}

void check_product(const Matmul& matmul, ThreadPool& pool) {
  SCOPED_TRACE(text_of(matmul));
  const Operands operands(matmul);
  const std::vector<float> c = expect_same_bits_on_two_threads(matmul, operands, pool);
  expect_same_bits_in_other_blocks(matmul, operands, c);
  expect_sums_in_double(matmul, operands, c);
}

Graph preset_graph(const std::string& preset) {
  ModelSetup setup{.model = {},
                   .own = {},
                   .data = {.kind = DataKind::kImage,
                            .item_shape = {28, 28},
                            .dtype = Dtype::kU8,
                            .fields = {{.min = 0, .max = 255}},
                            .scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}}};
  for (const auto& [key, value] : preset_values(preset)) {
    set_option(setup, "model." + std::string(key), value);
  }
  GraphBuilder g;
  add_update(g, build_training(g, setup).objectives, OptimizerOptions{}, {});
  return std::move(g).finish();
}

void check_presets(Precision precision) {
  ThreadPool pool(2);
  const ArithmeticGuard guard;
  std::vector<MatmulSpec> seen;
  for (const std::string& preset : preset_words()) {
    if (preset == "none") continue;
    for (const int64_t batch : {128, 512}) {
      const Program program =
          compile_program(preset_graph(preset), {.max_rows = batch, .precision = precision}, 2);
      EXPECT_FALSE(program.matmuls.empty()) << preset;
      for (const Matmul& matmul : program.matmuls) {
        if (std::find(seen.begin(), seen.end(), matmul.spec()) != seen.end()) continue;
        seen.push_back(matmul.spec());
        check_product(matmul, pool);
      }
    }
  }
}

MatmulSpec random_spec(uint64_t item, bool bf16) {
  float u[8];
  fill_uniform(RngKey::from(1, "random_spec"), item, 0, 0, u, 8);
  const auto up_to = [](float fraction, int64_t most) {
    return 1 + static_cast<int64_t>(fraction * static_cast<float>(most));
  };
  MatmulSpec s{.m = up_to(u[0], 96), .n = up_to(u[1], 150), .k = up_to(u[2], 300), .bf16 = bf16};
  s.accumulate = u[3] < 0.3f;
  s.c_stride_m = s.n + (u[4] < 0.5f ? 0 : up_to(u[4], 16));
  if (bf16) {
    s.a_stride_m = Matmul::row_stride(s.k);
    return s;
  }
  const bool a_transposed = u[5] < 0.4f, b_transposed = u[6] < 0.4f;
  s.a_stride_m = a_transposed ? 1 : s.k;
  s.a_stride_k = a_transposed ? s.m : 1;
  s.b_stride_k = b_transposed ? 1 : s.n;
  s.b_stride_n = b_transposed ? s.k : 1;
  return s;
}

void check_random(bool bf16) {
  ThreadPool pool(2);
  const ArithmeticGuard guard;
  for (uint64_t item = 0; item < 100; ++item) check_product(Matmul(random_spec(item, bf16)), pool);
}

TEST(MatmulBits, OfThePresetsInFloat32) { check_presets(Precision::kF32); }
TEST(MatmulBits, OfThePresetsInBf16) { check_presets(Precision::kBF16); }
TEST(MatmulBits, OfRandomShapesInFloat32) { check_random(false); }
TEST(MatmulBits, OfRandomShapesInBf16) { check_random(true); }

}  // namespace
}  // namespace isthmus
