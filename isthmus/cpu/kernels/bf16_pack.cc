// SPDX-License-Identifier: Apache-2.0
// Weights into the blocked, pair-interleaved bf16 layout of the matrix products, from either
// orientation of the float32 matrix. Runs behind the optimizer's update of a tile.
#include "isthmus/cpu/kernels/bf16_plain.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/bf16_pack.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/bf16_lanes.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if ISTHMUS_PLAIN_TARGET

void pack_blocks(const PackCall& call) { bf16_plain::pack(call); }

#else

constexpr int64_t kLanes = hn::MaxLanes(FloatTag());

/// Rows along n: one pair of rows k, k + 1 of one block; `cols` of them exist.
template <class Rounding>
HWY_INLINE void pack_pair_of_rows(const PackCall& p, int64_t k, const float* src, int64_t cols,
                                  uint16_t* dst) {
  const FloatTag d;
  const float* next = src + p.k_stride;
  int64_t n = 0;
  if (k + 1 < p.num_k) {
    const int64_t end = cols < p.block_n ? cols : p.block_n;
    for (; n + kLanes <= end; n += kLanes) {
      store_bf16(Rounding::pairs(hn::LoadU(d, src + n), hn::LoadU(d, next + n)), dst + 2 * n);
    }
  }
  const int64_t low = k < p.num_k ? cols : 0;
  const int64_t high = k + 1 < p.num_k ? cols : 0;
  for (; n < p.block_n; n += kLanes) {
    const WordVec words =
        Rounding::pairs(load_up_to(src + n, low - n), load_up_to(next + n, high - n));
    const int64_t width = p.block_n - n < kLanes ? p.block_n - n : kLanes;
    store_bf16_partial(words, dst + 2 * n, static_cast<size_t>(2 * width));
  }
}

template <class Rounding>
void pack_along_n(const PackCall& p) {
  for (int64_t b = p.first_block; b < p.end_block; ++b) {
    const int64_t n = b * p.block_n;
    for (int64_t k = p.first_k; k < p.end_k; k += 2) {
      uint16_t* dst = p.dst + b * p.block_stride + k * p.block_n;
      pack_pair_of_rows<Rounding>(p, k, p.src + k * p.k_stride + n, p.num_n - n, dst);
    }
  }
}

/// Rows along k: four columns n, 2 kLanes values of k each, as words of pairs, transposed.
template <class Rounding>
HWY_INLINE void load_four_columns(const PackCall& p, int64_t k, int64_t n, WordVec (&v)[4]) {
  const FloatTag d;
  const bool whole = k + 2 * kLanes <= p.num_k && n + 4 <= p.num_n;
  for (int64_t i = 0; i < 4; ++i) {
    const float* src = p.src + k + (n + i) * p.n_stride;
    const int64_t count = n + i < p.num_n ? p.num_k - k : 0;
    const FloatVec a = whole ? hn::LoadU(d, src) : load_up_to(src, count);
    const FloatVec b =
        whole ? hn::LoadU(d, src + kLanes) : load_up_to(src + kLanes, count - kLanes);
    v[i] = Rounding::row(a, b);
  }
  transpose_blocks(v);
}

/// The slow form for edges: `pairs` pairs of k, `width` <= 4 columns.
void store_edge(const WordVec (&v)[4], int64_t pairs, int64_t width, uint16_t* dst,
                int64_t pair_stride) {
  HWY_ALIGN uint32_t words[4 * kLanes];
  for (int64_t j = 0; j < 4; ++j) hn::Store(v[j], WordTag(), words + j * kLanes);
  for (int64_t k = 0; k < pairs; ++k) {
    const uint32_t* block = words + (k % 4) * kLanes + (k / 4) * 4;
    std::memcpy(dst + k * pair_stride, block, static_cast<size_t>(width) * sizeof(uint32_t));
  }
}

template <class Rounding>
void pack_along_k(const PackCall& p) {
  const int64_t pair_stride = 2 * p.block_n;
  for (int64_t b = p.first_block; b < p.end_block; ++b) {
    for (int64_t k = p.first_k; k < p.end_k; k += 2 * kLanes) {
      for (int64_t i = 0; i < p.block_n; i += 4) {
        WordVec v[4];
        load_four_columns<Rounding>(p, k, b * p.block_n + i, v);
        uint16_t* dst = p.dst + b * p.block_stride + k * p.block_n + 2 * i;
        if (p.end_k - k >= 2 * kLanes && p.block_n - i >= 4) {
          for (int64_t j = 0; j < 4; ++j) {
            store_blocks(WordTag(), v[j], dst + j * pair_stride, 4 * pair_stride);
          }
        } else {
          const int64_t pairs = (p.end_k - k) / 2 < kLanes ? (p.end_k - k) / 2 : kLanes;
          store_edge(v, pairs, p.block_n - i < 4 ? p.block_n - i : 4, dst, pair_stride);
        }
      }
    }
  }
}

template <class Rounding>
void pack_blocks_by(const PackCall& call) {
  if (call.n_stride == 1) {
    pack_along_n<Rounding>(call);
  } else {
    pack_along_k<Rounding>(call);
  }
}

void pack_blocks(const PackCall& call) {
  const auto pack =
      has_avx512_bf16() ? pack_blocks_by<HardwareRounding> : pack_blocks_by<IntegerRounding>;
  pack(call);
}

#endif

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(pack_blocks);
void pack_bf16_pairs(const PackCall& call) noexcept { HWY_DYNAMIC_DISPATCH(pack_blocks)(call); }

}  // namespace isthmus
#endif
