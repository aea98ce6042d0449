// SPDX-License-Identifier: Apache-2.0
// The loop of all elementwise kernels: rows of vectors, an operation in the middle.
//
// An operation is a struct with kInputs and apply(d, attributes, vectors...). A value that is the
// same for a whole row is spread once into a small buffer that each step loads again, so one loop
// serves all forms of operands. Operands that lie dense are walked as one long row.
// Included inside Highway's per-target compilation (hence no #pragma once).
#if defined(ISTHMUS_ELEMENTWISE_ROWS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ISTHMUS_ELEMENTWISE_ROWS_H_
#undef ISTHMUS_ELEMENTWISE_ROWS_H_
#else
#define ISTHMUS_ELEMENTWISE_ROWS_H_
#endif

#include "isthmus/cpu/kernels/elementwise.h"
#include "isthmus/cpu/kernels/vector_math.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct Attributes {
  float first = 0, second = 0;
};

/// Where a row's vectors come from: data, data + step, data + 2 step, ...
struct RowInput {
  const float* data = nullptr;
  size_t step = 0;
};

template <class Op>
HWY_INLINE FloatVec apply_to(const Attributes& k, const FloatVec* v) {
  const hn::ScalableTag<float> d;
  if constexpr (Op::kInputs == 1) return Op::apply(d, k, v[0]);
  if constexpr (Op::kInputs == 2) return Op::apply(d, k, v[0], v[1]);
  if constexpr (Op::kInputs == 3) return Op::apply(d, k, v[0], v[1], v[2]);
}

template <class Op>
HWY_INLINE void elementwise_row(const Attributes& k, const RowInput* in, float* dst, size_t cols) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const float* p[3] = {in[0].data, in[1].data, in[2].data};
  FloatVec v[Op::kInputs];
  size_t c = 0;
  for (; c + lanes <= cols; c += lanes) {
    for (int i = 0; i < Op::kInputs; ++i) {
      v[i] = hn::LoadU(d, p[i]);
      p[i] += in[i].step;
    }
    hn::StoreU(apply_to<Op>(k, v), d, dst + c);
  }
  if (c == cols) return;
  for (int i = 0; i < Op::kInputs; ++i) v[i] = load_partial(d, p[i], cols - c);
  store_partial(apply_to<Op>(k, v), d, dst + c, cols - c);
}

template <class Op>
void elementwise_kernel(const ElementwiseCall& call) noexcept {
  const hn::ScalableTag<float> d;
  HWY_ALIGN float spread[3][hn::MaxLanes(hn::ScalableTag<float>())];
  const ElementwiseCall c = as_few_rows(call, Op::kInputs);
  const Attributes attributes = {c.attr[0], c.attr[1]};
  for (int64_t r = 0; r < c.rows; ++r) {
    RowInput in[3];
    for (int i = 0; i < Op::kInputs; ++i) {
      const Operand& o = c.in[i];
      const float* row = o.data + (o.row_repeat == 1 ? r : r / o.row_repeat) * o.row_stride;
      in[i] = {row, hn::Lanes(d)};
      if (o.col_stride == 0) {
        hn::Store(hn::Set(d, *row), d, spread[i]);
        in[i] = {spread[i], 0};
      }
    }
    elementwise_row<Op>(attributes, in, c.dst + r * c.dst_stride, static_cast<size_t>(c.cols));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

// Defines an operation of one, two or three vectors by an expression of d, k, and a, b, c.
#undef ISTHMUS_OP1
#define ISTHMUS_OP1(Name, expression)                                           \
  struct Name {                                                                 \
    static constexpr int kInputs = 1;                                           \
    template <class D, class V>                                                 \
    static HWY_INLINE V apply(D d, [[maybe_unused]] const Attributes& k, V a) { \
      (void)d;                                                                  \
      return expression;                                                        \
    }                                                                           \
  }
#undef ISTHMUS_OP2
#define ISTHMUS_OP2(Name, expression)                                                \
  struct Name {                                                                      \
    static constexpr int kInputs = 2;                                                \
    template <class D, class V>                                                      \
    static HWY_INLINE V apply(D d, [[maybe_unused]] const Attributes& k, V a, V b) { \
      (void)d;                                                                       \
      return expression;                                                             \
    }                                                                                \
  }
#undef ISTHMUS_OP3
#define ISTHMUS_OP3(Name, expression)                                                     \
  struct Name {                                                                           \
    static constexpr int kInputs = 3;                                                     \
    template <class D, class V>                                                           \
    static HWY_INLINE V apply(D d, [[maybe_unused]] const Attributes& k, V a, V b, V c) { \
      (void)d;                                                                            \
      return expression;                                                                  \
    }                                                                                     \
  }

#endif  // per-target include guard
