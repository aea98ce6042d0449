// SPDX-License-Identifier: Apache-2.0
// Products of bf16 operands by vector instructions: two products and their sum at once
// (AVX512-BF16), or in float32 after widening, which is exact. On AMX tiles amx/ takes this file's
// place, on the same operands.
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/bf16_multiply.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/bf16_lanes.h"
#include "isthmus/cpu/kernels/block_sums.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kLanes = hn::MaxLanes(FloatTag());
constexpr int64_t kPairHalfs = 2 * kBf16Strip;  // one pair of rows of a strip of B

// C is computed in blocks of so many rows and vectors: enough sums in flight to hide the latency of
// the products, few enough to stay in registers beside the operands.
#if HWY_TARGET == HWY_AVX3
constexpr int kRows = 8, kMostVecs = 4;
#else
constexpr int kRows = 4, kMostVecs = 2;
#endif

struct Block {
  const uint16_t* a;
  int64_t a_stride;
  const uint16_t* b;
  int64_t b_stride;  // to the next strip
  BlockOfC c;
  int64_t pairs;
};

/// A row of A as float32: a bf16 value is the upper half of the float32 of the same value.
void widen_row(const uint16_t* src, int64_t count, float* dst) {
  const FloatTag d;
  const WordTag dw;
  const hn::Rebind<uint16_t, FloatTag> dh;
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto words = hn::PromoteTo(dw, hn::LoadU(dh, src + i));
    hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(words)), d, dst + i);
  }
  for (; i < count; ++i) {
    const uint32_t word = static_cast<uint32_t>(src[i]) << 16;
    std::memcpy(dst + i, &word, sizeof word);
  }
}

#if HWY_TARGET == HWY_AVX3
/// By AVX512-BF16, for which Highway 1.0.3 has no target. Takes denormals for zero.
HWY_INLINE void add_pairs(FloatVec& sum, WordVec a, WordVec b) {
  asm("vdpbf16ps %2, %1, %0" : "+v"(sum.raw) : "v"(a.raw), "v"(b.raw));
}

template <int kHeight, int kWidth>
void multiply_pairs_block(const Block& o, bool accumulate) {
  const WordTag dw;
  FloatVec sums[kHeight][kWidth];
  begin_sums(o.c, accumulate, sums);
  const uint16_t* a = o.a;
  const uint16_t* b = o.b;
  for (int64_t p = 0; p < o.pairs; ++p, a += 2, b += kPairHalfs) {
    WordVec columns[kWidth];
#pragma GCC unroll 16
    for (int v = 0; v < kWidth; ++v) {  // two vectors or more of a block begin at an even vector
      const uint16_t* words = b + v / 2 * o.b_stride + v % 2 * 2 * kLanes;
      columns[v] = hn::LoadU(dw, reinterpret_cast<const uint32_t*>(words));
    }
#pragma GCC unroll 16
    for (int r = 0; r < kHeight; ++r) {
      uint32_t words = 0;
      std::memcpy(&words, a + r * o.a_stride, sizeof words);
      const auto row = hn::Set(dw, words);
#pragma GCC unroll 16
      for (int v = 0; v < kWidth; ++v) add_pairs(sums[r][v], row, columns[v]);
    }
  }
  end_sums(o.c, sums);
}

/// A rectangle of C, in rows and vectors of columns.
struct Region {
  int64_t row, end_row, vec, end_vec;
};

/// In blocks of kHeight x kWidth; what is left on the right in narrower ones, what is left below in
/// lower and wider ones. The rows of A pass by one strip of B after another.
template <int kHeight, int kWidth>
void multiply_pairs_region(const Bf16MultiplyCall& call, const Region& region) {
  const int64_t end_row = region.end_row - (region.end_row - region.row) % kHeight;
  const int64_t end_vec = region.end_vec - (region.end_vec - region.vec) % kWidth;
  Block o{.a_stride = call.a_stride, .b_stride = call.b_stride, .c = {.stride = call.c_stride}};
  o.pairs = (call.k + 1) / 2;
  for (int64_t vec = region.vec; vec < end_vec; vec += kWidth) {
    const int64_t col = vec * kLanes, last = call.n - col - (kWidth - 1) * kLanes;
    o.c.last = static_cast<size_t>(last < kLanes ? last : kLanes);
    o.b = call.b + col / kBf16Strip * call.b_stride + 2 * (col % kBf16Strip);
    for (int64_t row = region.row; row < end_row; row += kHeight) {
      o.a = call.a + row * call.a_stride;
      o.c.first = call.c + row * call.c_stride + col;
      multiply_pairs_block<kHeight, kWidth>(o, call.accumulate);
    }
  }
  if constexpr (kWidth > 2) {
    multiply_pairs_region<kHeight, kWidth / 2>(call,
                                               {region.row, end_row, end_vec, region.end_vec});
  }
  if constexpr (kHeight > 1) {
    constexpr int kWider = kWidth == 1 || kWidth == kMostVecs ? kWidth : 2 * kWidth;
    multiply_pairs_region<kHeight / 2, kWider>(
        call, {end_row, region.end_row, region.vec, region.end_vec});
  }
}

void multiply_pairs(const Bf16MultiplyCall& call) {
  const int64_t vecs = (call.n + kLanes - 1) / kLanes, even = vecs / 2 * 2;
  multiply_pairs_region<kRows, 2>(call, {0, call.m, 0, even});
  multiply_pairs_region<2 * kRows, 1>(call, {0, call.m, even, vecs});
}
#endif

// Widened to float32. Values of A would each be widened for every strip of B, by the ports that
// multiply: so a few rows are widened once, as much of K as lies in L1 beside a strip, and read as
// broadcasts. Strips of B are widened for those rows together.
constexpr int64_t kWideK = 512;

template <int kHeight, int kWidth>
void multiply_widened_block(const Block& o, const float* a, bool accumulate) {
  const FloatTag d;
  const WordTag dw;
  FloatVec sums[kHeight][kWidth];
  begin_sums(o.c, accumulate, sums);
  const uint16_t* b = o.b;
  for (int64_t p = 0; p < o.pairs; ++p, a += 2, b += kPairHalfs) {
    FloatVec low[kWidth], high[kWidth];
#pragma GCC unroll 16
    for (int v = 0; v < kWidth; ++v) {
      const uint16_t* at = b + v / 2 * o.b_stride + v % 2 * 2 * kLanes;
      const auto words = hn::LoadU(dw, reinterpret_cast<const uint32_t*>(at));
      low[v] = hn::BitCast(d, hn::ShiftLeft<16>(words));
      high[v] = hn::BitCast(d, hn::And(words, hn::Set(dw, 0xffff0000u)));
    }
#pragma GCC unroll 16
    for (int r = 0; r < kHeight; ++r) {
      const auto first = hn::Set(d, a[r * kWideK]), second = hn::Set(d, a[r * kWideK + 1]);
#pragma GCC unroll 16
      for (int v = 0; v < kWidth; ++v) {
        sums[r][v] = hn::MulAdd(second, high[v], hn::MulAdd(first, low[v], sums[r][v]));
      }
    }
  }
  end_sums(o.c, sums);
}

/// Vectors [vec, end_vec) of kHeight rows.
template <int kHeight, int kWidth>
void multiply_widened_strips(const Bf16MultiplyCall& call, Block o, const float* a, int64_t k,
                             int64_t vec, int64_t end_vec, bool accumulate) {
  float* const c = o.c.first;
  for (; vec + kWidth <= end_vec; vec += kWidth) {
    const int64_t col = vec * kLanes, last = call.n - col - (kWidth - 1) * kLanes;
    o.c.last = static_cast<size_t>(last < kLanes ? last : kLanes);
    o.b = call.b + col / kBf16Strip * call.b_stride + 2 * (col % kBf16Strip) + k * kBf16Strip;
    o.c.first = c + col;
    multiply_widened_block<kHeight, kWidth>(o, a, accumulate);
  }
  if constexpr (kWidth > 1) {
    o.c.first = c;
    multiply_widened_strips<kHeight, kWidth / 2>(call, o, a, k, vec, end_vec, accumulate);
  }
}

/// Row blocks of kHeight from `row` on; what is left below in lower and wider ones.
template <int kHeight, int kWidth>
void multiply_widened(const Bf16MultiplyCall& call, int64_t row, float* a) {
  const int64_t vecs = (call.n + kLanes - 1) / kLanes;
  for (; row + kHeight <= call.m; row += kHeight) {
    for (int64_t k = 0; k < call.k; k += kWideK) {
      const int64_t count = call.k - k < kWideK ? call.k - k : kWideK;
      Block o{.b_stride = call.b_stride, .c = {.stride = call.c_stride}, .pairs = (count + 1) / 2};
      o.c.first = call.c + row * call.c_stride;
      for (int r = 0; r < kHeight; ++r) {
        widen_row(call.a + (row + r) * call.a_stride + k, 2 * o.pairs, a + r * kWideK);
      }
      multiply_widened_strips<kHeight, kWidth>(call, o, a, k, 0, vecs, call.accumulate || k > 0);
    }
  }
  if constexpr (kHeight > 1) {
    constexpr int kWider = kWidth == kMostVecs ? kWidth : 2 * kWidth;
    multiply_widened<kHeight / 2, kWider>(call, row, a);
  }
}

void multiply(const Bf16MultiplyCall& call) {
#if HWY_TARGET == HWY_AVX3
  if (call.paired) return multiply_pairs(call);
#endif
  alignas(64) float a[kRows * kWideK];
  multiply_widened<kRows, 2>(call, 0, a);
}

bool multiplies_pairs() { return has_avx512_bf16(); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(multiply);
HWY_EXPORT(multiplies_pairs);

void bf16_multiply(const Bf16MultiplyCall& call) noexcept { HWY_DYNAMIC_DISPATCH(multiply)(call); }
bool multiplies_bf16_pairs() noexcept { return HWY_DYNAMIC_DISPATCH(multiplies_pairs)(); }

}  // namespace isthmus
#endif
