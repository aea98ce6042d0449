// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels of one input. Each line is one op: its name in the graph and its vector
// expression; the loop is in elementwise_rows.h, the functions in vector_math.h.
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/elementwise_unary.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/elementwise_rows.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

ISTHMUS_OP1(Neg, hn::Neg(a));
ISTHMUS_OP1(Exp, vector_exp(d, a));
ISTHMUS_OP1(Log, vector_log(d, a));
ISTHMUS_OP1(Log1p, vector_log1p(d, a));
ISTHMUS_OP1(Expm1, vector_expm1(d, a));
ISTHMUS_OP1(Sqrt, hn::Sqrt(a));
ISTHMUS_OP1(Abs, hn::Abs(a));
ISTHMUS_OP1(Square, hn::Mul(a, a));
ISTHMUS_OP1(Reciprocal, hn::Div(hn::Set(d, 1.0f), a));
ISTHMUS_OP1(Tanh, vector_tanh(d, a));
ISTHMUS_OP1(Sigmoid, vector_sigmoid(d, a));
ISTHMUS_OP1(Softplus, vector_softplus(d, a));
ISTHMUS_OP1(Relu, at_least(d, a, 0.0f));
ISTHMUS_OP1(Gelu, vector_gelu(d, a));
ISTHMUS_OP1(Silu, hn::Mul(a, vector_sigmoid(d, a)));
ISTHMUS_OP1(Erf, vector_erf(d, a));
ISTHMUS_OP1(Copy, a);
ISTHMUS_OP1(Clamp, at_most(d, at_least(d, a, k.first), k.second));

template <class D, class V>
HWY_INLINE V sign_of(D d, V x) {
  const V zero = hn::Zero(d);
  const V positive = hn::IfThenElseZero(hn::Gt(x, zero), hn::Set(d, 1.0f));
  return hn::IfThenElse(hn::Lt(x, zero), hn::Set(d, -1.0f), positive);
}
ISTHMUS_OP1(Sign, sign_of(d, a));

/// x above 0, `otherwise` at and below.
template <class D, class V>
HWY_INLINE V if_positive(D d, V x, V otherwise) {
  return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, otherwise);
}
ISTHMUS_OP1(LeakyRelu, if_positive(d, a, hn::Mul(a, hn::Set(d, k.first))));
ISTHMUS_OP1(Elu, if_positive(d, a, hn::Mul(vector_expm1(d, a), hn::Set(d, k.first))));

/// Identity up to 10, then bends towards 15.
template <class D, class V>
HWY_INLINE V soft_bound_of(D d, V x) {
  const V ten = hn::Set(d, 10.0f);
  const V excess = hn::Sub(hn::Abs(x), ten);
  const V bend = vector_expm1(d, hn::Mul(at_least(d, excess, 0.0f), hn::Set(d, -0.2f)));
  const V bounded = hn::NegMulAdd(bend, hn::Set(d, 5.0f), ten);
  return hn::IfThenElse(hn::Gt(excess, hn::Zero(d)), hn::CopySign(bounded, x), x);
}
ISTHMUS_OP1(SoftBound, soft_bound_of(d, a));

std::span<const NamedKernel> unary_table() {
  static constexpr NamedKernel kTable[] = {
      {"neg", elementwise_kernel<Neg>},
      {"exp", elementwise_kernel<Exp>},
      {"log", elementwise_kernel<Log>},
      {"log1p", elementwise_kernel<Log1p>},
      {"expm1", elementwise_kernel<Expm1>},
      {"sqrt", elementwise_kernel<Sqrt>},
      {"abs", elementwise_kernel<Abs>},
      {"sign", elementwise_kernel<Sign>},
      {"square", elementwise_kernel<Square>},
      {"reciprocal", elementwise_kernel<Reciprocal>},
      {"tanh", elementwise_kernel<Tanh>},
      {"sigmoid", elementwise_kernel<Sigmoid>},
      {"softplus", elementwise_kernel<Softplus>},
      {"relu", elementwise_kernel<Relu>},
      {"leaky_relu", elementwise_kernel<LeakyRelu>},
      {"gelu", elementwise_kernel<Gelu>},
      {"silu", elementwise_kernel<Silu>},
      {"elu", elementwise_kernel<Elu>},
      {"clamp", elementwise_kernel<Clamp>},
      {"erf", elementwise_kernel<Erf>},
      {"soft_bound", elementwise_kernel<SoftBound>},
      {"stop_gradient", elementwise_kernel<Copy>},
      {"straight_through", elementwise_kernel<Copy>},
  };
  return kTable;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(unary_table);
std::span<const NamedKernel> elementwise_unary_kernels() {
  return HWY_DYNAMIC_DISPATCH(unary_table)();
}

}  // namespace isthmus
#endif
