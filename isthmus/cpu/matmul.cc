// SPDX-License-Identifier: Apache-2.0
// Who runs a matrix product: for bf16 our kernel on AMX tiles or on vectors, whichever was measured
// to be faster (instruction_set.h). Both take the same operands, whose layout is fixed here.
#include "isthmus/cpu/matmul.h"

#include <optional>

#include "isthmus/cpu/amx/amx_matmul.h"
#include "isthmus/cpu/instruction_set.h"
#include "isthmus/cpu/kernels/kernels.h"

namespace isthmus {
namespace {

constexpr int64_t kLineHalfs = 32;  // bf16 values per cache line

int64_t lines_of(int64_t values) { return (values + kLineHalfs - 1) / kLineHalfs; }

}  // namespace

struct Matmul::State {
  std::optional<AmxMatmul> amx;
  bool paired = false;
};

Matmul::~Matmul() = default;
Matmul::Matmul(Matmul&&) noexcept = default;
Matmul& Matmul::operator=(Matmul&&) noexcept = default;

Matmul::Matmul(const MatmulSpec& spec) : spec_(spec), state_(std::make_unique<State>()) {
  if (!spec.bf16) {
    kernel_name_ = "f32";
    return;
  }
  packing_ = MatmulPacking::of(spec.n, spec.k);
  switch (bf16_way()) {
    case Bf16Way::kTiles:
      state_->amx.emplace(spec);
      kernel_name_ = "amx";
      return;
    case Bf16Way::kPairs:
      state_->paired = true;
      kernel_name_ = "bf16 pairs";
      return;
    case Bf16Way::kWidened:
      kernel_name_ = "bf16 widened";
      return;
  }
}

int64_t Matmul::row_stride(int64_t k) {
  const int64_t lines = lines_of(k);
  return (lines + (lines + 1) % 2) * kLineHalfs;
}

MatmulPacking MatmulPacking::of(int64_t n, int64_t k) {
  MatmulPacking p;
  p.block_n = kBf16Strip;
  p.padded_k = lines_of(k) * kLineHalfs;
  // One line between strips: their equal rows must not fall into the same sets.
  p.block_stride = p.padded_k * kBf16Strip + kLineHalfs;
  p.num_values = (n + kBf16Strip - 1) / kBf16Strip * p.block_stride;
  return p;
}

int64_t Matmul::scratch_floats() const {
  return spec_.bf16 ? 0 : f32_multiply_scratch(spec_.n, spec_.k);
}

void Matmul::run(const void* a, const void* b, float* c, float* scratch) const noexcept {
  if (!spec_.bf16) {
    return f32_multiply({.m = spec_.m,
                         .n = spec_.n,
                         .k = spec_.k,
                         .a = static_cast<const float*>(a),
                         .a_stride_m = spec_.a_stride_m,
                         .a_stride_k = spec_.a_stride_k,
                         .b = static_cast<const float*>(b),
                         .b_stride_k = spec_.b_stride_k,
                         .b_stride_n = spec_.b_stride_n,
                         .c = c,
                         .c_stride = spec_.c_stride_m,
                         .accumulate = spec_.accumulate,
                         .scratch = scratch});
  }
  const auto* half_a = static_cast<const uint16_t*>(a);
  const auto* half_b = static_cast<const uint16_t*>(b);
  if (state_->amx) {
    state_->amx->run(half_a, half_b, c);
    return;
  }
  bf16_multiply({.m = spec_.m,
                 .n = spec_.n,
                 .k = spec_.k,
                 .a = half_a,
                 .a_stride = spec_.a_stride_m,
                 .b = half_b,
                 .b_stride = packing_.block_stride,
                 .c = c,
                 .c_stride = spec_.c_stride_m,
                 .accumulate = spec_.accumulate,
                 .paired = state_->paired});
}

}  // namespace isthmus
