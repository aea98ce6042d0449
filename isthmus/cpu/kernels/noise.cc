// SPDX-License-Identifier: Apache-2.0
// Noise of many items at once: Philox4x32-10 with one (item, block) per lane, then Box-Muller by
// the recipe of base/normal_polynomials.h. The bits are those of fill_normal and fill_uniform.
//
// Instruction sets without fused multiply-add call those functions themselves.
#include "isthmus/base/normal_polynomials.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/noise.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/vector_memory.h"

#ifndef ISTHMUS_NOISE_CALL_H_
#define ISTHMUS_NOISE_CALL_H_
namespace isthmus {
namespace {

struct NoiseCall {
  RngKey key;
  const int64_t* items;
  int64_t num_items;
  uint32_t epoch, first_block;
  int64_t cols;
  float* dst;
  int64_t dst_stride;
  bool normal;
};

}  // namespace
}  // namespace isthmus
#endif

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if ISTHMUS_PLAIN_TARGET

void fill_noise(const NoiseCall& call) {
  for (int64_t r = 0; r < call.num_items; ++r) {
    const uint64_t item = static_cast<uint64_t>(call.items[r]);
    float* dst = call.dst + r * call.dst_stride;
    if (call.normal) {
      fill_normal(call.key, item, call.epoch, call.first_block, dst, call.cols);
    } else {
      fill_uniform(call.key, item, call.epoch, call.first_block, dst, call.cols);
    }
  }
}

#else

using FloatTag = hn::ScalableTag<float>;
using WordTag = hn::RebindToUnsigned<FloatTag>;
using IntTag = hn::RebindToSigned<FloatTag>;
using WordVec = hn::Vec<WordTag>;

struct Counters {
  WordVec c0, c1, c2, c3;
};

/// One round in every even lane; odd lanes hold anything.
HWY_INLINE Counters philox_round(const Counters& c, uint32_t k0, uint32_t k1) {
  const WordTag d;
  const auto p0 = hn::MulEven(c.c0, hn::Set(d, 0xD2511F53u));
  const auto p1 = hn::MulEven(c.c2, hn::Set(d, 0xCD9E8D57u));
  const auto high0 = hn::BitCast(d, hn::ShiftRight<32>(p0));
  const auto high1 = hn::BitCast(d, hn::ShiftRight<32>(p1));
  return {hn::Xor(high1, hn::Xor(c.c1, hn::Set(d, k0))), hn::BitCast(d, p1),
          hn::Xor(high0, hn::Xor(c.c3, hn::Set(d, k1))), hn::BitCast(d, p0)};
}

HWY_INLINE Counters philox(RngKey key, Counters c) {
  const WordTag d;
  const hn::RepartitionToWide<WordTag> dd;
  const auto down = [&](WordVec v) {
    return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(dd, v)));
  };
  const auto joined = [&](WordVec odd, WordVec even) {
    return hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(hn::BitCast(dd, odd))), even);
  };
  Counters odd = {down(c.c0), down(c.c1), down(c.c2), down(c.c3)};
  uint32_t k0 = key.low, k1 = key.high;
  for (int round = 0; round < 10; ++round) {
    c = philox_round(c, k0, k1);
    odd = philox_round(odd, k0, k1);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {joined(odd.c0, c.c0), joined(odd.c1, c.c1), joined(odd.c2, c.c2), joined(odd.c3, c.c3)};
}

HWY_INLINE FloatVec uniform_of(WordVec words) {
  const FloatTag d;
  const auto whole = hn::ConvertTo(d, hn::BitCast(IntTag(), hn::ShiftRight<9>(words)));
  return hn::MulAdd(whole, hn::Set(d, 0x1p-23f), hn::Set(d, 0x1p-24f));  // exact
}

/// recipe_log, lane by lane.
HWY_INLINE FloatVec log_by_recipe(FloatVec x) {
  const FloatTag d;
  const IntTag di;
  const auto bits = hn::BitCast(di, x);
  const auto exponent =
      hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, static_cast<int32_t>(kSqrtHalfBits))));
  const auto m = hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(exponent)));
  const auto e = hn::ConvertTo(d, exponent);
  const auto f = hn::Sub(m, hn::Set(d, 1.0f));
  auto p = hn::Set(d, kLogCoefficients[0]);
  for (size_t i = 1; i < kLogCoefficients.size(); ++i) {
    p = hn::MulAdd(p, f, hn::Set(d, kLogCoefficients[i]));
  }
  const auto f2 = hn::Mul(f, f);
  auto y = hn::Mul(hn::Mul(f2, f), p);
  y = hn::MulAdd(e, hn::Set(d, kLn2Low), y);
  y = hn::MulAdd(hn::Set(d, -0.5f), f2, y);
  return hn::MulAdd(e, hn::Set(d, kLn2High), hn::Add(f, y));
}

struct VectorSinCos {
  FloatVec sin, cos;
};
/// recipe_sin_cos, lane by lane.
HWY_INLINE VectorSinCos sin_cos_by_recipe(FloatVec u) {
  const FloatTag d;
  const IntTag di;
  const auto t = hn::Mul(u, hn::Set(d, 4.0f));
  const auto quarter = hn::ConvertTo(di, hn::Add(t, hn::Set(d, 0.5f)));
  const auto r = hn::Sub(t, hn::ConvertTo(d, quarter));
  const auto z = hn::Mul(r, r);
  auto s = hn::Set(d, kSinCoefficients[0]);
  auto c = hn::Set(d, kCosCoefficients[0]);
  for (size_t i = 1; i < kSinCoefficients.size(); ++i) {
    s = hn::MulAdd(s, z, hn::Set(d, kSinCoefficients[i]));
    c = hn::MulAdd(c, z, hn::Set(d, kCosCoefficients[i]));
  }
  s = hn::Mul(r, s);
  c = hn::MulAdd(c, z, hn::Set(d, 1.0f));
  const auto one = hn::Set(di, 1), two = hn::Set(di, 2);
  const auto odd = hn::RebindMask(d, hn::TestBit(quarter, one));
  const auto sin_sign = hn::ShiftLeft<30>(hn::And(quarter, two));
  const auto cos_sign = hn::ShiftLeft<30>(hn::And(hn::Add(quarter, one), two));
  return {hn::Xor(hn::IfThenElse(odd, c, s), hn::BitCast(d, sin_sign)),
          hn::Xor(hn::IfThenElse(odd, s, c), hn::BitCast(d, cos_sign))};
}

struct NormalPair {
  FloatVec first, second;
};
HWY_INLINE NormalPair normals_of(WordVec a, WordVec b) {
  const FloatTag d;
  const auto log = log_by_recipe(uniform_of(a));
  const auto radius = hn::Sqrt(hn::Mul(hn::Set(d, -2.0f), log));
  const auto turn = sin_cos_by_recipe(uniform_of(b));
  return {hn::Mul(radius, turn.cos), hn::Mul(radius, turn.sin)};
}

constexpr size_t kLanes = hn::MaxLanes(FloatTag());

/// Counters of kLanes consecutive (item, block) places, as they lie in memory.
struct Places {
  HWY_ALIGN uint32_t low[kLanes];
  HWY_ALIGN uint32_t high[kLanes];
  HWY_ALIGN uint32_t block[kLanes];
};

/// The four draws of each place, one place after the other.
HWY_INLINE void draw(const NoiseCall& call, WordVec low, WordVec high, WordVec block,
                     float* values) {
  const FloatTag d;
  const Counters words = philox(call.key, {low, high, hn::Set(WordTag(), call.epoch), block});
  if (call.normal) {
    const NormalPair a = normals_of(words.c0, words.c1), b = normals_of(words.c2, words.c3);
    hn::StoreInterleaved4(a.first, a.second, b.first, b.second, d, values);
  } else {
    hn::StoreInterleaved4(uniform_of(words.c0), uniform_of(words.c1), uniform_of(words.c2),
                          uniform_of(words.c3), d, values);
  }
}

void fill_noise(const NoiseCall& call) {
  const int64_t blocks = (call.cols + 3) / 4;
  const WordTag dw;
  const auto lanes = static_cast<int64_t>(kLanes);
  int64_t row = 0, block = 0;
  while (row < call.num_items && blocks > 0) {
    // As many places as there are lanes, side by side in one row.
    for (; 4 * (block + lanes) <= call.cols; block += lanes) {
      const uint64_t item = static_cast<uint64_t>(call.items[row]);
      draw(call, hn::Set(dw, static_cast<uint32_t>(item)),
           hn::Set(dw, static_cast<uint32_t>(item >> 32)),
           hn::Iota(dw, call.first_block + static_cast<uint32_t>(block)),
           call.dst + row * call.dst_stride + 4 * block);
    }
    if (block == blocks) {
      block = 0;
      ++row;
      continue;
    }
    Places places = {};
    float* to[kLanes];
    size_t widths[kLanes];
    size_t count = 0;
    for (; count < kLanes && row < call.num_items; ++count) {
      const uint64_t item = static_cast<uint64_t>(call.items[row]);
      places.low[count] = static_cast<uint32_t>(item);
      places.high[count] = static_cast<uint32_t>(item >> 32);
      places.block[count] = call.first_block + static_cast<uint32_t>(block);
      to[count] = call.dst + row * call.dst_stride + 4 * block;
      const int64_t left = call.cols - 4 * block;
      widths[count] = static_cast<size_t>(left < 4 ? left : 4);
      if (++block == blocks) {
        block = 0;
        ++row;
      }
    }
    HWY_ALIGN float values[4 * kLanes];
    draw(call, hn::Load(dw, places.low), hn::Load(dw, places.high), hn::Load(dw, places.block),
         values);
    for (size_t i = 0; i < count; ++i) {
      if (widths[i] == 4) {
        std::memcpy(to[i], values + 4 * i, 4 * sizeof(float));
      } else {
        for (size_t j = 0; j < widths[i]; ++j) to[i][j] = values[4 * i + j];
      }
    }
  }
}

#endif

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(fill_noise);

void fill_normal_rows(RngKey key, const int64_t* items, int64_t num_items, uint32_t epoch,
                      uint32_t first_block, int64_t cols, float* dst, int64_t dst_stride) noexcept {
  HWY_DYNAMIC_DISPATCH(fill_noise)
  ({key, items, num_items, epoch, first_block, cols, dst, dst_stride, true});
}
void fill_uniform_rows(RngKey key, const int64_t* items, int64_t num_items, uint32_t epoch,
                       uint32_t first_block, int64_t cols, float* dst,
                       int64_t dst_stride) noexcept {
  HWY_DYNAMIC_DISPATCH(fill_noise)
  ({key, items, num_items, epoch, first_block, cols, dst, dst_stride, false});
}

}  // namespace isthmus
#endif
