// SPDX-License-Identifier: Apache-2.0
// Rounding to bf16 (nearest, ties to even) and the small rearrangements its layouts are made of.
// Highway's own conversion truncates, which would pull all weights towards zero.
// Included inside Highway's per-target compilation (hence no #pragma once).
#if defined(ISTHMUS_BF16_LANES_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ISTHMUS_BF16_LANES_H_
#undef ISTHMUS_BF16_LANES_H_
#else
#define ISTHMUS_BF16_LANES_H_
#endif

#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/vector_memory.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using WordTag = hn::RebindToUnsigned<FloatTag>;  // 32 bits: one rounded value, or a pair of bf16
using WordVec = hn::Vec<WordTag>;

/// Whether the instruction set in use goes with AVX512-BF16.
inline bool has_avx512_bf16() {
#if HWY_TARGET == HWY_AVX3
  return may_use_avx512_bf16() && __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

/// The rounded value, in the upper 16 bits of each word; the lower ones are noise.
HWY_INLINE WordVec rounded_bits(FloatVec x) {
  const FloatTag d;
  const WordTag dw;
  const auto bits = hn::BitCast(dw, x);
  const auto odd = hn::TestBit(bits, hn::Set(dw, 0x10000));
  const auto rounded = hn::Add(bits, hn::IfThenElse(odd, hn::Set(dw, 0x8000), hn::Set(dw, 0x7fff)));
  const auto nan = hn::BitCast(d, hn::Set(dw, 0x7fc00000u));
  return hn::BitCast(dw, hn::IfThenElse(hn::IsNaN(x), nan, hn::BitCast(d, rounded)));
}

#if !ISTHMUS_PLAIN_TARGET
/// How float32 becomes bf16. pairs(): words (low, high), two rows merged. row(): words (0, 1),
/// (2, 3), ... of one row, 2 N values in order.
struct IntegerRounding {
  static HWY_INLINE WordVec pairs(FloatVec low, FloatVec high) {
    const WordTag dw;
    const auto upper = hn::And(rounded_bits(high), hn::Set(dw, 0xffff0000u));
    return hn::Or(hn::ShiftRight<16>(rounded_bits(low)), upper);
  }
  static HWY_INLINE WordVec row(FloatVec first, FloatVec second) {
    const hn::Repartition<uint16_t, FloatTag> dh;
    const WordTag dw;
    return hn::BitCast(dw, hn::ConcatOdd(dh, hn::BitCast(dh, rounded_bits(second)),
                                         hn::BitCast(dh, rounded_bits(first))));
  }
};

#if HWY_TARGET == HWY_AVX3
/// By AVX512-BF16, for which Highway 1.0.3 has no target: the same bits, but denormals become zero.
struct HardwareRounding {
  static HWY_INLINE WordVec row(FloatVec first, FloatVec second) {
    WordVec words;
    asm("vcvtne2ps2bf16 %2, %1, %0" : "=v"(words.raw) : "v"(second.raw), "v"(first.raw));
    return words;
  }
  static HWY_INLINE WordVec pairs(FloatVec low, FloatVec high) {
    alignas(64) static constexpr uint16_t kInterleave[32] = {
        0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
        8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const auto order = _mm512_load_si512(kInterleave);
    return WordVec{_mm512_permutexvar_epi16(order, row(low, high).raw)};
  }
};
#else
using HardwareRounding = IntegerRounding;
#endif

/// Four vectors of words as columns: afterwards block k (of 128 bits) of v[j] holds word 4 k + j of
/// the four inputs.
HWY_INLINE void transpose_blocks(WordVec (&v)[4]) {
  const WordTag d;
  const hn::Repartition<uint64_t, WordTag> dd;
  const auto a0 = hn::BitCast(dd, hn::InterleaveLower(d, v[0], v[1]));
  const auto a1 = hn::BitCast(dd, hn::InterleaveUpper(d, v[0], v[1]));
  const auto b0 = hn::BitCast(dd, hn::InterleaveLower(d, v[2], v[3]));
  const auto b1 = hn::BitCast(dd, hn::InterleaveUpper(d, v[2], v[3]));
  v[0] = hn::BitCast(d, hn::InterleaveLower(dd, a0, b0));
  v[1] = hn::BitCast(d, hn::InterleaveUpper(dd, a0, b0));
  v[2] = hn::BitCast(d, hn::InterleaveLower(dd, a1, b1));
  v[3] = hn::BitCast(d, hn::InterleaveUpper(dd, a1, b1));
}

/// Block k of v goes to dst + k * stride (in bf16 values).
template <class D>
HWY_INLINE void store_blocks(D, hn::Vec<D> v, uint16_t* dst, int64_t stride) {
  if constexpr (hn::MaxLanes(D()) == 4) {
    hn::StoreU(v, D(), reinterpret_cast<uint32_t*>(dst));
  } else {
    const hn::Half<D> half;
    store_blocks(half, hn::LowerHalf(half, v), dst, stride);
    store_blocks(half, hn::UpperHalf(half, v), dst + hn::MaxLanes(half) / 4 * stride, stride);
  }
}
#endif

/// Stores the first `count` bf16 values of v.
HWY_INLINE void store_bf16_partial(WordVec v, uint16_t* dst, size_t count) {
#if HWY_TARGET == HWY_AVX3
  const hn::Repartition<uint16_t, WordTag> dh;
  hn::BlendedStore(hn::BitCast(dh, v), hn::FirstN(dh, count), dh, dst);
#else
  HWY_ALIGN uint32_t words[hn::MaxLanes(WordTag())];
  hn::Store(v, WordTag(), words);
  std::memcpy(dst, words, count * sizeof(uint16_t));
#endif
}

HWY_INLINE void store_bf16(WordVec v, uint16_t* dst) {
  hn::StoreU(v, WordTag(), reinterpret_cast<uint32_t*>(dst));
}

#if !ISTHMUS_PLAIN_TARGET
/// Up to one vector of `count` values of p, zeros behind them; count may be negative.
HWY_INLINE FloatVec load_up_to(const float* p, int64_t count) {
  const FloatTag d;
  constexpr int64_t lanes = hn::MaxLanes(FloatTag());
  if (count >= lanes) return hn::LoadU(d, p);
  return count <= 0 ? hn::Zero(d) : load_partial(d, p, static_cast<size_t>(count));
}

template <class Rounding>
HWY_INLINE void cast_row(const float* src, int64_t cols, uint16_t* dst) {
  const FloatTag d;
  constexpr int64_t lanes = hn::MaxLanes(FloatTag());
  int64_t c = 0;
  for (; c + 2 * lanes <= cols; c += 2 * lanes) {
    store_bf16(Rounding::row(hn::LoadU(d, src + c), hn::LoadU(d, src + c + lanes)), dst + c);
  }
  if (c == cols) return;
  const FloatVec first = load_up_to(src + c, cols - c);
  const FloatVec second = load_up_to(src + c + lanes, cols - c - lanes);
  store_bf16_partial(Rounding::row(first, second), dst + c, static_cast<size_t>(cols - c));
}

/// Two rows interleaved.
template <class Rounding>
HWY_INLINE void cast_pair(const float* low, const float* high, int64_t cols, uint16_t* dst) {
  const FloatTag d;
  constexpr int64_t lanes = hn::MaxLanes(FloatTag());
  int64_t c = 0;
  for (; c + lanes <= cols; c += lanes) {
    store_bf16(Rounding::pairs(hn::LoadU(d, low + c), hn::LoadU(d, high + c)), dst + 2 * c);
  }
  if (c == cols) return;
  const size_t rest = static_cast<size_t>(cols - c);
  const auto words =
      Rounding::pairs(load_partial(d, low + c, rest), load_partial(d, high + c, rest));
  store_bf16_partial(words, dst + 2 * c, 2 * rest);
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
