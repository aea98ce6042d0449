// SPDX-License-Identifier: Apache-2.0
// All pairs of rows of two values: the rows of a task, a lane each, against all rows of the other
// value, kPairGroup at a time; squared distances and sums of weighted differences. The sums of a
// row are those of its lane, in the order of the other rows: however the work is cut.
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

inline constexpr int kTogether = 4;  // vectors of rows that are computed side by side
inline constexpr int kPartners = 4;  // rows of the other value at a time
using Together = FloatVec[kTogether];
inline int64_t vector_lanes() { return static_cast<int64_t>(hn::Lanes(FloatTag())); }
/// Rows of the task that are computed side by side.
inline int64_t rows_together() { return kTogether * vector_lanes(); }
HWY_INLINE void load_together(const float* from, Together& to) {
  for (int u = 0; u < kTogether; ++u) to[u] = hn::LoadU(FloatTag(), from + u * vector_lanes());
}

/// Rows [first, first + count) of the other value.
struct PairGroup {
  int64_t first = 0, count = 0;
  /// From row j of the group to row i of the task: [j * kPairRows + i], for all kPairGroup rows;
  /// infinity beyond `count` and where a pair is left out.
  const float* squares = nullptr;
};

/// The rows of a task, and what they are summed up with: [k * kPairRows + i].
class PairTask {
 public:
  /// Reads the rows of `a`, and those of `b` when they are visited.
  PairTask(const BatchCall& call, const BatchCall::Input& a, const BatchCall::Input& b)
      : call_(call), b_(b), rows_(call.scratch), sums_(call.scratch + kPairRows * call.cols) {
    for (int64_t k = 0; k < call.cols; ++k) {
      for (int64_t i = call.first; i < call.end; ++i) {
        rows_[k * kPairRows + i - call.first] = a.data[i * a.stride + k];
      }
      std::fill(rows_ + k * kPairRows + count(), rows_ + (k + 1) * kPairRows, 0.0f);
    }
    std::fill_n(sums_, call.cols * kPairRows, 0.0f);
  }

  /// use(PairGroup) for all rows of b.
  template <class Use>
  void visit(Use use) const {
    HWY_ALIGN float squares[kPairGroup * kPairRows] = {};
    constexpr float kFar = std::numeric_limits<float>::infinity();
    const int64_t begin = call_.halved ? call_.first / kPairGroup * kPairGroup : 0;
    for (int64_t j = begin; j < call_.batch_rows; j += kPairGroup) {
      const int64_t found = std::min(kPairGroup, call_.batch_rows - j);
      for (int64_t g = 0; g < kPairGroup; g += kPartners) {
        for (int64_t i = 0; i < count(); i += rows_together()) {
          squared_distances(j + g, i, squares + g * kPairRows + i);
        }
      }
      std::fill(squares + found * kPairRows, squares + kPairGroup * kPairRows, kFar);
      for (int64_t g = 0; g < found; ++g) {
        const int64_t self = j + g - call_.first;
        float* const of_one = squares + g * kPairRows;
        if (call_.halved) {
          std::fill(of_one + std::clamp<int64_t>(self, 0, count()), of_one + count(), kFar);
        } else if (call_.exclude_self && self >= 0 && self < count()) {
          of_one[self] = kFar;
        }
      }
      use(PairGroup{j, found, squares});
    }
  }

  /// Adds, to each row i, weights[j * kPairRows + i] (b_j - a_i) for the rows j of a group.
  void add_differences(const PairGroup& group, const float* weights) {
    for (int64_t g = 0; g < group.count; g += kPartners) {
      for (int64_t i = 0; i < count(); i += rows_together()) {
        add_differences(group.first + g, i, weights + g * kPairRows + i);
      }
    }
  }

  /// dst[k] of each row += its sums.
  void finish(float* dst) const {
    for (int64_t i = call_.first; i < call_.end; ++i) {
      for (int64_t k = 0; k < call_.cols; ++k) {
        dst[i * call_.dst_stride + k] += sums_[k * kPairRows + i - call_.first];
      }
    }
  }

 private:
  int64_t count() const { return call_.end - call_.first; }

  /// Rows j, j + 1, ... of b; beyond the batch its last.
  void find_partners(int64_t j, const float* (&partners)[kPartners]) const {
    for (int p = 0; p < kPartners; ++p) {
      partners[p] = b_.data + std::min(j + p, call_.batch_rows - 1) * b_.stride;
    }
  }

  void squared_distances(int64_t j, int64_t i, float* squares) const {
    const FloatTag d;
    const float* partners[kPartners];
    find_partners(j, partners);
    Together sums[kPartners];
    for (Together& of_one : sums) {
      for (FloatVec& sum : of_one) sum = hn::Zero(d);
    }
    for (int64_t k = 0; k < call_.cols; ++k) {
      Together a;
      load_together(rows_ + k * kPairRows + i, a);
      for (int p = 0; p < kPartners; ++p) {
        const auto y = hn::Set(d, partners[p][k]);
        for (int u = 0; u < kTogether; ++u) {
          const auto difference = hn::Sub(y, a[u]);
          sums[p][u] = hn::MulAdd(difference, difference, sums[p][u]);
        }
      }
    }
    for (int p = 0; p < kPartners; ++p) {
      for (int u = 0; u < kTogether; ++u) {
        hn::StoreU(sums[p][u], d, squares + p * kPairRows + u * vector_lanes());
      }
    }
  }

  void add_differences(int64_t j, int64_t i, const float* weights) {
    const FloatTag d;
    const float* partners[kPartners];
    find_partners(j, partners);
    Together factors[kPartners];
    for (int p = 0; p < kPartners; ++p) load_together(weights + p * kPairRows, factors[p]);
    for (int64_t k = 0; k < call_.cols; ++k) {
      float* const at = sums_ + k * kPairRows + i;
      Together a, sums;
      load_together(rows_ + k * kPairRows + i, a);
      load_together(at, sums);
      for (int p = 0; p < kPartners; ++p) {
        const auto y = hn::Set(d, partners[p][k]);
        for (int u = 0; u < kTogether; ++u) {
          sums[u] = hn::MulAdd(factors[p][u], hn::Sub(y, a[u]), sums[u]);
        }
      }
      for (int u = 0; u < kTogether; ++u) hn::StoreU(sums[u], d, at + u * vector_lanes());
    }
  }

  const BatchCall& call_;
  const BatchCall::Input& b_;
  float* rows_;
  float* sums_;
};

/// One value per row of the task, zeros behind.
inline void load_own(const BatchCall& call, const BatchCall::Input& in, float* values) {
  for (int64_t i = call.first; i < call.end; ++i) values[i - call.first] = in.data[i * in.stride];
  std::fill(values + (call.end - call.first), values + kPairRows, 0.0f);
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
