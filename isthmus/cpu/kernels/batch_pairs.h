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
  const float* values = nullptr;   // of the second factor, as transpose_tile() leaves them
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
      use(PairTile{i, j, count, call.scratch, squares});
    }
  }
}

/// A vector of partial sums for each value k of each row of a call: begin, add tiles, finish.
class DifferenceSums {
 public:
  explicit DifferenceSums(const BatchCall& call)
      : cols_(call.cols), first_(call.first), sums_(call.scratch + kPairTile * call.cols) {
    std::fill_n(sums_, (call.end - call.first) * cols_ * lanes(), 0.0f);
  }

  /// For each k the sum over the tile's rows j of weights[j] (b_j[k] - a[k]); `tile` as
  /// transpose_tile() leaves it, weights 0 behind its rows.
  void add(const float* a, const float* tile, const float* weights, int64_t row) {
    const FloatTag d;
    for (int64_t k = 0; k < cols_; ++k) {
      const auto x = hn::Set(d, a[k]);
      float* const at = sums_ + ((row - first_) * cols_ + k) * lanes();
      auto s0 = hn::LoadU(d, at), s1 = hn::Zero(d);
      for (int64_t j = 0; j < kPairTile; j += 2 * lanes()) {
        const float* y = tile + k * kPairTile + j;
        s0 = hn::MulAdd(hn::LoadU(d, weights + j), hn::Sub(hn::LoadU(d, y), x), s0);
        s1 = hn::MulAdd(hn::LoadU(d, weights + j + lanes()), hn::Sub(hn::LoadU(d, y + lanes()), x),
                        s1);
      }
      hn::StoreU(hn::Add(s0, s1), d, at);
    }
  }

  /// dst[k] += the sums of a row.
  void finish(int64_t row, float* dst) const {
    const FloatTag d;
    for (int64_t k = 0; k < cols_; ++k) {
      const auto sum = hn::LoadU(d, sums_ + ((row - first_) * cols_ + k) * lanes());
      dst[k] += hn::GetLane(hn::SumOfLanes(d, sum));
    }
  }

 private:
  static int64_t lanes() { return static_cast<int64_t>(hn::Lanes(FloatTag())); }
  int64_t cols_, first_;
  float* sums_;
};

/// One value per row of the tile, zeros behind.
inline void load_factors(const BatchCall::Input& in, const PairTile& t, float* factors) {
  for (int64_t j = 0; j < t.count; ++j) factors[j] = in.data[(t.tile_row + j) * in.stride];
  std::fill(factors + t.count, factors + kPairTile, 0.0f);
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
