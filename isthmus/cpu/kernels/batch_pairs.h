// SPDX-License-Identifier: Apache-2.0
// All pairs of rows of two values: squared distances of one row to a tile of kPairTile rows, vector
// by vector, and sums of weighted differences. Tiles follow each other in the order of the rows, so
// the order of a sum depends on the batch and the instruction set alone.
// Included inside Highway's per-target compilation (hence no #pragma once).
#if defined(ISTHMUS_BATCH_PAIRS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ISTHMUS_BATCH_PAIRS_H_
#undef ISTHMUS_BATCH_PAIRS_H_
#else
#define ISTHMUS_BATCH_PAIRS_H_
#endif

#include <algorithm>
#include <limits>

#include "isthmus/cpu/kernels/batch.h"
#include "isthmus/cpu/kernels/vector_math.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;

/// Rows [tile_row, tile_row + count) of the second factor against row `row` of the first.
struct PairTile {
  int64_t row = 0, tile_row = 0, count = 0;
  const float* squares = nullptr;  // kPairTile; infinity beyond `count` and where a row is left out
};

/// Value k of row j at tile[k * kPairTile + j]; zeros behind `count`.
inline void transpose_tile(const float* rows, int64_t stride, int64_t count, int64_t cols,
                           float* tile) {
  for (int64_t k = 0; k < cols; ++k) {
    float* dst = tile + k * kPairTile;
    for (int64_t j = 0; j < count; ++j) dst[j] = rows[j * stride + k];
    std::fill(dst + count, dst + kPairTile, 0.0f);
  }
}

inline void squared_distances(const float* row, const float* tile, int64_t cols, float* squares) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t j = 0; j < kPairTile; j += 4 * lanes) {
    auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
    for (int64_t k = 0; k < cols; ++k) {
      const auto x = hn::Set(d, row[k]);
      const float* at = tile + k * kPairTile + j;
      const auto d0 = hn::Sub(x, hn::LoadU(d, at)), d1 = hn::Sub(x, hn::LoadU(d, at + lanes));
      const auto d2 = hn::Sub(x, hn::LoadU(d, at + 2 * lanes));
      const auto d3 = hn::Sub(x, hn::LoadU(d, at + 3 * lanes));
      s0 = hn::MulAdd(d0, d0, s0);
      s1 = hn::MulAdd(d1, d1, s1);
      s2 = hn::MulAdd(d2, d2, s2);
      s3 = hn::MulAdd(d3, d3, s3);
    }
    hn::StoreU(s0, d, squares + j);
    hn::StoreU(s1, d, squares + j + lanes);
    hn::StoreU(s2, d, squares + j + 2 * lanes);
    hn::StoreU(s3, d, squares + j + 3 * lanes);
  }
}

/// use(PairTile) for rows [call.first, call.end) of `a` against all rows of `b`, tile by tile.
template <class Use>
void visit_pairs(const BatchCall& call, const BatchCall::Input& a, const BatchCall::Input& b,
                 Use use) {
  HWY_ALIGN float squares[kPairTile];
  constexpr float kFar = std::numeric_limits<float>::infinity();
  for (int64_t j = 0; j < call.batch_rows; j += kPairTile) {
    const int64_t count = std::min(kPairTile, call.batch_rows - j);
    transpose_tile(b.data + j * b.stride, b.stride, count, call.cols, call.scratch);
    for (int64_t i = call.first; i < call.end; ++i) {
      squared_distances(a.data + i * a.stride, call.scratch, call.cols, squares);
      std::fill(squares + count, squares + kPairTile, kFar);
      if (call.exclude_self && i >= j && i < j + count) squares[i - j] = kFar;
      use(PairTile{i, j, count, squares});
    }
  }
}

/// dst[k] += sum over the tile's rows j of weights[j] (b_j[k] - a[k]): four sums over every fourth
/// row, added at the end.
inline void add_differences(const BatchCall& call, const BatchCall::Input& a,
                            const BatchCall::Input& b, const PairTile& t, const float* weights,
                            float* dst) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float* row = a.data + t.row * a.stride;
  for (int64_t k = 0; k < call.cols; k += lanes) {
    const auto width = static_cast<size_t>(std::min(lanes, call.cols - k));
    const auto x = load_partial(d, row + k, width);
    const auto term = [&](int64_t j, hn::Vec<FloatTag> sum) {
      const auto y = load_partial(d, b.data + (t.tile_row + j) * b.stride + k, width);
      return hn::MulAdd(hn::Set(d, weights[j]), hn::Sub(y, x), sum);
    };
    auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
    int64_t j = 0;
    for (; j + 4 <= t.count; j += 4) {
      s0 = term(j, s0);
      s1 = term(j + 1, s1);
      s2 = term(j + 2, s2);
      s3 = term(j + 3, s3);
    }
    for (; j < t.count; ++j) s0 = term(j, s0);
    const auto sum = hn::Add(hn::Add(s0, s1), hn::Add(s2, s3));
    store_partial(hn::Add(load_partial(d, dst + k, width), sum), d, dst + k, width);
  }
}

/// One value per row of the tile, zeros behind.
inline void load_factors(const BatchCall::Input& in, const PairTile& t, float* factors) {
  for (int64_t j = 0; j < t.count; ++j) factors[j] = in.data[(t.tile_row + j) * in.stride];
  std::fill(factors + t.count, factors + kPairTile, 0.0f);
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
