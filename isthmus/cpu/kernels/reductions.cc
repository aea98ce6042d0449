// SPDX-License-Identifier: Apache-2.0
// Reductions over rows and columns: sums, log-sum-exp, softmax. The order of additions depends on
// the number of columns (rows for column_sum) and on the instruction set alone.
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/reductions.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/vector_math.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;

float sum_of(const float* row, size_t cols) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
  size_t c = 0;
  for (; c + 4 * lanes <= cols; c += 4 * lanes) {
    s0 = hn::Add(s0, hn::LoadU(d, row + c));
    s1 = hn::Add(s1, hn::LoadU(d, row + c + lanes));
    s2 = hn::Add(s2, hn::LoadU(d, row + c + 2 * lanes));
    s3 = hn::Add(s3, hn::LoadU(d, row + c + 3 * lanes));
  }
  for (; c + lanes <= cols; c += lanes) s0 = hn::Add(s0, hn::LoadU(d, row + c));
  if (c < cols) s1 = hn::Add(s1, load_partial(d, row + c, cols - c));
  const auto sum = hn::Add(hn::Add(s0, s1), hn::Add(s2, s3));
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

void row_sums(const RowCall& call) {
  const size_t cols = static_cast<size_t>(call.cols);
  for (int64_t r = 0; r < call.rows; ++r) {
    call.dst[r * call.dst_stride] = sum_of(call.src + r * call.src_stride, cols);
  }
}

/// The largest value of a row, or 0 if that is not finite: what may be subtracted before exp.
float shift_of(const float* row, size_t cols) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const auto lowest = hn::Neg(hn::Inf(d));
  auto largest = lowest;
  size_t c = 0;
  for (; c + lanes <= cols; c += lanes) largest = hn::Max(largest, hn::LoadU(d, row + c));
  if (c < cols) {
    const auto tail = load_partial(d, row + c, cols - c);
    largest = hn::Max(largest, hn::IfThenElse(hn::FirstN(d, cols - c), tail, lowest));
  }
  const auto shift = hn::MaxOfLanes(d, largest);
  return hn::GetLane(hn::IfThenElseZero(hn::IsFinite(shift), shift));
}

float logsumexp_of(const float* row, size_t cols) {
  const FloatTag d;
  const DoubleTag dd;
  const size_t lanes = hn::Lanes(d);
  const float shift = shift_of(row, cols);
  const auto shifts = hn::Set(d, shift);
  auto low = hn::Zero(dd), high = hn::Zero(dd);
  size_t c = 0;
  for (; c < cols; c += lanes) {
    const bool whole = c + lanes <= cols;
    const auto x = whole ? hn::LoadU(d, row + c) : load_partial(d, row + c, cols - c);
    auto e = vector_exp(d, hn::Sub(x, shifts));
    if (!whole) e = hn::IfThenElseZero(hn::FirstN(d, cols - c), e);
    const auto terms = to_double(e);
    low = hn::Add(low, terms.low);
    high = hn::Add(high, terms.high);
  }
  // The largest value adds exactly 1: log1p of the rest keeps small sums exact.
  const double sum = hn::GetLane(hn::SumOfLanes(dd, hn::Add(low, high)));
  const float above_one = static_cast<float>(sum - 1.0);
  return shift + hn::GetLane(vector_log1p(d, hn::Set(d, above_one)));
}

void row_logsumexps(const RowCall& call) {
  const size_t cols = static_cast<size_t>(call.cols);
  for (int64_t r = 0; r < call.rows; ++r) {
    call.dst[r * call.dst_stride] = logsumexp_of(call.src + r * call.src_stride, cols);
  }
}

void softmax_of(const float* row, float* dst, size_t cols) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const auto shifts = hn::Set(d, shift_of(row, cols));
  auto sums = hn::Zero(d);
  size_t c = 0;
  for (; c + lanes <= cols; c += lanes) {
    const auto e = vector_exp(d, hn::Sub(hn::LoadU(d, row + c), shifts));
    sums = hn::Add(sums, e);
    hn::StoreU(e, d, dst + c);
  }
  if (c < cols) {
    const auto e = vector_exp(d, hn::Sub(load_partial(d, row + c, cols - c), shifts));
    sums = hn::Add(sums, hn::IfThenElseZero(hn::FirstN(d, cols - c), e));
    store_partial(e, d, dst + c, cols - c);
  }
  const auto factor = hn::Div(hn::Set(d, 1.0f), hn::SumOfLanes(d, sums));
  for (c = 0; c + lanes <= cols; c += lanes) {
    hn::StoreU(hn::Mul(hn::LoadU(d, dst + c), factor), d, dst + c);
  }
  if (c < cols) {
    const auto e = load_partial(d, dst + c, cols - c);
    store_partial(hn::Mul(e, factor), d, dst + c, cols - c);
  }
}

void row_softmaxes(const RowCall& call) {
  const size_t cols = static_cast<size_t>(call.cols);
  for (int64_t r = 0; r < call.rows; ++r) {
    softmax_of(call.src + r * call.src_stride, call.dst + r * call.dst_stride, cols);
  }
}

void column_sums(const float* src, int64_t src_stride, int64_t rows, int64_t cols, bool accumulate,
                 float* dst) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const size_t count = static_cast<size_t>(cols);
  size_t c = 0;
  for (; c + 4 * lanes <= count; c += 4 * lanes) {
    auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
    if (accumulate) {
      s0 = hn::LoadU(d, dst + c);
      s1 = hn::LoadU(d, dst + c + lanes);
      s2 = hn::LoadU(d, dst + c + 2 * lanes);
      s3 = hn::LoadU(d, dst + c + 3 * lanes);
    }
    for (int64_t r = 0; r < rows; ++r) {
      const float* row = src + r * src_stride + c;
      s0 = hn::Add(s0, hn::LoadU(d, row));
      s1 = hn::Add(s1, hn::LoadU(d, row + lanes));
      s2 = hn::Add(s2, hn::LoadU(d, row + 2 * lanes));
      s3 = hn::Add(s3, hn::LoadU(d, row + 3 * lanes));
    }
    hn::StoreU(s0, d, dst + c);
    hn::StoreU(s1, d, dst + c + lanes);
    hn::StoreU(s2, d, dst + c + 2 * lanes);
    hn::StoreU(s3, d, dst + c + 3 * lanes);
  }
  for (; c < count; c += lanes) {
    const size_t width = count - c < lanes ? count - c : lanes;
    auto sum = accumulate ? load_partial(d, dst + c, width) : hn::Zero(d);
    for (int64_t r = 0; r < rows; ++r) {
      sum = hn::Add(sum, load_partial(d, src + r * src_stride + c, width));
    }
    store_partial(sum, d, dst + c, width);
  }
}

void add_vectors(float* a, const float* b, int64_t count) {
  const FloatTag d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, a + i);
  }
  if (i == count) return;
  const size_t rest = static_cast<size_t>(count - i);
  store_partial(hn::Add(load_partial(d, a + i, rest), load_partial(d, b + i, rest)), d, a + i,
                rest);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(row_sums);
HWY_EXPORT(row_logsumexps);
HWY_EXPORT(row_softmaxes);
HWY_EXPORT(column_sums);
HWY_EXPORT(add_vectors);

void row_sum(const RowCall& call) noexcept { HWY_DYNAMIC_DISPATCH(row_sums)(call); }
void row_logsumexp(const RowCall& call) noexcept { HWY_DYNAMIC_DISPATCH(row_logsumexps)(call); }
void row_softmax(const RowCall& call) noexcept { HWY_DYNAMIC_DISPATCH(row_softmaxes)(call); }
void column_sum(const float* src, int64_t src_stride, int64_t rows, int64_t cols, bool accumulate,
                float* dst) noexcept {
  HWY_DYNAMIC_DISPATCH(column_sums)(src, src_stride, rows, cols, accumulate, dst);
}
void add_into(float* a, const float* b, int64_t count) noexcept {
  HWY_DYNAMIC_DISPATCH(add_vectors)(a, b, count);
}

}  // namespace isthmus
#endif
